"""The management link: in each namespace the machine's API servers and moto answer where they do outside.

One process on the machine holds the listening sockets of all namespaces: a short-lived helper opens them
inside and hands them over. So a kubeconfig, a certificate and AWS_ENDPOINT_URL mean the same everywhere, and
no link that a drill cuts carries this traffic. `python -m sandbox.network.relay FOLDER`, with the standard
library alone.

A target can be blocked for a namespace: what is open there falls silent, what is new is taken and never
answered, as by a machine that has vanished. When the block ends, what had fallen silent is closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ADDRESS = "127.0.0.1"
_CHUNK = 65536
# Run inside a namespace; its standard input is one end of a socket pair.
_HELPER = f"""
import socket, sys
channel = socket.socket(fileno=0)
for port in map(int, sys.argv[1:]):
    opened = socket.socket()
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    opened.bind(("{ADDRESS}", port))
    opened.listen(128)
    socket.send_fds(channel, [b"1"], [opened.fileno()])
    opened.close()
"""


def listeners(entering: Sequence[str], ports: Sequence[int]) -> list[socket.socket]:
    """Sockets that listen on these ports of loopback inside a namespace. `entering` runs a program there."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        argv = [*entering, sys.executable, "-I", "-S", "-c", _HELPER, *map(str, ports)]
        helper = subprocess.Popen(argv, stdin=theirs.fileno())
        theirs.close()
        opened: list[socket.socket] = []
        for _ in ports:
            data, descriptors, _, _ = socket.recv_fds(ours, 1, 1)
            if not data:
                break
            opened.append(socket.socket(fileno=descriptors[0]))
        if helper.wait() or len(opened) != len(ports):
            raise OSError(
                f"no listener on {ADDRESS}:{ports[len(opened)] if len(opened) < len(ports) else ''}"
            )
        return opened


class Route:
    """One target as seen from one namespace."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._blocked = False
        self._open: dict[asyncio.StreamWriter, set[asyncio.Task[None]]] = {}
        self._held: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection from inside, to its end."""
        if self._blocked:
            self._held.add(writer)
            return
        tasks = self._open[writer] = set[asyncio.Task[None]]()
        far: asyncio.StreamWriter | None = None
        try:
            far_reader, far = await asyncio.open_connection(ADDRESS, self._port)
            tasks |= {asyncio.create_task(_pump(reader, far)), asyncio.create_task(_pump(far_reader, writer))}
            await asyncio.wait(tasks)
        except OSError:
            pass
        finally:
            self._open.pop(writer, None)
            if far is not None:
                _end(far)
            if writer not in self._held:
                _end(writer)

    def block(self, blocked: bool) -> None:
        """Begin or end the silence."""
        if blocked and not self._blocked:
            for writer, tasks in list(self._open.items()):
                self._held.add(writer)
                for task in tasks:
                    task.cancel()
        if self._blocked and not blocked:
            for writer in self._held:
                _end(writer)
            self._held.clear()
        self._blocked = blocked


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until the sender ends, then say so to the receiver, who may still have something to answer."""
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
        writer.write_eof()


def _end(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, RuntimeError):
        writer.close()


def blocked(folder: Path) -> dict[str, list[str]]:
    """What is to be blocked: namespace → targets."""
    try:
        return json.loads((folder / "blocked.json").read_bytes())
    except (FileNotFoundError, ValueError):
        return {}


def _apply(folder: Path, table: Mapping[tuple[str, str], Route]) -> None:
    wanted = blocked(folder)
    for (namespace, target), route in table.items():
        route.block(target in wanted.get(namespace, ()))
    temporary = folder / ".applied.json"
    temporary.write_text(json.dumps(wanted))
    temporary.replace(folder / "applied.json")


async def main(folder: Path) -> None:
    """Serve until SIGTERM. SIGHUP: read the blocks anew, and write down when they hold."""
    settings: dict[str, Any] = json.loads((folder / "relay.json").read_bytes())
    targets: dict[str, int] = settings["targets"]
    table: dict[tuple[str, str], Route] = {}
    servers: list[asyncio.Server] = []
    for namespace, entering in settings["namespaces"].items():
        opened = listeners(entering, list(targets.values()))
        for (target, port), listener in zip(targets.items(), opened, strict=True):
            route = table[namespace, target] = Route(port)
            servers.append(await asyncio.start_server(route.serve, sock=listener))
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGHUP, _apply, folder, table)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    _apply(folder, table)
    (folder / "relay.ready").write_text(str(os.getpid()))
    await stop.wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
