"""What the command line makes of a drill's result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from automation import cli
from automation.commands import drill
from automation.errors import Exit
from tests.drills.platform import Platform, Rules, hold

SANDBOX = ("--target", "sandbox")


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """Drills are held on the platform in virtual time, by these rules."""
    rules: dict[str, Any] = {}

    def stand_in(name: str, holding: Any, whole: Any, options: Any) -> Any:
        chosen = {"seed": options.seed, "runs": options.runs, "rate": options.rate}
        return hold("pods-unready", Platform(tmp_path / "logs", Rules(**rules)), **chosen)

    monkeypatch.setattr(drill, "_held", stand_in)
    monkeypatch.setattr(drill, "folder_of", lambda target: drill.workspace_of(drill.TargetName.CLOUD).folder)
    return rules


def test_a_kept_promise_is_written_where_it_is_asked_for(
    held: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, folder = tmp_path / "result.json", tmp_path / "reports"
    more = ("--runs", "2", "--seed", "5", "--rate", "10", "--json", str(file), "--report", str(folder))
    assert cli.run(["drill", "run", "pods-unready", *SANDBOX, *more]) == Exit.OK
    found = json.loads(file.read_text(encoding="utf-8"))
    assert (found["drill"], found["seed"], len(found["runs"])) == ("pods-unready", 5, 2)
    assert json.loads((folder / "pods-unready.json").read_text(encoding="utf-8")) == found
    assert "the promise is kept" in (folder / "pods-unready.html").read_text(encoding="utf-8")
    captured = capsys.readouterr()
    assert "pods-failing-errors-end" in captured.out
    assert str(folder / "pods-unready.html") in captured.err.replace("\n", "")


def test_a_broken_promise_ends_with_3_and_one_document(
    held: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    held["ejection_s"] = 9.0
    assert cli.run(["drill", "run", "pods-unready", *SANDBOX, "--rate", "10", "--json", "-"]) == Exit.BROKEN
    found = json.loads(capsys.readouterr().out)
    assert found["runs"][0]["promises"][0]["kept"] is False


def test_a_failing_run_of_a_soak_is_named_by_its_seed(
    held: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    held["ejection_s"] = 9.0
    assert cli.run(["drill", "soak", *SANDBOX, "--runs", "1", "--seed", "41", "--rate", "10"]) == Exit.BROKEN
    assert "standfast drill soak --seed 41 --runs 1 --target sandbox" in capsys.readouterr().err
