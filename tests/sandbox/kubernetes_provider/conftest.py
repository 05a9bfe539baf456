"""One control plane with one node for all tests of the provider, and the provider on a connection."""

from __future__ import annotations

import secrets
import shutil
import socket
from collections.abc import Iterator
from itertools import count

import pytest

from sandbox.control_plane import ControlPlane, Ports
from sandbox.crds import install_crds
from sandbox.host import Machine
from sandbox.paths import SandboxPaths
from sandbox.processes import Processes
from sandbox.providers.base import Served, serve
from sandbox.providers.kubernetes import KubernetesProvider
from sandbox.tools import ensure
from sandbox.zones import Zones
from tests.sandbox.kubernetes_provider.driver import Engine, Region

NODE = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "node-a", "labels": {"topology.kubernetes.io/zone": "a"}},
    "status": {"allocatable": {"cpu": "16", "memory": "64Gi", "pods": "110"}},
}


@pytest.fixture(scope="session")
def region() -> Iterator[Region]:
    paths = SandboxPaths.of(f"kubernetes-provider-test-{secrets.token_hex(4)}")
    paths.create()
    try:
        tools = ensure(["etcd", "kubernetes", "crds"])
        host = Machine(paths)
        ports = Ports(etcd=host.free_port(), api_server=host.free_port())
        access = ControlPlane("here", paths, host, tools, ports=ports).start(secrets.token_hex(16))
        install_crds(access.api(), tools.folder("crds"))
        Zones(access, paths, host, tools).start_all({"a": "198.18.0.0/20"})
        access.api().call("POST", "/api/v1/nodes", NODE)
        yield Region(access, paths, tools)
    finally:
        Processes(paths).stop_all()
        shutil.rmtree(paths.root, ignore_errors=True)


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    served = serve(KubernetesProvider())
    yield served
    served.stop(0)


@pytest.fixture
def engine(region: Region, served: Served) -> Engine:
    return Engine(served.port, kubeconfig=region.kubeconfig).configure()


@pytest.fixture
def unused_port() -> int:
    """A port of the loopback address on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


_numbers = count()


@pytest.fixture
def namespace(region: Region) -> str:
    """A namespace of the test's own."""
    name = f"t{next(_numbers)}"
    region.api.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    return name
