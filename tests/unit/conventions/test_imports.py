"""The arrows between the packages, as `.importlinter` draws them."""

from __future__ import annotations

import sys
from pathlib import Path
from subprocess import run

from tests.unit.conventions.source import ROOT


def test_the_arrows_point_only_down() -> None:
    command = Path(sys.executable).parent / "lint-imports"
    linted = run(
        [str(command), "--no-cache", "--no-logo"], check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert linted.returncode == 0, linted.stdout
