"""Measurements that are held again when they fail, so that one fault does not lose the others."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from typing import TypeVar

from automation.commands.common import tell
from drills.errors import DrillError
from sandbox.errors import SandboxError

T = TypeVar("T")

ATTEMPTS = 3

_FAULTS = (SandboxError, DrillError, RuntimeError, OSError, EOFError, http.client.HTTPException)
"""What comes of a machine that is too busy: no answer, a cut connection, a wait that ended."""


def again(what: str, run: Callable[[], T], attempts: int = ATTEMPTS) -> T | None:
    """What `run` returns, held again when it fails, which is told; None when every attempt did."""
    for attempt in range(1, attempts + 1):
        try:
            return run()
        except _FAULTS as error:
            tell(f"{what} failed, attempt {attempt} of {attempts}: {error!r}")
    return None
