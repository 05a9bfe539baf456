"""Starts the stand-in for each region's Velero server on the machine, and stops it."""

from __future__ import annotations

from pathlib import Path

from sandbox.control_plane import wait_until
from sandbox.host import Command, Machine, python_command
from sandbox.moto import CREDENTIALS
from sandbox.network.faults import broken_file
from sandbox.network.names import folder
from sandbox.paths import SandboxPaths
from sandbox.processes import Processes
from sandbox.state import SandboxState

_BEGIN_SECONDS = 180.0


def process_name(region: str) -> str:
    """Its calls are its region's own."""
    return f"backups-{region}"


def start(state: SandboxState) -> None:
    """Start what does not run, and wait until each schedule without a backup has one. Raises SandboxError."""
    paths = SandboxPaths.of(state.id)
    processes = Processes(paths)
    folder(paths).mkdir(parents=True, exist_ok=True)
    started: list[str] = []
    for name, region in state.regions.items():
        if processes.find(process_name(name)) is not None:
            continue
        _began(paths, name).unlink(missing_ok=True)
        arguments = {
            "region": name,
            "location": region.location,
            "kubeconfig": region.kubeconfig,
            "moto": state.moto_url,
            "broken": broken_file(paths),
            "began": _began(paths, name),
        }
        argv = python_command("sandbox.backups", *(f"--{key}={value}" for key, value in arguments.items()))
        Machine(paths).start(Command(name=process_name(name), argv=argv, env=CREDENTIALS))
        started.append(name)
    for name in started:
        what = f"the backups of {name} do not begin"
        ready, process = _began(paths, name).exists, process_name(name)
        wait_until(ready, what, processes, process, paths, seconds=_BEGIN_SECONDS)


def stop(state: SandboxState) -> None:
    """Stop all; when they start again they take what has become due."""
    for name in state.regions:
        Processes(SandboxPaths.of(state.id)).stop(process_name(name))


def _began(paths: SandboxPaths, region: str) -> Path:
    return folder(paths) / f"{process_name(region)}.began"
