"""The command line as a person or a script meets it: exit codes, one document on stdout, clear words."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from automation import cli
from automation.commands import regions as region_commands
from automation.commands.demo import Shown, document, regions_table
from automation.commands.mesh_ca import fill
from automation.errors import Exit
from automation.mesh_ca import MeshCaError, make_root, save_root
from automation.project import platform
from automation.stacks import Outcome
from automation.targets import checkout
from drills.catalogue import DRILLS


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for path in checkout().glob("Pulumi*.yaml"):
        shutil.copy(path, tmp_path)
    return tmp_path


class Settings:
    """Stands for the engine's `config set`: writes into the stack files as it does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _change(self, region: str, key: str, value: Any) -> None:
        path = self.folder / f"Pulumi.{region}.yaml"
        content = yaml.safe_load(path.read_text())
        content["config"][key] = value
        path.write_text(yaml.safe_dump(content))

    def set_config(self, region: str, key: str, values: dict[str, str]) -> None:
        self._change(region, key, values)

    def set_secret(self, region: str, key: str, value: str) -> None:
        self._change(region, key, {"secure": "v1:sealed"})


def certified(project: Path, root: Path | None = None) -> list[str]:
    place: Any = Settings(project)
    return fill(place, project, platform(project), root or project / "root.pem")


def test_check_names_every_fault_in_one_json_document(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    certified(project)
    content = yaml.safe_load((project / "Pulumi.yaml").read_text())
    value = content["config"]["standfast:platform"]["value"]
    value["regions"]["us-east"]["failoverTo"] = "us-east"
    value["colour"] = "red"
    (project / "Pulumi.yaml").write_text(yaml.safe_dump(content))
    code = cli.run(["check", "--json", "--directory", str(project)])
    found = json.loads(capsys.readouterr().out)
    assert code == Exit.REFUSED
    assert not found["ok"]
    keys = {problem["key"] for problem in found["problems"]}
    assert {"standfast:platform.regions.us-east.failoverTo", "standfast:platform.colour"} <= keys
    assert found["budgets"]["ok"]


def test_check_has_no_budgets_of_a_platform_that_cannot_be_read(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = yaml.safe_load((project / "Pulumi.yaml").read_text())
    del content["config"]["standfast:platform"]["value"]["objectives"]
    (project / "Pulumi.yaml").write_text(yaml.safe_dump(content))
    assert cli.run(["check", "--json", "--directory", str(project)]) == Exit.REFUSED
    found = json.loads(capsys.readouterr().out)
    assert found["budgets"] is None
    assert "standfast:platform.objectives" in {problem["key"] for problem in found["problems"]}
    assert cli.run(["check", "-C", str(project)]) == Exit.REFUSED
    assert "standfast:platform.objectives" in capsys.readouterr().out


def test_check_is_content_with_sound_files(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert certified(project) == ["us-east", "eu-west"]
    assert cli.run(["check", "--json", "--directory", str(project)]) == Exit.OK
    found = json.loads(capsys.readouterr().out)
    assert (found["ok"], found["problems"], found["budgets"]["ok"]) == (True, [], True)
    assert cli.run(["check", "-C", str(project)]) == Exit.OK
    shown = capsys.readouterr().out
    for title in ("RTO 30m", "RPO 1h", "Headroom", "What the promise costs", "Quotas", "are sound"):
        assert title in shown


def test_check_shows_the_budgets_of_a_fresh_clone_too(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["check", "--json", "--directory", str(project)]) == Exit.REFUSED
    found = json.loads(capsys.readouterr().out)
    assert {problem["key"] for problem in found["problems"]} == {
        "us-east: standfast:meshCa",
        "eu-west: standfast:meshCa",
    }
    assert found["budgets"]["ok"]
    assert cli.run(["check", "-C", str(project)]) == Exit.REFUSED
    shown = capsys.readouterr().out
    assert "RTO 30m" in shown
    assert "is missing; make it with" in shown


def test_preview_begins_with_a_broken_budget_and_goes_no_further(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    certified(project)
    content = yaml.safe_load((project / "Pulumi.yaml").read_text())
    content["config"]["standfast:platform"]["value"]["objectives"]["rto"] = "19m"
    (project / "Pulumi.yaml").write_text(yaml.safe_dump(content))
    monkeypatch.setattr("automation.commands.regions.folder_of", lambda target: project)
    monkeypatch.setattr("automation.commands.regions.stacks", lambda target: pytest.fail("asked the engine"))
    for command in ("preview", "up"):
        assert cli.run([command, "us-east"]) == Exit.REFUSED
        told = " ".join(capsys.readouterr().err.split())
        assert "detection 30s + DNS TTL 30s" in told
        assert "= 19m15s is over the RTO of 19m" in told


def test_certificates_are_only_made_where_they_are_missing(project: Path) -> None:
    certified(project)
    assert certified(project) == []
    other = project / "other.pem"
    save_root(make_root(platform(project).name), other)
    with pytest.raises(MeshCaError, match="another root"):
        certified(project, other)


def test_a_lost_root_is_not_replaced_in_silence(project: Path) -> None:
    certified(project)
    with pytest.raises(MeshCaError, match="is not there"):
        certified(project, project / "lost.pem")


def test_drills_are_listed_as_one_json_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["drill", "list", "--json"]) == Exit.OK
    assert {drill["name"] for drill in json.loads(capsys.readouterr().out)} == set(DRILLS)


def test_an_unknown_drill_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["drill", "run", "meteor"]) == Exit.ERROR
    captured = capsys.readouterr()
    assert captured.err == f"meteor is no drill; the drills are {', '.join(sorted(DRILLS))}\n"
    assert captured.out == ""


def test_a_drill_is_not_guessed_into_the_sandbox(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["drill", "run", "zone-loss"]) == Exit.OK
    captured = capsys.readouterr()
    assert "aws:network:disrupt-connectivity" in captured.out
    assert "nothing was broken; add --target sandbox" in " ".join(captured.err.split())


@pytest.mark.parametrize("how", [["--json"], ["--json", "-"], ["--json", "--seed", "1"]])
def test_a_drill_in_the_cloud_is_a_plan_as_one_json_document(
    how: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["drill", "run", "region-loss", *how]) == Exit.OK
    found = json.loads(capsys.readouterr().out)
    assert (found["drill"], found["region"], found["ran"]) == ("region-loss", "us-east", False)


def test_a_soak_is_not_held_in_the_cloud(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["drill", "soak"]) == Exit.ERROR
    assert "add --target sandbox" in capsys.readouterr().err


def test_an_unknown_region_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["outputs", "mars"]) == Exit.REFUSED
    assert capsys.readouterr().err == (
        "mars is no region of this platform; the regions are us-east, eu-west\n"
    )


def test_a_missing_engine_is_one_line_that_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cli.run(["outputs", "us-east"]) == Exit.ERROR
    err = capsys.readouterr().err
    assert "the Pulumi command line (pulumi) cannot be used" in err
    assert "--target sandbox" in err
    assert "Traceback" not in err


def test_up_is_refused_before_the_engine_when_certificates_are_missing(
    monkeypatch: pytest.MonkeyPatch, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(region_commands, "folder_of", lambda _: project)
    monkeypatch.setenv("PATH", "")
    assert cli.run(["up", "us-east"]) == Exit.REFUSED
    err = capsys.readouterr().err
    assert "us-east: standfast:meshCa" in err
    assert "eu-west: standfast:meshCa" not in err


def test_destroy_asks_where_nobody_can_answer(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    assert cli.run(["destroy"]) == Exit.ERROR
    assert "--yes" in capsys.readouterr().err


def test_a_sandbox_that_is_not_up_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cli.run(["outputs", "--target", "sandbox"]) == Exit.ERROR
    assert "run `standfast sandbox up`" in capsys.readouterr().err
    assert cli.run(["sandbox", "status", "--json"]) == Exit.OK
    assert json.loads(capsys.readouterr().out)["up"] is False


def test_an_unforeseen_error_is_one_line_and_its_trace_is_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def boom(*_: Any) -> None:
        raise LookupError("odd")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(region_commands, "platform", boom)
    assert cli.run(["outputs"]) == Exit.ERROR
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "LookupError: odd" in err
    assert "boom" in Path(err.rsplit(": ", 1)[1].strip()).read_text()


def test_an_unknown_option_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["check", "--colour"]) == Exit.REFUSED
    assert "No such option" in capsys.readouterr().err


@pytest.mark.parametrize("command", [[], ["sandbox"], ["drill"], ["mesh-ca"]])
def test_help_says_what_the_exit_codes_are_and_each_command_has_a_line(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run([*command, "--help"]) == Exit.OK
    text = capsys.readouterr().out
    listed = text.partition("Commands:")[2].strip().splitlines()
    assert listed
    assert all(len(line.split()) > 3 for line in listed)
    if not command:
        assert "3 when a promise is" in " ".join(text.split()).replace("\n", " ")


def test_to_be_told_to_end_is_an_interrupt() -> None:
    program = """
import time
from automation import cli
from automation.commands import regions

def wait(*_):
    try:
        print("waiting", flush=True)
        time.sleep(30)
    finally:
        print("mended", flush=True)

regions.platform = wait
cli.sys.argv = ["standfast", "outputs"]
cli.main()
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    process.terminate()
    assert process.wait(timeout=20) == Exit.INTERRUPTED
    assert process.stdout.read() == "mended\n"


SHOWN = Shown(
    "us-east",
    [
        Outcome("us-east", "up", {"create": 7}, 12.34, {"joinedPeers": []}),
        Outcome(
            "us-east",
            "up",
            {"same": 7, "create": 2},
            3.21,
            {
                "joinedPeers": ["eu-west"],
                "zones": ["us-east-1a", "us-east-1b"],
                "buckets": {"velero": {"name": "standfast-velero-us-east-123456789012", "arn": "arn:…"}},
                "endpoints": {"entry": "https://inference.example.com"},
                "loadBalancers": {"ingress": "lb.example.com", "eastWest": "ew.example.com"},
                "cluster": {"endpoint": "https://127.0.0.1:6443"},
            },
        ),
    ],
    {"us-east-1a": 3, "us-east-1b": 3},
)


class NoReport:
    def document(self) -> dict[str, Any]:
        return {"drill": "zone-loss"}


def test_the_demos_document_and_table_hold_what_the_last_up_gave() -> None:
    report: Any = NoReport()
    region = document([SHOWN], report, {"all": 1.26})["regions"]["us-east"]
    assert region["resources"] == 9
    assert region["joinedPeers"] == ["eu-west"]
    assert region["readyReplicas"] == {"us-east-1a": 3, "us-east-1b": 3}
    assert region["buckets"] == ["standfast-velero-us-east-123456789012"]
    assert region["endpoints"] == [
        "https://inference.example.com",
        "lb.example.com",
        "https://127.0.0.1:6443",
    ]
    assert [up["seconds"] for up in region["ups"]] == [12.3, 3.2]
    cells = list(regions_table([SHOWN]).columns[1].cells)
    assert cells[:4] == ["9", "us-east-1a, us-east-1b", "a 3, b 3", "eu-west"]
