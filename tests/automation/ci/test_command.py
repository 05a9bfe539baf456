"""`ci preview` and `ci apply` as a pipeline meets them: codes, one document, a file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from automation import cli
from automation.commands import ci
from automation.targets import checkout
from tests.automation.ci.events import BUCKET, step
from tests.automation.ci.test_preview import UP, Stacks
from tests.automation.test_cli import certified


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sound stack files, and an engine that is not asked."""
    for path in checkout().glob("Pulumi*.yaml"):
        shutil.copy(path, tmp_path)
    certified(tmp_path)
    monkeypatch.setattr(ci, "folder_of", lambda _: tmp_path)
    monkeypatch.setattr(ci, "stacks", lambda _: pytest.fail("asked the engine"))
    return tmp_path


def playing(monkeypatch: pytest.MonkeyPatch, stacks: Stacks) -> None:
    @contextmanager
    def opened(_: Any) -> Generator[Stacks]:
        yield stacks

    monkeypatch.setattr(ci, "stacks", opened)


def edited(project: Path, **objectives: str) -> None:
    content = yaml.safe_load((project / "Pulumi.yaml").read_text())
    content["config"]["standfast:platform"]["value"]["objectives"].update(objectives)
    (project / "Pulumi.yaml").write_text(yaml.safe_dump(content))


def document(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    code = cli.run(["ci", "preview", "--json", *arguments])
    return code, json.loads(capsys.readouterr().out)


def test_nothing_to_do_is_zero(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    playing(monkeypatch, Stacks(UP))
    code, found = document(capsys)
    assert (code, found["exitCode"], found["verdict"]) == (0, 0, "nothing to do")
    assert [one["region"] for one in found["regions"]] == ["us-east", "eu-west"]
    assert found["budgets"]["ok"]


def test_changes_are_two_and_the_comment_is_written_beside(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stacks = Stacks(UP)
    stacks.previewed["eu-west"] = [step("delete", BUCKET)]
    playing(monkeypatch, stacks)
    code, found = document(capsys, "--markdown", str(project / "comment.md"))
    assert (code, found["exitCode"]) == (2, 2)
    assert [(one["region"], one["name"]) for one in found["losesData"]] == [("eu-west", "models")]
    assert (project / "comment.md").read_text().startswith("## 🟡 changes: 1 of what holds data")


def test_a_broken_budget_is_three_and_says_its_sum(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edited(project, rto="19m")
    code, found = document(capsys)
    assert (code, found["verdict"], found["regions"]) == (3, "refused", [])
    assert all(one["budget"] for one in found["problems"])
    assert any("is over the RTO of 19m" in one["remedy"] for one in found["problems"])
    assert not found["budgets"]["ok"]
    assert cli.run(["ci", "preview"]) == 3
    assert "BROKEN" in capsys.readouterr().out


def test_any_other_fault_of_the_configuration_is_one_also_beside_a_broken_budget(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edited(project, rto="19m", colour="red")
    code, found = document(capsys)
    assert (code, found["verdict"]) == (1, "error")
    assert {one["budget"] for one in found["problems"]} == {True, False}


def test_a_platform_that_cannot_be_read_is_one(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "Pulumi.yaml").write_text("name: standfast\n")
    code, found = document(capsys)
    assert (code, found["budgets"]) == (1, None)
    assert found["problems"]


@pytest.mark.parametrize("arguments", [["mars"], ["--colour"], ["--target", "moon"]])
@pytest.mark.parametrize("command", ["preview", "apply"])
def test_what_other_commands_refuse_with_two_is_one_here(
    command: str, arguments: list[str], project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["ci", command, *arguments]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    assert captured.err.strip()


def test_a_comment_that_cannot_be_written_is_said(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    playing(monkeypatch, Stacks(UP))
    assert cli.run(["ci", "preview", "--markdown", str(project / "none" / "comment.md")]) == 1
    assert "name another --markdown file" in capsys.readouterr().err


def test_apply_is_refused_before_the_engine_with_one(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    edited(project, rto="19m")
    monkeypatch.setattr(ci, "Stacks", lambda *_, **__: pytest.fail("asked the engine"))
    assert cli.run(["ci", "apply"]) == 1
    assert "is over the RTO of 19m" in " ".join(capsys.readouterr().err.split())


def test_help_documents_the_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["ci", "preview", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "The worst counts: 1, then 3, then 2, then 0" in text
