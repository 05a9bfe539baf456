"""Errors of the engine itself, each caused for real."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from pulumi.automation import CommandError

from automation.errors import (
    BackendError,
    EngineError,
    Exit,
    LoginError,
    PluginMissingError,
    SecretsError,
    StackLockedError,
)
from sandbox.tools import ensure
from tests.automation.errors.conftest import REGION, Project

pytestmark = pytest.mark.engine


def test_no_login_says_how_to_log_in(project: Project, tmp_path: Path) -> None:
    never = tmp_path / "never"
    with pytest.raises(LoginError) as caught:
        project.stacks("PULUMI_BACKEND_URL", PULUMI_HOME=str(never)).names()
    text = str(caught.value)
    assert "list of the stacks failed: PULUMI_ACCESS_TOKEN must be set for login" in text
    assert "cause: the engine is not logged in where the state is kept" in text
    assert "`pulumi login s3://BUCKET`" in text
    # Nothing was run that could have left something, and nothing has a log.
    assert "what stands" not in text
    assert caught.value.exit_code == Exit.ERROR
    assert "code: 255" not in text


def test_a_login_that_a_site_no_longer_takes(project: Project, answering_401: str) -> None:
    with pytest.raises(LoginError, match="cause: the engine is not logged in"):
        project.stacks(PULUMI_BACKEND_URL=answering_401, PULUMI_ACCESS_TOKEN="pul-" + "0" * 40).names()


@pytest.fixture
def nobody() -> int:
    """A port of the loopback address on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_backend_that_cannot_be_opened_is_named(project: Project, tmp_path: Path, nobody: int) -> None:
    bucket = f"s3://state?endpoint=127.0.0.1:{nobody}&region=us-east-1&disableSSL=true&s3ForcePathStyle=true"
    for url, said in (
        (f"file://{tmp_path / 'gone'}", "no such file or directory"),
        (bucket, "connection refused"),
        (f"http://127.0.0.1:{nobody}", "connection refused"),
    ):
        env = {"PULUMI_BACKEND_URL": url, "PULUMI_ACCESS_TOKEN": "pul-" + "0" * 40}
        with pytest.raises(BackendError) as caught:
            project.stacks(**env, AWS_MAX_ATTEMPTS="1").names()
        text = str(caught.value)
        assert said in text
        assert "cause: the place where the state is kept cannot be opened" in text
        assert "`pulumi login URL`" in text


def test_a_wrong_passphrase_is_told_and_not_echoed(project: Project) -> None:
    project.stacks().set_secret(REGION, "key", "hush")
    wrong = project.stacks(PULUMI_CONFIG_PASSPHRASE="close sesame")
    for operation in (
        lambda: wrong.preview(REGION),
        lambda: wrong.up(REGION),
        lambda: wrong.set_secret(REGION, "key", "other"),
    ):
        with pytest.raises(SecretsError) as caught:
            operation()
        text = str(caught.value)
        assert "incorrect passphrase" in text
        assert "remedy: set PULUMI_CONFIG_PASSPHRASE" in text
        assert f"`pulumi config --show-secrets --stack {REGION}`" in text
        assert "close sesame" not in text + project.logs()


def test_no_passphrase_at_all(project: Project) -> None:
    project.stacks().set_secret(REGION, "key", "hush")
    with pytest.raises(SecretsError, match="passphrase must be set"):
        project.stacks("PULUMI_CONFIG_PASSPHRASE").preview(REGION)


def test_a_missing_plugin_is_installed_by_the_command_that_is_told(project: Project) -> None:
    project.write(
        """
        import pulumi, pulumi_aws as aws
        there = aws.Provider("there", region="us-east-1")
        aws.s3.Bucket("models", opts=pulumi.ResourceOptions(provider=there))
        """
    )
    with pytest.raises(PluginMissingError) as caught:
        project.stacks().preview(REGION)
    text = str(caught.value)
    assert "pulumi:providers:aws there: no resource plugin 'pulumi-resource-aws' found" in text
    assert "cause: the provider plugin aws is not installed" in text
    assert "remedy: run `pulumi plugin install resource aws v7." in text
    assert str(caught.value.log) in text


def test_a_missing_language_host_is_told(project: Project) -> None:
    # As it was built, with nothing beside it.
    alone = replace(project.workspace, pulumi=str(ensure(["pulumi"]).program("pulumi")))
    with pytest.raises(PluginMissingError, match="remedy: install the released Pulumi"):
        Project(alone, project.env).stacks(PATH="/usr/bin:/bin").preview(REGION)


WAITING = """
import pathlib, time
pathlib.Path("began").touch()
while not pathlib.Path("go").exists():
    time.sleep(0.05)
"""


def test_a_lock_of_a_living_update_is_respected(project: Project) -> None:
    project.write(WAITING)
    folder = project.workspace.folder
    failed: list[EngineError | CommandError] = []

    def first() -> None:
        try:
            project.stacks().up(REGION)
        except (EngineError, CommandError) as error:
            failed.append(error)

    living = threading.Thread(target=first)
    living.start()
    try:
        deadline = time.monotonic() + 30
        while not (folder / "began").exists():
            assert time.monotonic() < deadline, "the first update never began"
            time.sleep(0.05)
        with pytest.raises(StackLockedError) as caught:
            project.stacks().up(REGION)
    finally:
        (folder / "go").touch()
        living.join()
    text = str(caught.value)
    assert f"{REGION} is locked by " in text
    assert f"@{socket.gethostname()} (process " in text
    assert ", since 20" in text
    assert f"`pulumi cancel {REGION}`" in text
    assert not failed
    # It was only in the way while it lived.
    assert project.stacks().up(REGION).resources == 1
