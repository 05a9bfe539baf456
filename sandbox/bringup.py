"""One run of `up`: what is there stays, what is missing is started, in the order that each thing needs."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from sandbox import descheduler
from sandbox.control_plane import PROGRAMS, ClusterAccess, ControlPlane, Ports
from sandbox.crds import install_crds
from sandbox.engine import engine_environment, prepare_workspace, write_executables
from sandbox.errors import SandboxError
from sandbox.gcs import NAME as GCS
from sandbox.gcs import start_gcs
from sandbox.host import Host, Machine
from sandbox.moto import NAME as MOTO
from sandbox.moto import seed, start_moto
from sandbox.network.names import processes as network_processes
from sandbox.paths import SandboxPaths, write_atomic
from sandbox.processes import Processes
from sandbox.progress import Progress
from sandbox.services import PROVIDERS, Endpoints, provider_name, start_providers, start_twins, twins_name
from sandbox.state import RegionSpec, RegionState, SandboxState, read, save
from sandbox.tools import Tools
from sandbox.zones import Zones, pod_blocks, process_name

T = TypeVar("T")

_SETTLE_SECONDS = 0.5


class BringUp:
    """Holds what every step needs. `released` is a `pulumi` of the user's own, with its language host."""

    def __init__(self, paths: SandboxPaths, tools: Tools, released: Path | None, progress: Progress) -> None:
        self._paths = paths
        self._tools = tools
        self._released = released
        self._progress = progress
        self._host: Host = Machine(paths)
        self._processes = Processes(paths)

    def run(self, regions: Mapping[str, RegionSpec], domain: str, checkout: Path) -> SandboxState:
        self._paths.create()
        self._processes.sweep()
        state = self._plan(regions, domain, checkout)
        for record in self._processes.records():
            if record.name not in expected(state) | optional(state):
                self._processes.stop(record.name)
        state = save(state.model_copy(update=self._side_by_side(state)), self._paths)
        state = self._step("engine", "providers, twins and workspace", lambda: self._engine(state))
        self._step("add-ons", "processes of deployed add-ons", lambda: self._addons(state))
        self._all_alive(state)
        return save(state.model_copy(update={"ready": True}), self._paths)

    def _plan(self, regions: Mapping[str, RegionSpec], domain: str, checkout: Path) -> SandboxState:
        """Ports, token and passphrase: those of before, or chosen and written down before anything starts."""
        before = read(self._paths)
        kept = before.regions if before is not None else {}
        planned = {name: self._region_plan(name, spec, kept.get(name)) for name, spec in regions.items()}
        if before is None:
            state = SandboxState(
                id=self._paths.id,
                root=self._paths.root,
                checkout=checkout,
                domain=domain,
                token=secrets.token_urlsafe(32),
                passphrase=secrets.token_urlsafe(24),
                moto_port=self._host.free_port(),
                gcs_port=self._host.free_port(),
                regions=planned,
            )
        else:
            update = {"checkout": checkout, "domain": domain, "regions": planned}
            state = before.model_copy(update=update)
        write_atomic(self._paths.token_file, state.token)
        return save(state, self._paths)

    def _region_plan(self, name: str, spec: RegionSpec, kept: RegionState | None) -> RegionState:
        if kept is not None:
            return kept.model_copy(update={"location": spec.location, "zones": spec.zones})
        return RegionState(
            name=name,
            location=spec.location,
            zones=spec.zones,
            etcd_port=self._host.free_port(),
            api_server_port=self._host.free_port(),
            kubeconfig=self._paths.kubeconfig(name),
        )

    def _side_by_side(self, state: SandboxState) -> dict[str, object]:
        """The servers of both clouds' APIs and all control planes at once."""
        blocks = pod_blocks({name: region.zones for name, region in state.regions.items()})
        with ThreadPoolExecutor(max_workers=len(state.regions) + 2) as pool:
            moto = pool.submit(self._step, MOTO, "AWS APIs", lambda: self._moto(state))
            gcs = pool.submit(self._step, GCS, "Cloud Storage's API", lambda: self._gcs(state))
            clusters = {
                name: pool.submit(
                    self._step,
                    f"region {name}",
                    "API server, scheduler, controller-manager, nodes",
                    lambda region=region: self._region(region, state.token, blocks),
                )
                for name, region in state.regions.items()
            }
            url, zone = moto.result()
            regions = {name: future.result() for name, future in clusters.items()}
            gcs_url = gcs.result()
        return {"moto_url": url, "gcs_url": gcs_url, "hosted_zone": zone, "regions": regions}

    def _step(self, name: str, doing: str, work: Callable[[], T]) -> T:
        self._progress.start(name, doing, self._paths.logs)
        try:
            result = work()
        except BaseException:
            self._progress.fail(name)
            raise
        self._progress.done(name, "ready")
        return result

    def _moto(self, state: SandboxState) -> tuple[str, str]:
        url = start_moto(self._paths, self._host, state.moto_port)
        return url, seed(url, state.domain)

    def _gcs(self, state: SandboxState) -> str:
        return start_gcs(self._paths, self._host, self._tools, state.gcs_port)

    def _region(self, region: RegionState, token: str, blocks: Mapping[tuple[str, str], str]) -> RegionState:
        ports = Ports(etcd=region.etcd_port, api_server=region.api_server_port)
        plane = ControlPlane(region.name, self._paths, self._host, self._tools, ports=ports)
        access = plane.begin(token)
        self._progress.note(f"region {region.name}", "custom resource definitions")
        install_crds(access.api(), self._tools.folder("crds"))
        zones = {zone: blocks[region.name, zone] for zone in region.zones}
        Zones(access, self._paths, self._host, self._tools).start_all(zones)
        plane.settle(access)
        return region.model_copy(update={"endpoint": access.endpoint, "ca": access.ca_base64})

    def _engine(self, state: SandboxState) -> SandboxState:
        clusters = {
            region.location: {"endpoint": region.endpoint, "ca": region.ca, "zones": list(region.zones)}
            for region in state.regions.values()
        }
        write_atomic(self._paths.eks_file, json.dumps(clusters, indent=1))
        pulumi = self._released or self._tools.program("pulumi")
        write_executables(self._paths, pulumi, own_hosts=self._released is None)
        workspace = prepare_workspace(self._paths, state.checkout)
        endpoints = Endpoints(aws=state.moto_url, gcs=state.gcs_url)
        providers = start_providers(self._paths, self._host, endpoints, state.providers)
        for region in state.regions.values():
            start_twins(self._paths, self._host, region, endpoints)
        environment = engine_environment(self._paths, passphrase=state.passphrase, providers=providers)
        update = {"providers": providers, "engine_env": environment, "workspace": workspace}
        return save(state.model_copy(update=update), self._paths)

    def _addons(self, state: SandboxState) -> None:
        for name in state.regions:
            descheduler.attach(name, access(state, name).api(), self._paths, self._host, self._tools)

    def _all_alive(self, state: SandboxState) -> None:
        """What ends at once (a wrong flag, a port taken) ends within the time that is waited here."""
        if any(time.time() - record.created < _SETTLE_SECONDS for record in self._processes.records()):
            time.sleep(_SETTLE_SECONDS)
        dead = sorted(name for name in expected(state) if self._processes.find(name) is None)
        if dead:
            raise SandboxError(
                f"{', '.join(dead)} ended right after the start",
                where=", ".join(str(self._paths.log(name)) for name in dead),
            )


def access(state: SandboxState, region: str) -> ClusterAccess:
    """Endpoint, CA and token of a region."""
    found = state.region(region)
    return ClusterAccess.from_base64(region, found.endpoint, found.ca, state.token, found.kubeconfig)


def expected(state: SandboxState) -> set[str]:
    """The names of all processes that a sandbox of this state runs."""
    names = {MOTO, GCS, *(provider_name(package) for package in PROVIDERS)}
    for region in state.regions.values():
        names |= {f"{program}-{region.name}" for program in PROGRAMS}
        names |= {process_name(region.name, zone) for zone in region.zones}
        names.add(twins_name(region.name))
    return names


def optional(state: SandboxState) -> set[str]:
    """Those that run only where the program deployed their add-on, or the network is attached."""
    network = network_processes({name: region.zones for name, region in state.regions.items()})
    return {descheduler.process_name(name) for name in state.regions} | network
