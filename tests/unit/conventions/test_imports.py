"""The arrows between the packages, as `.importlinter` draws them."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from subprocess import run

from tests.unit.conventions.source import ROOT, imported

FLOOR_PLAN = {"region", "region_aws", "region_aws_upper", "region_gcp", "region_models"}
PACKAGES = ("config", "components", "automation", "drills", "sandbox")


def _top_level(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imported(ast.parse(path.read_text()))}


def test_the_arrows_point_only_down() -> None:
    command = Path(sys.executable).parent / "lint-imports"
    linted = run(
        [str(command), "--no-cache", "--no-logo"], check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert linted.returncode == 0, linted.stdout


def test_only_the_front_door_enters_the_floor_plan() -> None:
    found = [
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if _top_level(path) & FLOOR_PLAN
    ]
    assert found == []


def test_the_floor_plan_knows_components_and_configuration_alone() -> None:
    for module in sorted(FLOOR_PLAN):
        known = _top_level(ROOT / f"{module}.py") & {*PACKAGES, *FLOOR_PLAN}
        assert {"components", "config"} <= known <= {"components", "config", *FLOOR_PLAN}
        assert "region" not in known
