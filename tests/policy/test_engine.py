"""The pack on the real engine: it lets the real program pass, and refuses it with mistakes in it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from sandbox import lifecycle
from sandbox.paths import SandboxPaths
from tests.policy import mutated
from tests.sandbox.both_regions.platform import Platform
from tests.unit.conventions.source import ROOT

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]

PACK = ROOT / "policy"
FINDING = re.compile(r"\[(mandatory|advisory)\]\s+([a-z0-9-]+)")


@dataclass(frozen=True)
class Preview:
    """What `pulumi preview --policy-pack policy` said; findings are (level, rule)."""

    code: int
    text: str

    @property
    def findings(self) -> set[tuple[str, str]]:
        return {(level, rule) for level, rule in FINDING.findall(self.text)}


def preview(folder: Path, env: Mapping[str, str], **more: str) -> Preview:
    """The command as a person gives it, in a folder with stack files."""
    command = [
        "pulumi",
        "preview",
        "--non-interactive",
        "--color=never",
        "--suppress-outputs",
        "-s",
        "us-east",
    ]
    done = subprocess.run(
        [*command, "--policy-pack", str(PACK)],
        cwd=folder,
        env={**os.environ, **env, **more},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return Preview(done.returncode, f"{done.stdout}\n{done.stderr}")


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A sandbox with the mesh's authority and no region up."""
    identity = f"test-policy-{os.getpid()}"
    platform = Platform(identity, tmp_path_factory.mktemp("mesh") / "root.pem")
    try:
        started = platform.standfast("sandbox", "up")
        assert started.code == 0, started.err
        made = platform.standfast(
            "mesh-ca", "create", "--root-key", str(platform.root_key), "--target", "sandbox"
        )
        assert made.code == 0, made.err
        yield platform
    finally:
        lifecycle.down(identity=identity)
        shutil.rmtree(SandboxPaths.of(identity).kept_logs, ignore_errors=True)


def spoilt(platform: Platform, folder: Path) -> Path:
    """A folder like the sandbox's workspace, whose program makes mistakes."""
    workspace = lifecycle.refresh_workspace(identity=platform.identity)
    for file in workspace.glob("*.yaml"):
        shutil.copy(file, folder)
    project = yaml.safe_load((folder / "Pulumi.yaml").read_text())
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({**project, "main": "spoilt/"}))
    (folder / "spoilt").mkdir()
    shutil.copy(str(mutated.__file__), folder / "spoilt" / "__main__.py")
    return folder


def test_the_real_program_passes_with_no_waiver(platform: Platform) -> None:
    workspace = lifecycle.refresh_workspace(identity=platform.identity)
    said = preview(workspace, platform.state.engine_env)
    assert said.code == 0, said.text
    assert said.findings == {("advisory", "images-by-digest")}


def test_a_program_with_mistakes_is_refused_by_the_rules_meant_for_them(
    platform: Platform, tmp_path: Path
) -> None:
    mistakes = {mutated.VARIABLE: ",".join(mutated.MISTAKES), mutated.CHECKOUT: str(ROOT)}
    said = preview(spoilt(platform, tmp_path), platform.state.engine_env, **mistakes)
    assert said.code != 0
    refusals = {rule for level, rule in said.findings if level == "mandatory"}
    assert refusals == set(mutated.MISTAKES), said.text
    assert "Traceback" not in said.text
