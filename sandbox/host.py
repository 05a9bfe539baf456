"""Where sandbox processes run: the one place that starts them and gives them their addresses.

The machine itself is one host; a network namespace of a region's own is another, with the same verbs.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import psutil

from sandbox.errors import SandboxError
from sandbox.locks import exclusive
from sandbox.paths import (
    DIRECTORY_VARIABLE,
    MARKER_VARIABLE,
    SERVICE_VARIABLE,
    SandboxPaths,
    cache_root,
    write_atomic,
)
from sandbox.processes import Processes, ProcessRecord, marked

_INHERITED = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR", "XDG_CACHE_HOME")
# Under the kernel's ephemeral range (32768 up): no outgoing connection takes a port before its server.
_PORTS = range(20000, 32000)
_RESERVED_SECONDS = 300.0


@dataclass(frozen=True, kw_only=True)
class Command:
    """A process to start. `env` is added to a small base environment; `port` is only recorded."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    cwd: Path | None = None
    port: int | None = None


class Host(Protocol):
    """Starts processes of one sandbox, each with its own log, record and marker."""

    @property
    def address(self) -> str:
        """The address that processes on this host listen on and are reached at."""
        ...

    def free_port(self) -> int:
        """A port of `address` that nobody listens on, and that no other sandbox of this user was given."""
        ...

    def start(self, command: Command) -> ProcessRecord:
        """Start a process and return at once. SandboxError when the program cannot be started at all."""
        ...


class Hosts(Protocol):
    """Hosts by name: the namespaces of a sandbox."""

    def __getitem__(self, name: str, /) -> Host: ...


class Machine:
    """This machine, on loopback."""

    def __init__(self, paths: SandboxPaths) -> None:
        self._paths = paths
        self._processes = Processes(paths)
        self._children: list[subprocess.Popen[bytes]] = []

    @property
    def address(self) -> str:
        return "127.0.0.1"

    def free_port(self) -> int:
        reservations = cache_root() / "ports.json"
        with exclusive(cache_root() / "ports.lock", timeout=60.0):
            taken = _reservations(reservations)
            for port in random.sample(_PORTS, len(_PORTS)):
                if port not in taken and _is_free(self.address, port):
                    taken[port] = time.time()
                    write_atomic(reservations, json.dumps(taken))
                    return port
        raise SandboxError(f"no free port between {_PORTS.start} and {_PORTS.stop}")

    def start(self, command: Command) -> ProcessRecord:
        log = self._paths.log(command.name)
        log.parent.mkdir(parents=True, exist_ok=True)
        inherited = {key: os.environ[key] for key in _INHERITED if key in os.environ}
        environment = {
            **inherited,
            "PYTHONUNBUFFERED": "1",
            **command.env,
            MARKER_VARIABLE: self._paths.id,
            SERVICE_VARIABLE: command.name,
            DIRECTORY_VARIABLE: str(self._paths.root),
            # An AWS SDK in it says with each request whose it is.
            "AWS_SDK_UA_APP_ID": command.name,
        }
        try:
            with log.open("ab") as stream:
                child = subprocess.Popen(
                    list(command.argv),
                    env=environment,
                    cwd=command.cwd or self._paths.root,
                    stdin=subprocess.DEVNULL,
                    stdout=stream,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError as error:
            raise SandboxError(f"{command.name} cannot be started: {error}", where=str(log)) from error
        self._children.append(child)
        record = ProcessRecord(
            name=command.name,
            pid=child.pid,
            created=_created(child.pid),
            argv=tuple(command.argv),
            address=self.address,
            port=command.port,
            log=log,
        )
        self._processes.save(record)
        self._await_marker(child)
        return record

    def _await_marker(self, child: subprocess.Popen[bytes]) -> None:
        """The kernel shows a new program's environment a moment after it has begun."""
        deadline = time.monotonic() + 1.0
        while child.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(psutil.Error):
                if marked(psutil.Process(child.pid), self._paths.id):
                    return
            time.sleep(0.002)


def _created(pid: int) -> float:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).create_time()
    return time.time()


def _is_free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


def _reservations(path: Path) -> dict[int, float]:
    """Ports given out lately, with the time: their servers may not listen yet."""
    try:
        saved = json.loads(path.read_bytes())
        return {int(p): t for p, t in saved.items() if time.time() - t < _RESERVED_SECONDS}
    except (FileNotFoundError, ValueError, AttributeError):
        return {}


def python_command(module: str, *arguments: str) -> list[str]:
    """Run one of our modules with this very Python; `-P` keeps the working folder off its path."""
    return [sys.executable or shutil.which("python3") or "python3", "-P", "-m", module, *arguments]
