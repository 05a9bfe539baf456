"""A region's control plane and its zones by themselves: no engine, no cloud and no network around them.

For what is tested or measured of Kubernetes alone.
"""

from __future__ import annotations

import secrets
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.control_plane import ClusterAccess, ControlPlane, Ports
from sandbox.host import Machine
from sandbox.kube import Api
from sandbox.paths import SandboxPaths
from sandbox.processes import Processes
from sandbox.tools import ensure
from sandbox.zones import Zones

_IRREGULAR = {"NetworkPolicy": "networkpolicies", "PriorityClass": "priorityclasses", "EventBus": "eventbus"}


@dataclass(frozen=True)
class BareRegion:
    """What runs: its administrator's access, and the sandbox of its own that holds it."""

    access: ClusterAccess
    paths: SandboxPaths


@contextmanager
def bare_region(region: str, root: Path, blocks: Mapping[str, str]) -> Generator[BareRegion]:
    """A control plane, and a KWOK for each zone of `blocks` (zone → CIDR of its pods), while it lasts.

    Everything it writes is in `root`. It has no nodes: see `add_node`.
    """
    paths = SandboxPaths(id=f"bare-{secrets.token_hex(4)}", root=root)
    paths.create()
    tools, host = ensure(["etcd", "kubernetes"]), Machine(paths)
    ports = Ports(etcd=host.free_port(), api_server=host.free_port())
    try:
        access = ControlPlane(region, paths, host, tools, ports=ports).start(secrets.token_urlsafe(16))
        Zones(access, paths, host, tools).start_all(blocks)
        yield BareRegion(access, paths)
    finally:
        Processes(paths).stop_all()


def object_path(manifest: Mapping[str, Any]) -> str:
    """The path of an object at the API server, for the kinds that the program deploys."""
    kind, metadata, version = manifest["kind"], manifest["metadata"], manifest["apiVersion"]
    plural = _IRREGULAR.get(kind, f"{kind.lower()}s")
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    within = f"/namespaces/{metadata['namespace']}" if "namespace" in metadata else ""
    return f"{root}{within}/{plural}/{metadata['name']}"


def add_node(api: Api, manifest: Mapping[str, Any], status: Mapping[str, Any]) -> None:
    """A Node as its kubelet would register it: the object, then what it says of itself."""
    api.call("POST", "/api/v1/nodes", manifest)
    path = f"{object_path(manifest)}/status"
    api.call("PATCH", path, {"status": status}, content_type="application/merge-patch+json")


def ready_nodes(api: Api) -> int:
    """How many nodes Kubernetes holds ready."""
    return sum(
        condition["type"] == "Ready" and condition["status"] == "True"
        for node in api.get("/api/v1/nodes")["items"]
        for condition in node.get("status", {}).get("conditions", ())
    )
