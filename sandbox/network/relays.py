"""Starts the management link, and tells it whom to keep from whom."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Mapping, Sequence

from sandbox.errors import SandboxError
from sandbox.host import Command, Machine, python_command
from sandbox.network import names
from sandbox.network.namespaces import Namespaces
from sandbox.paths import SandboxPaths, write_atomic
from sandbox.processes import Processes

_SECONDS = 10.0
MOTO = "moto"
"""The target that stands for the AWS APIs; the others have their regions' names."""


def start(paths: SandboxPaths, namespaces: Namespaces, targets: Mapping[str, int]) -> None:
    """Start the relay unless it runs. `targets`: name → port on the machine's loopback."""
    processes, folder = Processes(paths), names.folder(paths)
    settings = json.dumps(
        {
            "targets": dict(targets),
            "namespaces": {name: namespaces[name].entering([], folder) for name in namespaces.names},
        }
    )
    file, ready = folder / "relay.json", folder / "relay.ready"
    if processes.find(names.RELAY) is not None and file.exists() and file.read_text() == settings:
        return
    processes.stop(names.RELAY)
    ready.unlink(missing_ok=True)
    write_atomic(file, settings)
    argv = python_command("sandbox.network.relay", str(folder))
    Machine(paths).start(Command(name=names.RELAY, argv=argv, cwd=folder))
    _wait(paths, ready.exists, "the management link does not open")


def stop(paths: SandboxPaths) -> None:
    """Stop the relay; nothing of the machine is reachable from inside then."""
    Processes(paths).stop(names.RELAY)


def block(paths: SandboxPaths, blocks: Mapping[str, Sequence[str]]) -> None:
    """Block exactly these targets (namespace → targets), and return when that holds."""
    folder = names.folder(paths)
    wanted = {name: sorted(targets) for name, targets in sorted(blocks.items()) if targets}
    write_atomic(folder / "blocked.json", json.dumps(wanted))
    applied = folder / "applied.json"
    applied.unlink(missing_ok=True)
    if Processes(paths).find(names.RELAY) is None:
        return
    Processes(paths).signal(names.RELAY, signal.SIGHUP)
    _wait(paths, applied.exists, "the management link does not take its blocks")


def _wait(paths: SandboxPaths, done: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _SECONDS
    while not done():
        if Processes(paths).find(names.RELAY) is None or time.monotonic() > deadline:
            raise SandboxError(what, where=str(paths.log(names.RELAY)))
        time.sleep(0.01)
