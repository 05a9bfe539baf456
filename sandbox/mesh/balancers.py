"""Stands in for the network load balancers of one region: `python -m sandbox.mesh.balancers SETTINGS`.

It behaves as AWS' pages say of a Network Load Balancer with targets by address:

- A TLS listener ends TLS and passes the bytes on; a TCP listener passes them on as they are. A target sees
  the balancer's address (https://docs.aws.amazon.com/elasticloadbalancing/latest/network/
  edit-target-group-attributes.html).
- Targets are health-checked. One that has failed too often gets no new connections, and its connections are
  reset. When all have failed, the balancer fails open: it goes on as if all were healthy
  (https://docs.aws.amazon.com/elasticloadbalancing/latest/network/target-group-health-checks.html).
- A connection that no target takes is reset.

Not modelled: the security groups made of `loadBalancerSourceRanges`, the idle timeout, and the addresses that
DNS withdraws zone by zone; a balancer has one address here. Each change of a target's health is a JSON line
on stdout: `{"t", "service", "target", "healthy"}`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import socket
import ssl
import struct
import sys
import time
from collections.abc import Generator
from itertools import count
from pathlib import Path

from sandbox.mesh.balancer_settings import Balancer, Balancers, HealthCheck, Listener

_CONNECT_SECONDS = 10.0
_CHUNK = 65536
_RESET = struct.pack("ii", 1, 0)
_GOOD = range(200, 400)


class Target:
    """One target: its health, and the client connections that it serves.

    It begins as unhealthy and is in service with its first good answer; later changes take the thresholds.
    """

    def __init__(self, address: str, check: HealthCheck) -> None:
        self.address = address
        self.healthy = False
        self.clients: set[asyncio.StreamWriter] = set()
        self._check = check
        self._answers = 0
        self._begun = False

    def note(self, good: bool) -> bool:
        """Take an answer of the health check into account; whether the verdict changed."""
        if good == self.healthy:
            self._answers = 0
            return False
        self._answers += 1
        needed = self._check.healthy_threshold if good else self._check.unhealthy_threshold
        if self._begun and self._answers < needed:
            return False
        self.healthy, self._answers, self._begun = good, 0, True
        return True


class BalancerTwin:
    """One load balancer."""

    def __init__(self, settings: Balancer) -> None:
        self._settings = settings
        self.targets = [Target(address, settings.health) for address in settings.targets]
        self._turn = count()

    async def run(self) -> None:
        """Listen and check until cancelled."""
        async with contextlib.AsyncExitStack() as stack:
            for listener in self._settings.listeners:
                await stack.enter_async_context(await self._listen(listener))
            async with asyncio.TaskGroup() as group:
                for target in self.targets:
                    group.create_task(self._watch(target))

    async def _listen(self, listener: Listener) -> asyncio.Server:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError):
                await self._serve(listener, reader, writer)

        return await asyncio.start_server(
            serve, self._settings.address, listener.port, ssl=tls_context(listener), reuse_address=True
        )

    def pick(self) -> Target:
        """The next target in turn of those in service, or of all when none is."""
        serving = [target for target in self.targets if target.healthy] or self.targets
        return serving[next(self._turn) % len(serving)]

    async def _serve(
        self, listener: Listener, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        target = self.pick()
        try:
            there = asyncio.open_connection(
                target.address, listener.target_port, local_addr=(self._settings.address, 0)
            )
            behind_reader, behind_writer = await asyncio.wait_for(there, _CONNECT_SECONDS)
        except OSError:
            reset(writer)
            return
        target.clients.add(writer)
        try:
            await asyncio.gather(_pass(reader, behind_writer), _pass(behind_reader, writer))
        except OSError:
            reset(writer)
        finally:
            target.clients.discard(writer)
            for end in (writer, behind_writer):
                end.close()

    async def _watch(self, target: Target) -> None:
        check = self._settings.health
        while True:
            begun = time.monotonic()
            if target.note(await answers(target.address, check, self._settings)):
                self._tell(target)
            await asyncio.sleep(max(0.0, check.interval_s - (time.monotonic() - begun)))

    def _tell(self, target: Target) -> None:
        said = {"t": round(time.time(), 3), "service": self._settings.service}
        line = json.dumps({**said, "target": target.address, "healthy": target.healthy})
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
        if target.healthy or not self._settings.terminates or not any(one.healthy for one in self.targets):
            return
        for client in list(target.clients):
            reset(client)


def tls_context(listener: Listener) -> ssl.SSLContext | None:
    """What ends TLS at a listener, at least of version 1.2; None for one of plain TCP."""
    if listener.certificate is None or listener.key is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(listener.certificate, listener.key)
    if listener.alpn:
        context.set_alpn_protocols(list(listener.alpn))
    return context


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with a TCP RST."""
    connection = writer.get_extra_info("socket")
    if connection is not None and connection.fileno() >= 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy one direction until its end, and hand the end on."""
    while data := await reader.read(_CHUNK):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
    else:
        writer.close()


async def answers(address: str, check: HealthCheck, settings: Balancer) -> bool:
    """Whether a target answers its health check with 200 to 399 in time."""
    host = f"{settings.address}:{settings.listeners[0].port}"
    try:
        async with asyncio.timeout(check.timeout_s):
            reader, writer = await asyncio.open_connection(address, check.port)
            with _closing(writer):
                writer.write(
                    f"GET {check.path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
                )
                first = await reader.readline()
        return int(first.split()[1]) in _GOOD
    except (OSError, ValueError, IndexError):
        return False


@contextlib.contextmanager
def _closing(writer: asyncio.StreamWriter) -> Generator[None]:
    try:
        yield
    finally:
        writer.close()


async def _run(settings: Balancers) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    work = [asyncio.create_task(BalancerTwin(one).run()) for one in settings.balancers]
    ends = [*work, asyncio.create_task(stopped.wait())]
    done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()
    for task in work:
        task.cancel()


def main() -> int:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="sandbox.mesh.balancers", description="network load balancers")
    parser.add_argument("settings", type=Path, help="a JSON file of balancer_settings.Balancers")
    settings = Balancers.model_validate_json(parser.parse_args().settings.read_bytes())
    asyncio.run(_run(settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
