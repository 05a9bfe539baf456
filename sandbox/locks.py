"""Locks between processes, freed by the kernel when their holder dies."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from sandbox.errors import SandboxError


@contextmanager
def exclusive(path: Path, *, timeout: float, on_wait: Callable[[], None] | None = None) -> Generator[None]:
    """Hold `path` for this process alone.

    `on_wait` is called once when another process has it. After `timeout` seconds this is a SandboxError that
    names the holder's process id.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _acquire(descriptor, path, time.monotonic() + timeout, on_wait)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, path: Path, deadline: float, on_wait: Callable[[], None] | None) -> None:
    told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not told and on_wait is not None:
                on_wait()
            told = True
            if time.monotonic() > deadline:
                holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
                raise SandboxError(
                    f"another command (process {holder}) holds {path}",
                    remedy="wait for it to end, or end it",
                ) from None
            time.sleep(0.1)
        else:
            return
