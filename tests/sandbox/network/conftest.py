"""A network without any Kubernetes, in a sandbox of the test's own."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from sandbox.network import relays
from sandbox.network.faults import NetworkFaults
from sandbox.network.namespaces import Namespaces
from sandbox.network.plan import NetworkPlan
from sandbox.paths import SandboxPaths
from sandbox.processes import Processes

PLAN = NetworkPlan.of({"us-east": ["ua", "ub"], "eu-west": ["ea", "eb"]})


class Network:
    """What the tests ask."""

    def __init__(self, paths: SandboxPaths) -> None:
        self.paths = paths
        self.processes = Processes(paths)
        self.namespaces = Namespaces(paths, PLAN)
        self.faults = NetworkFaults(paths, PLAN)


class _Named(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = str(self.connection.getsockname()[1]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        del format, args


@pytest.fixture(scope="module")
def paths() -> Iterator[SandboxPaths]:
    paths = SandboxPaths.of(f"test-net-{os.getpid()}-{uuid.uuid4().hex[:6]}")
    paths.create()
    try:
        yield paths
    finally:
        Processes(paths).stop_all(grace=1.0)
        shutil.rmtree(paths.root)


@pytest.fixture(scope="module")
def outside() -> Iterator[dict[str, int]]:
    """Servers on the machine, each answering with its own port: target → port."""
    servers = {name: ThreadingHTTPServer(("127.0.0.1", 0), _Named) for name in ("moto", *PLAN.regions)}
    for server in servers.values():
        Thread(target=server.serve_forever, daemon=True).start()
    yield {name: server.server_port for name, server in servers.items()}
    for server in servers.values():
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def network(paths: SandboxPaths, outside: dict[str, int]) -> Network:
    made = Network(paths)
    made.namespaces.up()
    relays.start(paths, made.namespaces, outside)
    return made
