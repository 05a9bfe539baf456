"""The GitHub Actions workflow: who may do what, in which order, and that its commands are there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
import typer
import yaml

from automation.cli import app
from automation.targets import checkout

PATH = checkout() / ".github" / "workflows" / "standfast.yml"
TEXT = PATH.read_text()
WORKFLOW: dict[Any, Any] = yaml.safe_load(TEXT)
JOBS: dict[str, dict[str, Any]] = WORKFLOW["jobs"]
# YAML 1.1 reads the key `on` as a boolean.
EVENTS: dict[str, Any] = WORKFLOW[True]


def steps(job: str) -> list[dict[str, Any]]:
    return JOBS[job]["steps"]


def place(job: str, words: str) -> int:
    """Where in a job the one step is that uses or runs this."""
    found = [
        n for n, step in enumerate(steps(job)) if words in f"{step.get('uses', '')} {step.get('run', '')}"
    ]
    assert len(found) == 1, (job, words, found)
    return found[0]


def commands(program: str) -> Iterator[list[str]]:
    """The arguments of every call of a program."""
    for job in JOBS:
        for step in steps(job):
            for line in str(step.get("run", "")).splitlines():
                words = shlex.split(line.split("||")[0], comments=True)
                if words and words[0] == program:
                    yield words[1:]


def test_it_runs_for_pull_requests_and_for_main_alone() -> None:
    # Not `pull_request_target`, which gives a fork's change the rights of the repository.
    assert EVENTS == {"pull_request": {"branches": ["main"]}, "push": {"branches": ["main"]}}
    assert "github.event.pull_request.head.repo.full_name == github.repository" in JOBS["preview"]["if"]
    assert JOBS["apply"]["if"] == "github.event_name == 'push' && github.ref == 'refs/heads/main'"


def test_each_job_has_the_rights_that_it_needs_and_no_other() -> None:
    assert WORKFLOW["permissions"] == {}
    assert {name: job["permissions"] for name, job in JOBS.items()} == {
        "check": {"contents": "read"},
        "preview": {"contents": "read", "id-token": "write", "pull-requests": "write"},
        "apply": {"contents": "read", "id-token": "write"},
    }
    for job in JOBS:
        for step in steps(job):
            if "actions/checkout" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False


def test_every_action_is_pinned_to_a_commit_and_says_its_version() -> None:
    lines = [line.strip().removeprefix("- ") for line in TEXT.splitlines() if "uses:" in line]
    assert lines
    pinned: dict[str, str] = {}
    for line in lines:
        found = re.fullmatch(r"uses: ([\w-]+/[\w-]+)@([0-9a-f]{40} # v\d+\.\d+\.\d+)", line)
        assert found is not None, line
        assert pinned.setdefault(found[1], found[2]) == found[2]


def test_no_key_is_kept_anywhere() -> None:
    assert "secrets." not in TEXT
    assert "access-key" not in TEXT.lower()
    roles: dict[str, str] = {}
    for job in ("preview", "apply"):
        given = steps(job)[place(job, "aws-actions/configure-aws-credentials")]["with"]
        roles[job] = given["role-to-assume"]
    # Whoever may look may not change.
    assert roles == {"preview": "${{ vars.PREVIEW_ROLE_ARN }}", "apply": "${{ vars.APPLY_ROLE_ARN }}"}


def test_nothing_that_others_write_becomes_a_part_of_a_script() -> None:
    for job in JOBS:
        for step in steps(job):
            assert "${{" not in step.get("run", "")


def test_what_is_wrong_is_found_before_the_role_is_taken() -> None:
    for job, command in (("preview", "standfast ci preview"), ("apply", "standfast ci apply")):
        assert JOBS[job]["needs"] == "check"
        order = [place(job, words) for words in ("standfast check", "configure-aws-credentials", command)]
        assert order == sorted(order)
    assert (
        place("preview", "ci preview") < place("preview", "gh pr comment") < place("preview", 'case "$CODE"')
    )
    assert list(commands("make")) == [["check"], ["setup"], ["setup"]]
    targets = re.findall(r"^(\w+):", (checkout() / "Makefile").read_text(), re.MULTILINE)
    assert {"check", "setup"} <= set(targets)


def test_two_rollouts_never_run_at_once_and_each_is_approved() -> None:
    apply = JOBS["apply"]
    assert apply["concurrency"] == {"group": "standfast-apply", "cancel-in-progress": False}
    assert apply["environment"] == "production"
    preview = JOBS["preview"]["concurrency"]
    assert preview["group"] != apply["concurrency"]["group"]
    role = steps("apply")[place("apply", "configure-aws-credentials")]["with"]
    assert role["role-duration-seconds"] >= apply["timeout-minutes"] * 60


def test_its_commands_are_the_command_lines_own() -> None:
    asked = list(commands(".venv/bin/standfast"))
    assert [words[:2] for words in asked] == [["check"], ["ci", "preview"], ["check"], ["ci", "apply"]]
    for words in asked:
        command: Any = typer.main.get_command(app)
        rest = list(words)
        while hasattr(command, "commands"):
            command = command.commands[rest.pop(0)]
        with command.make_context(command.name, rest) as context:
            assert context.params.get("target", "cloud") == "cloud"


def test_the_engine_is_the_sdks() -> None:
    project = tomllib.loads((checkout() / "pyproject.toml").read_text())["project"]
    assert f"pulumi=={WORKFLOW['env']['PULUMI_VERSION']}" in project["dependencies"]


@pytest.mark.parametrize(("code", "ends"), [("0", 0), ("2", 0), ("3", 3), ("1", 1), ("130", 1), ("", 1)])
def test_the_verdict_passes_with_changes_and_fails_when_it_is_refused_or_missing(
    code: str, ends: int
) -> None:
    script = steps("preview")[place("preview", 'case "$CODE"')]["run"]
    run = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    done = subprocess.run(run, env={**os.environ, "CODE": code}, capture_output=True, text=True, check=False)
    assert done.returncode == ends
    assert ("::error::" in done.stdout) == bool(ends)
