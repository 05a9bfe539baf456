"""Starts the DNS twin in the sandbox's network, and stops it.

In `world`: the authority, its health checkers and two resolvers, one process (`dns-world`). In each region:
its own resolver (`dns-<region>`), which asks the authority across the region's link.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from sandbox.control_plane import wait_until
from sandbox.host import Command, Host, Hosts, python_command
from sandbox.moto import CREDENTIALS
from sandbox.network.names import folder
from sandbox.network.plan import (
    AUTHORITY,
    CHECKERS,
    RESOLVER,
    STRETCHING_RESOLVER,
    WORLD,
    WORLD_ADDRESSES,
    NetworkPlan,
    RegionNetwork,
)
from sandbox.paths import SandboxPaths, write_atomic
from sandbox.processes import Processes
from sandbox.state import SandboxState

PORT = 53
STRETCH_SECONDS = 120
"""How long the stretching resolver keeps an answer of 30 or 60 seconds."""
INGRESS = "istio-ingressgateway"
EAST_WEST = "istio-eastwestgateway"
"""The Services whose load balancers have an address in the network."""


def process(namespace: str) -> str:
    """The name of the process in a namespace."""
    return f"dns-{namespace}"


def health_file(paths: SandboxPaths) -> Path:
    """What the health checkers know: {"t", "checks": {id: {"fqdn", "status", "since", "checkers": …}}}."""
    return folder(paths) / "health.json"


def health_events(paths: SandboxPaths) -> Path:
    """JSON lines, one for each change of a verdict: {"t", "check", "fqdn", "status"}."""
    return folder(paths) / "health-events.jsonl"


def query_log(paths: SandboxPaths, namespace: str = WORLD) -> Path:
    """JSON lines of all queries there (`sandbox.dns.query_log`)."""
    return folder(paths) / f"queries-{namespace}.jsonl"


def places_file(paths: SandboxPaths) -> Path:
    """Which AWS location each network is near to."""
    return folder(paths) / "places.json"


def set_client_location(state: SandboxState, plan: NetworkPlan, location: str) -> None:
    """Move the clients of `world` near to an AWS location; latency records follow at once, caches do not."""
    _write_places(state, plan, location)


def start(
    state: SandboxState,
    plan: NetworkPlan,
    namespaces: Hosts,
    *,
    seed: int | None = None,
) -> None:
    """Start what does not run, and wait until it answers.

    The clients of `world` are near to the first region; `seed` fixes when the checkers begin. Raises
    SandboxError.
    """
    paths = SandboxPaths.of(state.id)
    first = next(iter(plan.regions))
    _write_places(state, plan, state.region(first).location)
    balancers = {name: _balancers(state.region(name).location, own) for name, own in plan.regions.items()}
    arguments = [
        *("authority", "--listen", f"{AUTHORITY}:{PORT}", "--moto", state.moto_url),
        *(option for options in balancers.values() for option in options),
        *("--places", str(places_file(paths))),
        *(option for address in CHECKERS for option in ("--checker", address)),
        *("--health", str(health_file(paths)), "--health-events", str(health_events(paths))),
        *("--resolver", RESOLVER, "--resolver", f"{STRETCHING_RESOLVER}={STRETCH_SECONDS}"),
        *(() if seed is None else ("--seed", str(seed))),
    ]
    _start(paths, namespaces[WORLD], WORLD, arguments)
    for name in plan.regions:
        asks = ["resolver", "--listen", f"127.0.0.1:{PORT}", "--authority", f"{AUTHORITY}:{PORT}"]
        _start(paths, namespaces[name], name, [*asks, *balancers[name]])
    for name in (WORLD, *plan.regions):
        ready = _ready(paths, name)
        what = f"the DNS twin of {name} does not answer"
        wait_until(ready.exists, what, Processes(paths), process(name), paths)


def stop(state: SandboxState) -> None:
    """Stop whatever runs of it."""
    paths = SandboxPaths.of(state.id)
    for name in (WORLD, *state.regions):
        Processes(paths).stop(process(name))
        _ready(paths, name).unlink(missing_ok=True)


def _start(paths: SandboxPaths, host: Host, namespace: str, arguments: list[str]) -> None:
    name = process(namespace)
    if Processes(paths).find(name) is not None:
        return
    ready = _ready(paths, namespace)
    ready.unlink(missing_ok=True)
    files = ["--queries", str(query_log(paths, namespace)), "--ready", str(ready)]
    files += ["--balancers", str(folder(paths) / "balancers.json")]
    argv = python_command("sandbox.dns", *arguments, *files)
    host.start(Command(name=name, argv=argv, env=CREDENTIALS, port=PORT))


def _ready(paths: SandboxPaths, namespace: str) -> Path:
    return folder(paths) / f"{process(namespace)}.ready"


def _balancers(location: str, own: RegionNetwork) -> list[str]:
    addresses = {INGRESS: own.ingress_balancer, EAST_WEST: own.east_west_balancer}
    return [
        option
        for service, address in addresses.items()
        for option in ("--balancer", f"{location}/{service}={address}")
    ]


def _write_places(state: SandboxState, plan: NetworkPlan, client_location: str) -> None:
    places: Mapping[str, str] = {
        **dict.fromkeys(WORLD_ADDRESSES, client_location),
        **{
            network: state.region(name).location
            for name, own in plan.regions.items()
            for network in (own.network, *own.pods.values())
        },
    }
    write_atomic(places_file(SandboxPaths.of(state.id)), json.dumps(places, indent=1))
