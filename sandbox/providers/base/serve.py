"""Running a provider as a process of its own."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from collections.abc import Sequence
from concurrent import futures
from dataclasses import dataclass
from typing import Any

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from sandbox.providers.base.errors import ProviderError
from sandbox.providers.base.model import Provider
from sandbox.providers.base.service import Service

# A call holds a thread while it waits for readiness, and two regions may come up at once; the threads are
# only started when needed.
WORKERS = 256
_MESSAGE_BYTES = 400 * 1024 * 1024  # the engine's own limit


@dataclass(frozen=True, kw_only=True)
class Served:
    """A provider that answers on `port` of the loopback address until `stop`."""

    port: int
    service: Service[Any]
    server: grpc.Server

    def stop(self, grace_seconds: float = 2.0) -> None:
        """Refuse new calls, give running ones `grace_seconds`, and return when all is down."""
        for connection in self.service.connections.all():
            connection.cancelled.set()
        self.server.stop(grace_seconds).wait()


def serve(provider: Provider[Any], *, port: int = 0) -> Served:
    """Start serving `provider` on the loopback address; port 0 picks a free one."""
    service: Service[Any] = Service(provider)
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix=provider.name),
        options=[
            ("grpc.max_receive_message_length", _MESSAGE_BYTES),
            ("grpc.max_send_message_length", _MESSAGE_BYTES),
            ("grpc.so_reuseport", 0),
        ],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(service, server)
    try:
        bound = server.add_insecure_port(f"127.0.0.1:{port}")
    except RuntimeError as error:
        raise ProviderError(
            f"{provider.name} provider: port {port} of 127.0.0.1 cannot be had: {error}"
        ) from error
    server.start()
    return Served(port=bound, service=service, server=server)


def run(provider: Provider[Any], arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT. The port is the first line on stdout, the log goes to stderr.

    arguments: of the command line, `--port N` for a certain port instead of a free one.
    """
    parser = argparse.ArgumentParser(
        description=f"Serves the sandbox's {provider.name} provider to the engine."
    )
    parser.add_argument("--port", type=int, default=0, help="port of 127.0.0.1 (default: a free one)")
    port: int = parser.parse_args(arguments).port
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        served = serve(provider, port=port)
    except ProviderError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{served.port}\n")
    sys.stdout.flush()
    ended.wait()
    served.stop()
    return 0
