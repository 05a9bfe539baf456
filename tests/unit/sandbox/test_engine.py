from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.engine import engine_environment, is_secret, merged_stack, prepare_workspace, write_executables
from sandbox.errors import SandboxError
from sandbox.paths import SandboxPaths


@pytest.fixture
def paths(tmp_path: Path) -> SandboxPaths:
    paths = SandboxPaths(id="x", root=tmp_path / "sandbox with a space")
    paths.create()
    return paths


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "__main__.py").write_text("")
    (folder / "Pulumi.yaml").write_text(
        "name: standfast\nruntime: python\nconfig:\n  a:b:\n    value: {c: [1]}\n"
    )
    (folder / "Pulumi.us-east.yaml").write_text("config:\n  standfast:region: {zones: [a, b]}\n")
    return folder


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def test_the_workspace_is_the_checkout_s_project_with_its_program_linked(paths: SandboxPaths, checkout: Path):
    folder = prepare_workspace(paths, checkout)
    assert _read(folder / "Pulumi.yaml") == {**_read(checkout / "Pulumi.yaml"), "main": "program/"}
    assert _read(folder / "Pulumi.us-east.yaml") == _read(checkout / "Pulumi.us-east.yaml")
    assert (folder / "program" / "__main__.py").samefile(checkout / "__main__.py")
    assert sorted(p.name for p in checkout.iterdir()) == ["Pulumi.us-east.yaml", "Pulumi.yaml", "__main__.py"]


def test_an_edited_stack_file_counts_and_what_the_engine_wrote_stays(paths: SandboxPaths, checkout: Path):
    folder = prepare_workspace(paths, checkout)
    copy = folder / "Pulumi.us-east.yaml"
    copy.write_text(yaml.safe_dump({**_read(copy), "encryptionsalt": "v1:salt"}))
    (checkout / "Pulumi.us-east.yaml").write_text("config:\n  standfast:region: {zones: [a, b, c]}\n")
    prepare_workspace(paths, checkout)
    expected = {"config": {"standfast:region": {"zones": ["a", "b", "c"]}}, "encryptionsalt": "v1:salt"}
    assert _read(copy) == expected


def test_secrets_of_an_account_and_of_the_sandbox_never_mix():
    ours = {
        "secretsprovider": "awskms://alias/x",
        "encryptedkey": "k",
        "config": {"standfast:plain": 1, "standfast:ca": {"secure": "theirs"}},
    }
    kept = {"encryptionsalt": "v1:s", "config": {"standfast:ca": {"secure": "own"}, "standfast:old": 2}}
    assert merged_stack(ours, kept) == {
        "config": {"standfast:plain": 1, "standfast:ca": {"secure": "own"}},
        "encryptionsalt": "v1:s",
    }


@pytest.mark.parametrize(
    ("value", "secret"),
    [
        ({"secure": "x"}, True),
        ({"a": [{"b": {"secure": "x"}}]}, True),
        ({"secure": "x", "other": 1}, False),
        ("secure", False),
        ([1, {"a": 2}], False),
    ],
)
def test_is_secret(value: Any, secret: bool):
    assert is_secret(value) is secret


def test_a_folder_that_is_no_checkout_is_named(paths: SandboxPaths, tmp_path: Path):
    with pytest.raises(SandboxError, match=r"Pulumi\.yaml is missing"):
        prepare_workspace(paths, tmp_path)


def test_the_engine_is_led_to_the_sandbox_alone(paths: SandboxPaths, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/usr/bin")
    environment = engine_environment(paths, passphrase="p", providers={"kubernetes": 2, "aws": 1})
    assert environment["PULUMI_DEBUG_PROVIDERS"] == "aws:1,kubernetes:2"
    assert environment["PULUMI_BACKEND_URL"] == f"file://{paths.root}/state?metadata=skip"
    assert environment["PATH"].split(":")[0] == str(paths.bin)
    assert environment["AWS_SHARED_CREDENTIALS_FILE"] == environment["KUBECONFIG"] == "/dev/null"
    assert environment["STANDFAST_SANDBOX_ID"] == "x"


def _aws(paths: SandboxPaths, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [paths.bin / "aws", *arguments], capture_output=True, text=True, check=False, env={}, timeout=60
    )


def test_the_aws_stand_in_answers_get_token_and_nothing_else(paths: SandboxPaths, tmp_path: Path):
    (tmp_path / "pulumi").write_text("")
    paths.token_file.write_text("the-token")
    write_executables(paths, tmp_path / "pulumi", own_hosts=True)
    arguments = ["eks", "get-token", "--cluster-name", "standfast-us-east", "--region", "us-east-1"]
    for extra in ([], ["--output", "json"]):
        answer = _aws(paths, *arguments, *extra)
        assert answer.returncode == 0, answer.stderr
        credential = yaml.safe_load(answer.stdout)
        assert credential["kind"] == "ExecCredential"
        assert credential["apiVersion"] == "client.authentication.k8s.io/v1beta1"
        assert credential["status"]["token"] == "the-token"
    for refused in (["s3", "ls"], ["eks", "delete-cluster", "--name", "x"], ["eks", "get-token"], []):
        answer = _aws(paths, *refused)
        assert answer.returncode == 2
        assert answer.stdout == ""
        assert "stand-in" in answer.stderr


def test_a_released_pulumi_brings_its_own_hosts(paths: SandboxPaths, tmp_path: Path):
    (tmp_path / "pulumi").write_text("")
    write_executables(paths, tmp_path / "pulumi", own_hosts=False)
    assert sorted(p.name for p in paths.bin.iterdir()) == ["aws", "pulumi"]
    assert (paths.bin / "pulumi").readlink() == tmp_path / "pulumi"
