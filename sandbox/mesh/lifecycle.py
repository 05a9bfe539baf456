"""Starts and stops the mesh of a sandbox whose network is attached.

istiod resolves its peers' east-west load balancers when it starts and then every 30 s at most: the region's
resolver has to answer before.
"""

from __future__ import annotations

import contextlib
import functools
import http
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sandbox import bringup
from sandbox.control_plane import wait_until
from sandbox.errors import SandboxError
from sandbox.host import Command, python_command
from sandbox.kube import Api
from sandbox.mesh import balancer_settings, charts, gateways, injection, istiod, pod_network
from sandbox.mesh.asking import ask
from sandbox.mesh.balancer_settings import Balancers
from sandbox.mesh.gateways import EAST_WEST, INGRESS, Gateway
from sandbox.moto import client
from sandbox.network import names, public_ca
from sandbox.network.namespace import Namespace, listening
from sandbox.network.plan import NetworkPlan, RegionNetwork
from sandbox.paths import SandboxPaths, write_atomic
from sandbox.processes import Processes
from sandbox.progress import Progress, Silent
from sandbox.state import SandboxState
from sandbox.tools import Tools, ensure

_ISTIOD_SECONDS = 60.0
_GATEWAY_SECONDS = 60.0
_BALANCER_SECONDS = 20.0


class Members(Protocol):
    """The namespaces of a sandbox by name."""

    def __getitem__(self, name: str, /) -> Namespace: ...


def balancers_name(region: str) -> str:
    return f"balancers-{region}"


def processes(regions: Iterable[str]) -> frozenset[str]:
    """The names of all processes of the mesh."""
    kinds = (INGRESS, EAST_WEST)
    found = {f"{kind}-{region}" for region in regions for kind in kinds}
    found |= {names.holder(f"{region}-{kind}") for region in regions for kind in kinds}
    return frozenset({*found, *map(istiod.process_name, regions), *map(balancers_name, regions)})


def start(
    state: SandboxState, plan: NetworkPlan, namespaces: Members, progress: Progress | None = None
) -> None:
    """Start what does not run of the mesh, and wait until each gateway has its configuration.

    Raises SandboxError when the regions are not deployed, or something does not become ready.
    """
    shown = progress or Silent()
    tools = ensure(charts.UNITS, shown)
    with ThreadPoolExecutor(max_workers=len(plan.regions)) as pool:
        work = [
            pool.submit(_Region(state, own, namespaces[name], tools, shown).start)
            for name, own in plan.regions.items()
        ]
        for future in work:
            future.result()


def stop(state: SandboxState, plan: NetworkPlan) -> None:
    """Stop the mesh; pods to come are no longer labelled as its own, and what istiod published is gone."""
    paths = SandboxPaths.of(state.id)
    running = Processes(paths)
    for name, own in plan.regions.items():
        running.stop(balancers_name(name))
        for gateway in gateways.gateways(own):
            gateways.stop(paths, gateway)
            running.stop(names.holder(pod_network.pod_namespace(paths, name, gateway.kind, "").name))
        running.stop(istiod.process_name(name))
        with contextlib.suppress(OSError):  # its API server may be what a drill has stopped
            api = bringup.access(state, name).api()
            injection.stop(api)
            istiod.forget(api)


def stop_gateway(state: SandboxState, plan: NetworkPlan, region: str, kind: str = INGRESS) -> bool:
    """End a gateway of a region at once, without a goodbye; whether it ran."""
    return gateways.stop(SandboxPaths.of(state.id), _gateway(plan, region, kind))


def start_gateway(
    state: SandboxState, plan: NetworkPlan, namespaces: Members, region: str, kind: str = INGRESS
) -> None:
    """Start a gateway of a region again, and wait until it is ready; one that runs is left alone."""
    gateway = _gateway(plan, region, kind)
    if Processes(SandboxPaths.of(state.id)).find(gateway.process) is not None:
        return
    tools = ensure(charts.UNITS)
    own = plan.regions[region]
    _Region(state, own, namespaces[region], tools, Silent()).start_gateways([gateway])


def _gateway(plan: NetworkPlan, region: str, kind: str) -> Gateway:
    return next(one for one in gateways.gateways(plan.regions[region]) if one.kind == kind)


@dataclass(frozen=True)
class _Region:
    """One region's part of the mesh."""

    state: SandboxState
    own: RegionNetwork
    namespace: Namespace
    tools: Tools
    progress: Progress

    def start(self) -> None:
        step = f"mesh {self.own.region}"
        self.progress.start(step, "istiod", self.paths.logs)
        try:
            injection.start(self.api)
            istiod.start(self.paths, self.access, self.namespace, self.deployed, self.tools)
            self._wait(
                istiod.process_name(self.own.region),
                "istiod is not ready",
                lambda: self._answers(self.namespace, self.own.address, istiod.HTTP_PORT, "/ready"),
                _ISTIOD_SECONDS,
            )
            self.progress.note(step, "gateways")
            self.start_gateways(gateways.gateways(self.own))
            self.progress.note(step, "load balancers")
            self._start_balancers()
        except BaseException:
            self.progress.fail(step)
            raise
        self.progress.done(step, "ready")

    @property
    def paths(self) -> SandboxPaths:
        return SandboxPaths.of(self.state.id)

    @functools.cached_property
    def access(self) -> bringup.ClusterAccess:
        return bringup.access(self.state, self.own.region)

    @property
    def api(self) -> Api:
        return self.access.api()

    @functools.cached_property
    def deployed(self) -> charts.Deployed:
        folder = self.paths.region(self.own.region) / "charts"
        return charts.deployed(self.api, self.access.kubeconfig, self.tools, folder)

    def start_gateways(self, which: Iterable[Gateway]) -> None:
        location = self.state.region(self.own.region).location
        region = gateways.Region(location, self.access, self.own, self.namespace)
        chosen = list(which)
        for gateway in chosen:
            injected = self.deployed.gateways.get(gateway.release)
            if injected is None:
                raise SandboxError(f"the release {gateway.release} is not deployed in {self.own.region}")
            gateways.start(self.paths, region, gateway, injected, self.tools)
        for gateway in chosen:
            self._wait(
                gateway.process,
                f"{gateway.kind} of {self.own.region} is not ready",
                functools.partial(self._configured, gateway),
                _GATEWAY_SECONDS,
            )

    def _configured(self, gateway: Gateway) -> bool:
        """Ready by its own account, and with the listeners and clusters of what is deployed."""
        inner = pod_network.pod_namespace(self.paths, self.own.region, gateway.kind, gateway.address)
        if not self._answers(inner, gateway.address, gateways.STATUS_PORT, "/healthz/ready"):
            return False
        listeners = ask(inner, "127.0.0.1", gateways.ADMIN_PORT, "/listeners")[1]
        clusters = ask(inner, "127.0.0.1", gateways.ADMIN_PORT, "/clusters")[1]
        ports = self._gateway_ports(gateway)
        return all(f":{port}\n" in f"{listeners}\n" for port in ports) and "outbound" in clusters

    def _gateway_ports(self, gateway: Gateway) -> set[int]:
        """The ports that the deployed Gateway objects open on this gateway."""
        template = self.deployed.gateways[gateway.release]["spec"]["template"]
        labels: Mapping[str, str] = template["metadata"]["labels"]
        found: list[Any] = self.api.get("/apis/networking.istio.io/v1/gateways")["items"]
        mine = [one["spec"] for one in found if one["spec"]["selector"].items() <= labels.items()]
        return {server["port"]["number"] for spec in mine for server in spec["servers"]}

    def _start_balancers(self) -> None:
        name = balancers_name(self.own.region)
        file = self.paths.region(self.own.region) / "balancers.json"
        settings = self._balancers()
        text = settings.model_dump_json(indent=1)
        running = Processes(self.paths)
        if not (running.find(name) and _text(file) == text):
            running.stop(name)
            write_atomic(file, text)
            argv = python_command("sandbox.mesh.balancers", str(file))
            self.namespace.start(Command(name=name, argv=argv))
        ports = {one.port for balancer in settings.balancers for one in balancer.listeners}
        self._wait(
            name,
            f"the load balancers of {self.own.region} do not listen",
            lambda: ports <= listening(self.namespace.holder),
            _BALANCER_SECONDS,
        )

    def _balancers(self) -> Balancers:
        location = self.state.region(self.own.region).location
        certificates = public_ca.ensure(self.paths)
        ingress, east_west = gateways.gateways(self.own)
        addresses = {ingress: self.own.ingress_balancer, east_west: self.own.east_west_balancer}
        return Balancers(
            balancers=tuple(
                balancer_settings.balancer(
                    self.api.get(f"/api/v1/namespaces/{charts.ISTIO_SYSTEM}/services/{gateway.release}"),
                    address=address,
                    targets=[gateway.address],
                    aws=lambda service: client(service, self.state.moto_url, location),
                    certificate=certificates.issue,
                )
                for gateway, address in addresses.items()
            )
        )

    def _answers(self, namespace: Namespace, address: str, port: int, path: str) -> bool:
        return ask(namespace, address, port, path)[0] == http.HTTPStatus.OK

    def _wait(self, process: str, what: str, ready: Callable[[], bool], seconds: float) -> None:
        wait_until(ready, what, Processes(self.paths), process, self.paths, seconds=seconds)


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""
