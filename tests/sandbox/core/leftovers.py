"""Removes all that a test's sandbox left, its kept logs and lock too."""

from __future__ import annotations

import shutil

from sandbox import lifecycle
from sandbox.paths import SandboxPaths


def forget(identity: str) -> None:
    lifecycle.down(identity=identity)
    paths = SandboxPaths.of(identity)
    shutil.rmtree(paths.kept_logs, ignore_errors=True)
    paths.lock.unlink(missing_ok=True)
