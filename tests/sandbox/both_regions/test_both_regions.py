"""One life of a platform, in this order: up, again, drift, a lost zone, a lost region, gone."""

from __future__ import annotations

import json
import re
import signal
import time
from typing import Any

import pytest

from sandbox.paths import SandboxPaths
from sandbox.processes import Processes
from tests.sandbox.both_regions.conftest import KILLED_AFTER
from tests.sandbox.both_regions.holdings import holdings, left
from tests.sandbox.both_regions.platform import Platform

pytestmark = [pytest.mark.engine, pytest.mark.timeout(1200)]

PEER = {"us-east": "eu-west", "eu-west": "us-east"}
BUCKET = "standfast-model-registry-us-east-123456789012"


def rows(table: str) -> list[list[str]]:
    """The body of a printed table."""
    lines = [line for line in table.splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]


def test_a_killed_up_is_finished_by_the_next(both: Platform) -> None:
    assert both.killed_at >= KILLED_AFTER
    assert both.first is not None
    assert "Traceback" not in both.first.err
    first = rows(both.first.out)[0]
    assert first[0] == "us-east"
    assert int(first[1]) > both.killed_at
    for region in PEER:
        assert not both.state_of(region).get("pending_operations")


def test_the_first_region_goes_again_to_join_the_second(both: Platform) -> None:
    assert both.first is not None
    assert [row[0] for row in rows(both.first.out)] == ["us-east", "eu-west", "us-east"]


def test_outputs_are_one_document_with_secrets_masked(both: Platform) -> None:
    answer = both.standfast("outputs", "--target", "sandbox", "--json")
    assert answer.code == 0
    outputs = answer.document()
    for region, peer in PEER.items():
        assert outputs[region]["joinedPeers"] == [peer]
        assert outputs[region]["remoteReaderToken"] == "[secret]"
        assert len(outputs[region]["zones"]) == 3
    assert "disaster" in outputs["eu-west"]["endpoints"]
    assert "disaster" not in outputs["us-east"]["endpoints"]


def test_secrets_stand_nowhere_in_plain_text(both: Platform) -> None:
    key = re.search(r"-----BEGIN PRIVATE KEY-----\n(.{40})", both.root_key.read_text())
    assert key is not None
    for region in PEER:
        state = json.dumps(both.state_of(region))
        assert "PRIVATE KEY" not in state
        assert key[1] not in state
        assert "PRIVATE KEY" not in (both.state.root / "workspace" / f"Pulumi.{region}.yaml").read_text()


def test_the_service_runs_over_all_zones_of_both_regions(both: Platform) -> None:
    # A zone whose nodes came late gets its pods with the descheduler's next pass, which comes each minute.
    deadline = time.monotonic() + 180.0
    for region in PEER:
        while (ready := _ready_by_zone(both, region)) != [2, 2, 2]:
            assert time.monotonic() < deadline, ready
            time.sleep(1.0)


def _ready_by_zone(both: Platform, region: str) -> list[int]:
    api = both.api(region)
    zones = {
        node["metadata"]["name"]: node["metadata"]["labels"]["topology.kubernetes.io/zone"]
        for node in api.get("/api/v1/nodes")["items"]
    }
    pods = api.get("/api/v1/namespaces/ml-serving/pods?labelSelector=app%3Dinference")["items"]
    ready = [
        zones[pod["spec"]["nodeName"]]
        for pod in pods
        if any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"]["conditions"])
    ]
    return sorted(ready.count(zone) for zone in set(zones.values()))


def test_a_second_up_changes_nothing(both: Platform) -> None:
    answer = both.standfast("up", "--target", "sandbox")
    assert answer.code == 0, answer.err
    assert [(row[0], row[2]) for row in rows(answer.out)] == [("us-east", "none"), ("eu-west", "none")]


def test_a_refresh_finds_no_drift(both: Platform) -> None:
    stacks = both.stacks()
    for region in PEER:
        assert stacks.refresh(region, preview_only=True).changed == {}


def test_a_bucket_changed_behind_our_back_shows_and_is_put_right(both: Platform) -> None:
    s3 = both.aws("s3", "us-east-1")
    closed = s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"]
    s3.put_public_access_block(
        Bucket=BUCKET, PublicAccessBlockConfiguration={**closed, "BlockPublicPolicy": False}
    )
    stacks = both.stacks()
    assert stacks.refresh("us-east", preview_only=True).changed == {"update": 1}
    stacks.refresh("us-east")
    assert stacks.up("us-east").changed == {"update": 1}
    assert s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"] == closed


def test_a_lost_zone_heals_by_what_the_program_deployed(both: Platform) -> None:
    answer = both.standfast("drill", "run", "zone-loss", "--target", "sandbox", "--json", "-")
    assert answer.code == 0, answer.err
    report = answer.document()
    assert report["verdict"] == "kept"
    loss = report["loss"]["secondsUntil"]
    assert loss["minAvailableReady"] == 0
    assert 30 < loss["nodesNotReady"] < 75
    assert loss["nodesNotReady"] - 10 < loss["allReady"] < 180
    assert report["loss"]["mostMissing"] == 2
    assert report["return"]["mostMissing"] <= report["replicas"] - report["minAvailable"]
    assert set(report["return"]["readyAfter"].values()) == {2}


def test_a_survivor_needs_nothing_of_a_peer_that_is_gone(both: Platform) -> None:
    processes = Processes(SandboxPaths.of(both.identity))
    gone = [record.name for record in processes.records() if "eu-west" in record.name]
    assert any(name.startswith("kube-apiserver") for name in gone)
    try:
        for name in gone:
            processes.signal(name, signal.SIGSTOP)
        answer = both.standfast("up", "us-east", "--target", "sandbox")
    finally:
        for name in gone:
            processes.signal(name, signal.SIGCONT)
    assert answer.code == 0, answer.err
    assert [(row[0], row[2]) for row in rows(answer.out)] == [("us-east", "none")]


def test_destroy_leaves_protected_data_and_says_so(both: Platform) -> None:
    answer = both.standfast("destroy", "--target", "sandbox", "--yes")
    assert answer.code == 0, answer.err
    assert BUCKET in answer.err
    assert "--also-protected" in answer.err
    remains = left(both.before, holdings(both))
    assert not {"us-east", "eu-west"} & set(remains), remains
    kept = {item for items in remains.values() for item in items}
    assert any(item == f"s3 bucket {BUCKET}" for item in kept)
    assert {item.split()[0] for item in kept} <= {"s3", "kms"}, kept


def test_destroy_with_its_data_leaves_nothing(both: Platform) -> None:
    answer = both.standfast("destroy", "--target", "sandbox", "--yes", "--also-protected")
    assert answer.code == 0, answer.err
    assert left(both.before, holdings(both)) == {}


def test_down_leaves_no_process(both: Platform) -> None:
    assert both.standfast("sandbox", "down").code == 0
    assert Processes(SandboxPaths.of(both.identity)).all_marked() == []
    status: Any = both.standfast("sandbox", "status", "--json").document()
    assert (status["exists"], status["up"]) == (False, False)
