"""From 2 to 24 regions: what `check` does grows with them and no faster, and bench measures sound files."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import yaml

from automation.project import check_sheet
from bench.checks import COUNTS, Took, off_the_line, project, section
from bench.sections import with_head, with_section
from config.budgets.sheet import sheet
from config.reading import StackText, read
from tests.unit.conventions.source import ROOT


def calls(count: int) -> int:
    """Function calls that reading and adding up ``count`` regions takes; without YAML and certificates."""
    whole, stacks = project(ROOT, count)
    text = whole["config"]["standfast:platform"]["value"]
    found = {name: StackText(s["config"]["standfast:region"], None, None) for name, s in stacks.items()}
    counted = 0

    def count_one(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal counted
        counted += event in {"call", "c_call"}

    sys.setprofile(count_one)
    try:
        reading = read(text, found)
        sheet_of(text, reading.regions)
    finally:
        sys.setprofile(None)
    return counted


def sheet_of(text: Any, regions: Any) -> None:
    from config.platform import Platform

    assert sheet(Platform.model_validate(text), regions).document()["ok"]


def test_the_work_grows_linearly_from_2_to_24_regions():
    calls(2)
    found = {count: float(calls(count)) for count in COUNTS}
    assert found[24] / found[2] < 12
    assert off_the_line(found) < 0.15, found


def test_the_files_that_bench_measures_are_sound_and_their_promises_hold(tmp_path: Path):
    whole, stacks = project(ROOT, 24)
    (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump(whole))
    for name, stack in stacks.items():
        (tmp_path / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump(stack))
    problems, found = check_sheet(tmp_path)
    assert problems == []
    assert found is not None
    assert len(found.recoveries) == 48


def test_a_value_off_the_line_is_seen():
    assert off_the_line({2: 1.0, 12: 6.0, 24: 12.0}) == pytest.approx(0)
    assert off_the_line({2: 1.0, 12: 9.0, 24: 12.0}) == pytest.approx(0.5)


def test_the_section_tells_what_was_measured():
    text = section({2: Took(1.0, 0.010), 24: Took(1.5, 0.120)})
    assert "| 2 |  | 1.00 s | 10 ms |" in text
    assert "| 24 | 3 s | 1.50 s | 120 ms |" in text
    assert "one region more costs 5.0 ms" in text


def test_a_section_is_replaced_and_the_others_stay():
    page = with_section("", "one", "first")
    page = with_section(page, "two", "second")
    assert page == "# Benchmarks\n\n## one\n\nfirst\n\n## two\n\nsecond\n"
    assert with_section(page, "one", "new") == "# Benchmarks\n\n## one\n\nnew\n\n## two\n\nsecond\n"
    assert with_section(page, "two", "new") == "# Benchmarks\n\n## one\n\nfirst\n\n## two\n\nnew\n"
    head = "# Benchmarks\n\nnew\n"
    assert with_head(page, head) == "# Benchmarks\n\nnew\n\n## one\n\nfirst\n\n## two\n\nsecond\n"
    assert with_head(with_head(page, head), "# Again") == with_head(page, "# Again")
    assert with_head("", head) == head
