"""Both regions, up: killed half way on the first try, and brought up by the second."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from sandbox import lifecycle
from sandbox.paths import SandboxPaths
from tests.sandbox.both_regions.holdings import holdings
from tests.sandbox.both_regions.platform import Platform

KILLED_AFTER = 60


@pytest.fixture(scope="session")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Both regions up and joined. The first `up` was killed when us-east had a quarter of its resources."""
    identity = f"test-both-{os.getpid()}"
    platform = Platform(identity, tmp_path_factory.mktemp("mesh") / "root.pem")
    try:
        started = platform.standfast("sandbox", "up")
        assert started.code == 0, started.err
        platform.before = holdings(platform)
        made = platform.standfast(
            "mesh-ca", "create", "--root-key", str(platform.root_key), "--target", "sandbox"
        )
        assert made.code == 0, made.err
        platform.killed_at = platform.kill_half_way(
            "up", "--target", "sandbox", region="us-east", after=KILLED_AFTER
        )
        platform.first = platform.standfast("up", "--target", "sandbox")
        assert platform.first.code == 0, platform.first.err
        yield platform
    finally:
        lifecycle.down(identity=identity)
        shutil.rmtree(SandboxPaths.of(identity).kept_logs, ignore_errors=True)
