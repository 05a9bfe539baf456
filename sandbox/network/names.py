"""What the network's processes are called, and where it keeps its files: pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from sandbox.network.plan import WORLD
from sandbox.paths import SandboxPaths
from sandbox.zones import pods_name

USER_HOLDER = "netns-user"
"""Holds the user namespace that all network namespaces share when an ordinary user runs the sandbox."""
RELAY = "relay"
DRILL_CLIENT = "client"
"""The client that a drill lets call."""
_ALONE = ("dns-world", DRILL_CLIENT, "model-restore", "replication", "transfer")
_GATEWAYS = ("ingressgateway", "eastwestgateway")
_IN_EACH_REGION = ("backups", "dns", "istiod", "balancers", *_GATEWAYS)


def holder(namespace: str) -> str:
    """The process that holds a namespace."""
    return f"netns-{namespace}"


def folder(paths: SandboxPaths) -> Path:
    """Where the network keeps its files."""
    return paths.root / "network"


def namespaces(regions: Iterable[str]) -> tuple[str, ...]:
    """All namespaces of a sandbox with these regions."""
    return (WORLD, *regions)


def processes(zones: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """Names of all processes that the network may have; `zones` maps regions to their zones."""
    # A gateway is a pod, and has a network namespace of its own.
    gateways = (f"{region}-{kind}" for region in zones for kind in _GATEWAYS)
    holders = {holder(namespace) for namespace in (*namespaces(zones), *gateways)}
    answering = {pods_name(region, zone) for region, names in zones.items() for zone in names}
    regional = {f"{kind}-{region}" for kind in _IN_EACH_REGION for region in zones}
    return frozenset({USER_HOLDER, RELAY, *_ALONE, *holders, *answering, *regional})
