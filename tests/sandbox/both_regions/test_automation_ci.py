"""A pipeline on both regions, up and joined: what it is told before a change, and how it makes one.

Sorted before the platform's own life, which ends with its destruction; each test leaves it as it was.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from automation import cli
from automation.commands import ci
from automation.errors import StackLockedError
from automation.stacks import Stacks
from automation.workspace import Workspace
from sandbox import lifecycle
from sandbox.progress import Silent
from tests.policy import mutated
from tests.sandbox.both_regions.platform import Platform
from tests.unit.conventions.source import ROOT

pytestmark = [pytest.mark.engine, pytest.mark.timeout(600)]

BUCKET = "standfast-model-registry-us-east-123456789012"
STACK = "urn:pulumi:us-east::standfast::standfast"
CLAIM = f"{STACK}:inference:Inference$kubernetes:core/v1:PersistentVolumeClaim::inference-claim"
STORE = f"{STACK}:model_buckets:ModelBuckets$aws:s3/bucket:Bucket::model-buckets-velero"
PODS = "/api/v1/namespaces/ml-serving/pods"


@contextmanager
def elsewhere(folder: Path, both: Platform, **env: str) -> Generator[pytest.MonkeyPatch]:
    """The command works in `folder`, on the platform's stacks."""
    place = Workspace(folder, {**both.state.engine_env, **env}, logs=both.state.root / "logs" / "tests")

    @contextmanager
    def stacks(_: Any) -> Generator[Stacks]:
        yield Stacks(place, Silent())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ci, "folder_of", lambda _: folder)
        patch.setattr(ci, "stacks", stacks)
        yield patch


def copy(both: Platform, folder: Path) -> dict[str, Any]:
    """A folder like the workspace, to be edited; its Pulumi.yaml."""
    workspace = lifecycle.refresh_workspace(identity=both.identity)
    for file in workspace.glob("*.yaml"):
        shutil.copy(file, folder)
    (folder / "program").symlink_to(ROOT, target_is_directory=True)
    return yaml.safe_load((folder / "Pulumi.yaml").read_text())


def pulumi(both: Platform, *arguments: str) -> None:
    env, workspace = both.state.engine_env, both.state.workspace
    command = [f"{both.state.root}/bin/pulumi", "--non-interactive", *arguments]
    subprocess.run(command, env=dict(env), cwd=workspace, check=True, capture_output=True)


@contextmanager
def tainted(both: Platform, urn: str) -> Generator[None]:
    """The engine plans to replace the resource."""
    pulumi(both, "state", "taint", urn, "--stack", "us-east", "--yes")
    try:
        yield
    finally:
        pulumi(both, "state", "untaint", urn, "--stack", "us-east", "--yes")


@contextmanager
def opened(both: Platform) -> Generator[None]:
    """A bucket of us-east is changed behind our back."""
    s3 = both.aws("s3", "us-east-1")
    closed = s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"]
    change = {**closed, "BlockPublicPolicy": False}
    s3.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration=change)
    try:
        yield
    finally:
        s3.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration=closed)


def judged(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    code = cli.run(["ci", "preview", "--target", "sandbox", "--json", *arguments])
    captured = capsys.readouterr()
    assert captured.out, captured.err
    return code, json.loads(captured.out)


def test_a_platform_that_is_as_the_program_says_has_nothing_to_do(both: Platform) -> None:
    answer = both.standfast("ci", "preview", "--target", "sandbox", "--json")
    assert answer.code == 0, answer.err
    found = answer.document()
    assert found["verdict"] == "nothing to do"
    for region in found["regions"]:
        assert not region["error"]
        assert set(region["counts"].values()) == {0}
        assert {one["policy"] for one in region["policy"]} == {"images-by-digest"}
        assert region["drift"] == region["notJoined"] == []


def test_a_changed_value_drift_and_lost_data_are_changes_and_each_is_named(
    both: Platform, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = copy(both, tmp_path)
    project["config"]["standfast:platform"]["value"]["inference"]["peakReplicas"] = 9
    (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump(project))
    comment = tmp_path / "comment.md"
    with opened(both), tainted(both, CLAIM), elsewhere(tmp_path, both):
        code, found = judged(capsys, "us-east", "--markdown", str(comment))
    assert (code, found["exitCode"]) == (2, 2)
    [lost] = found["losesData"]
    assert (lost["action"], lost["urn"], lost["refusedAsProtected"]) == ("replace", CLAIM, False)
    [region] = found["regions"]
    changed = {one["name"]: one["properties"] for one in region["updates"]}
    assert any("maxReplicas" in path for path in changed["inference-autoscaler"]), changed
    assert [(one["name"], one["properties"]) for one in region["drift"]] == [
        ("model-buckets-model-registry-public-access", ["blockPublicPolicy"])
    ]
    text = comment.read_text()
    first = text.index("inference-claim")
    assert first < text.index("inference-autoscaler")
    assert first < text.index("model-buckets-model-registry-public-access")


def test_a_mistake_and_a_protected_bucket_are_refused(
    both: Platform, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = copy(both, tmp_path)
    (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump({**project, "main": "spoilt/"}))
    (tmp_path / "spoilt").mkdir()
    shutil.copy(str(mutated.__file__), tmp_path / "spoilt" / "__main__.py")
    mistake = {mutated.VARIABLE: "outlier-detection", mutated.CHECKOUT: str(ROOT)}
    with tainted(both, STORE), elsewhere(tmp_path, both, **mistake):
        code, found = judged(capsys, "us-east")
    assert (code, found["verdict"]) == (3, "refused")
    [region] = found["regions"]
    assert not region["error"]
    mandatory = [one for one in region["policy"] if one["level"] == "mandatory"]
    assert [(one["policy"], one["severity"]) for one in mandatory] == [("outlier-detection", "critical")]
    [lost] = found["losesData"]
    assert (lost["urn"], lost["refusedAsProtected"]) == (STORE, True)


@pytest.fixture
def unwell(both: Platform) -> Iterator[None]:
    """eu-west has lost a pod, and no node takes another."""
    api = both.api("eu-west")
    names = [node["metadata"]["name"] for node in api.get("/api/v1/nodes")["items"]]

    def cordon(*, on: bool) -> None:
        for name in names:
            api.call(
                "PATCH",
                f"/api/v1/nodes/{name}",
                {"spec": {"unschedulable": on}},
                content_type="application/merge-patch+json",
            )

    cordon(on=True)
    try:
        pods = api.get(f"{PODS}?labelSelector=app%3Dinference")["items"]
        api.call("DELETE", f"{PODS}/{pods[0]['metadata']['name']}?gracePeriodSeconds=0")
        yield
    finally:
        cordon(on=False)


def test_a_rollout_stops_at_a_region_that_is_not_healthy(both: Platform, unwell: None) -> None:
    before = both.state_of("us-east")
    answer = both.standfast("ci", "apply", "--target", "sandbox", "--timeout", "3")
    assert answer.code == 1
    said = " ".join(answer.err.split())
    assert "eu-west was updated and is not healthy after 3 s" in said
    assert "5 of 6 replicas are available" in said
    assert "untouched: us-east" in said
    assert "up us-east" not in answer.err
    assert both.state_of("us-east") == before
    # Nor is us-east changed by itself, while it would have nobody to fail over to.
    answer = both.standfast("ci", "apply", "us-east", "--target", "sandbox", "--timeout", "0")
    assert answer.code == 1
    assert "us-east fails over to eu-west, and eu-west is not healthy" in " ".join(answer.err.split())
    assert both.state_of("us-east") == before


def test_run_again_it_goes_on_with_the_failover_target_before_the_primary(both: Platform) -> None:
    answer = both.standfast("ci", "apply", "--target", "sandbox", "--timeout", "60")
    assert answer.code == 0, answer.err
    rows = [line.strip("│").split("│") for line in answer.out.splitlines() if line.startswith("│")]
    named = [[cell.strip() for cell in row] for row in rows if row[0].strip()]
    assert [(row[0], row[1], row[3]) for row in named] == [
        ("eu-west", "none", "us-east"),
        ("us-east", "none", "eu-west"),
    ]
    # Nobody probes names here: the sandbox says so, and does not call it health.
    assert "not judged: in the sandbox moto" in answer.err


def test_a_lock_that_another_run_holds_says_whose_and_since_when(both: Platform) -> None:
    state = both.state
    process = subprocess.Popen(
        [f"{state.root}/bin/pulumi", "refresh", "--preview-only", "--non-interactive", "--stack", "us-east"],
        env=dict(state.engine_env),
        cwd=state.workspace,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        locks = state.root / "state" / ".pulumi" / "locks"
        deadline = time.monotonic() + 20
        while not list(locks.rglob("us-east/*.json")):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGSTOP)
        folder = lifecycle.refresh_workspace(identity=both.identity)
        place = Workspace(folder, state.engine_env, logs=state.root / "logs" / "tests")
        with pytest.raises(StackLockedError) as locked:
            Stacks(place, Silent(), lock_patience=0.0).up("us-east")
    finally:
        process.send_signal(signal.SIGCONT)
        process.wait(timeout=60)
    said = str(locked.value)
    assert f"(process {process.pid}, since {time.strftime('%Y-')}" in said
    assert "pulumi cancel us-east" in said
