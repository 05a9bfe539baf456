"""Starts the S3 replication twin on the machine, and stops it; what a drill sets and reads of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from sandbox.control_plane import wait_until
from sandbox.host import Command, Machine, python_command
from sandbox.moto import CREDENTIALS
from sandbox.network.names import folder
from sandbox.paths import SandboxPaths, write_atomic
from sandbox.processes import Processes
from sandbox.replication.versions import Pace
from sandbox.state import SandboxState

NAME = "replication"


def control_file(paths: SandboxPaths) -> Path:
    """{"paused": [regions], "down": [regions]}, read at least every half second."""
    return folder(paths) / "replication.json"


def status_file(paths: SandboxPaths) -> Path:
    """What waits, by rule (`replicator.Replicator`)."""
    return folder(paths) / "replication-status.json"


def write_control(paths: SandboxPaths, *, paused: Iterable[str] = (), down: Iterable[str] = ()) -> None:
    """Set what is stopped, by the platform's names of regions."""
    write_atomic(control_file(paths), json.dumps({"paused": sorted(paused), "down": sorted(down)}))


def start(state: SandboxState, pace: Pace | None = None) -> None:
    """Start it unless it runs, and wait for its first pass. Raises SandboxError."""
    paths, chosen = SandboxPaths.of(state.id), pace or Pace()
    processes = Processes(paths)
    if processes.find(NAME) is not None:
        return
    folder(paths).mkdir(parents=True, exist_ok=True)
    status_file(paths).unlink(missing_ok=True)
    arguments = ["--moto", state.moto_url, "--sandbox", str(paths.root), "--folder", str(folder(paths))]
    for name, region in state.regions.items():
        arguments += ["--region", f"{name}={region.location}"]
    arguments += ["--least", str(chosen.least), "--most", str(chosen.most)]
    arguments += ["--rate", str(chosen.rate), "--seed", str(chosen.seed)]
    command = Command(name=NAME, argv=python_command("sandbox.replication", *arguments), env=CREDENTIALS)
    Machine(paths).start(command)
    what = "the S3 replication twin does not begin"
    wait_until(status_file(paths).exists, what, processes, NAME, paths)


def stop(state: SandboxState) -> None:
    """Stop it; what it has noted stays, so that it goes on where it stopped."""
    Processes(SandboxPaths.of(state.id)).stop(NAME)
