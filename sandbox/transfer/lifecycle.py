"""Starts the Storage Transfer twin on the machine, and stops it."""

from __future__ import annotations

from pathlib import Path

from sandbox.control_plane import wait_until
from sandbox.gcs import ENDPOINT_VARIABLE
from sandbox.host import Command, Machine, python_command
from sandbox.moto import CREDENTIALS
from sandbox.network.names import folder
from sandbox.paths import SandboxPaths
from sandbox.processes import Processes
from sandbox.state import SandboxState

NAME = "transfer"


def status_file(paths: SandboxPaths) -> Path:
    """What each job has done (`transferrer.Transferrer`)."""
    return folder(paths) / "transfer-status.json"


def start(state: SandboxState) -> None:
    """Start it unless it runs, and wait for its first pass. Raises SandboxError."""
    paths = SandboxPaths.of(state.id)
    processes = Processes(paths)
    if processes.find(NAME) is not None:
        return
    folder(paths).mkdir(parents=True, exist_ok=True)
    status_file(paths).unlink(missing_ok=True)
    arguments = ["--moto", state.moto_url, "--sandbox", str(paths.root), "--folder", str(folder(paths))]
    argv = python_command("sandbox.transfer", *arguments)
    Machine(paths).start(Command(name=NAME, argv=argv, env={**CREDENTIALS, ENDPOINT_VARIABLE: state.gcs_url}))
    wait_until(status_file(paths).exists, "the Storage Transfer twin does not begin", processes, NAME, paths)


def stop(state: SandboxState) -> None:
    """Stop it; what it has noted stays, so that it goes on where it stopped."""
    Processes(SandboxPaths.of(state.id)).stop(NAME)
