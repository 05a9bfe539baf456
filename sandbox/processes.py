"""What is known of a sandbox's processes: records on disk, and the marker in each one's environment."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

import psutil
from pydantic import BaseModel, ConfigDict, ValidationError

from sandbox.errors import SandboxError
from sandbox.paths import MARKER_VARIABLE, SERVICE_VARIABLE, SandboxPaths, write_atomic

_CLOCK_SLACK = 2.0


class ProcessRecord(BaseModel):
    """One started process. `created` (seconds since the epoch) tells it from a later one of that pid."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    pid: int
    created: float
    argv: tuple[str, ...]
    address: str
    port: int | None
    log: Path


def marked(process: psutil.Process, sandbox: str, *, service: bool = False) -> bool:
    """Whether a process of ours carries this sandbox's marker and runs; `service`: and a Host started it."""
    environment = _environment(process)
    if environment is None or (service and SERVICE_VARIABLE not in environment):
        return False
    return environment.get(MARKER_VARIABLE) == sandbox


def _environment(process: psutil.Process) -> dict[str, str] | None:
    """None of one that has ended, or is not ours. Empty for a moment within an exec."""
    try:
        environment = process.environ()
        return environment if process.status() != psutil.STATUS_ZOMBIE else None
    except (psutil.Error, OSError):
        return None


class Processes:
    """The processes of one sandbox."""

    def __init__(self, paths: SandboxPaths) -> None:
        self._paths = paths

    def save(self, record: ProcessRecord) -> None:
        write_atomic(self._file(record.name), record.model_dump_json(indent=1))

    def record(self, name: str) -> ProcessRecord | None:
        try:
            return ProcessRecord.model_validate_json(self._file(name).read_bytes())
        except FileNotFoundError:
            return None
        except (ValidationError, ValueError):
            # Written by another version: what it named is found by its marker, and swept.
            self._file(name).unlink(missing_ok=True)
            return None

    def records(self) -> list[ProcessRecord]:
        names = sorted(path.stem for path in self._paths.records.glob("*.json"))
        return [record for name in names if (record := self.record(name)) is not None]

    def find(self, name: str) -> psutil.Process | None:
        """The running process of that name, or None when it never was, or is gone."""
        record = self.record(name)
        if record is None:
            return None
        try:
            process = psutil.Process(record.pid)
            same = abs(process.create_time() - record.created) < _CLOCK_SLACK
        except psutil.Error:
            return None
        environment = _environment(process) if same else None
        # Within an exec it has no environment, but is the one of the record by pid and start.
        known = environment is not None and environment.get(MARKER_VARIABLE) == self._paths.id
        return process if known or environment == {} else None

    def all_marked(self, *, service: bool = False) -> list[psutil.Process]:
        """Every process that carries the marker, recorded or not, this one aside."""
        others = (p for p in psutil.process_iter() if p.pid != os.getpid())
        return [p for p in others if marked(p, self._paths.id, service=service)]

    def sweep(self) -> list[int]:
        """Stop services that stand in no record: what a killed command left behind."""
        known = {process.pid for name in self._names() if (process := self.find(name)) is not None}
        unknown = [p for p in self.all_marked(service=True) if p.pid not in known]
        orphans = [p for p in unknown if not known & _ancestors(p)]
        terminate(orphans, grace=2.0)
        return [p.pid for p in orphans]

    def stop(self, name: str, *, grace: float = 5.0) -> bool:
        """Stop one process and forget it; whether it ran."""
        process = self.find(name)
        if process is not None:
            terminate([process], grace=grace)
        self._file(name).unlink(missing_ok=True)
        return process is not None

    def stop_all(self, *, grace: float = 3.0) -> int:
        """Stop everything that carries the marker, until nothing does; how many were stopped."""
        count = 0
        for _ in range(5):
            running = self.all_marked()
            if not running:
                return count
            count += len(running)
            terminate(running, grace=grace)
        raise SandboxError(
            f"processes of sandbox {self._paths.id} do not end: {[p.pid for p in self.all_marked()]}",
            remedy="end them by their ids, then run the command again",
        )

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a process of the sandbox by name."""
        process = self.find(name)
        if process is None:
            raise SandboxError(
                f"{name} does not run in sandbox {self._paths.id}",
                where=str(self._paths.log(name)),
                remedy="run `standfast sandbox up`, which starts it again",
            )
        process.send_signal(number)

    def _names(self) -> list[str]:
        return [path.stem for path in self._paths.records.glob("*.json")]

    def _file(self, name: str) -> Path:
        return self._paths.records / f"{name}.json"


def _ancestors(process: psutil.Process) -> set[int]:
    try:
        return {parent.pid for parent in process.parents()}
    except psutil.Error:
        return set()


def terminate(processes: Iterable[psutil.Process], *, grace: float) -> None:
    """SIGTERM, and after `grace` seconds SIGKILL. SIGCONT goes first: a stopped process hears no SIGTERM."""
    alive = list(processes)
    for number in (signal.SIGCONT, signal.SIGTERM):
        _signal_each(alive, number)
    alive = _wait(alive, grace)
    _signal_each(alive, signal.SIGKILL)
    _wait(alive, 5.0)


def _signal_each(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
            process.send_signal(number)


def _wait(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those still running after that time. A zombie has ended: its parent may never ask for it."""
    deadline = time.monotonic() + seconds
    alive = processes
    while alive:
        _, alive = psutil.wait_procs(alive, timeout=0.05)
        alive = [p for p in alive if not _ended(p)]
        if time.monotonic() > deadline:
            break
    return alive


def _ended(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return True
