"""The replication twin between buckets of a real moto server."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.host import python_command
from sandbox.moto import client
from sandbox.providers.aws.clients import Clients
from sandbox.replication.control import Control
from sandbox.replication.copying import MARK
from sandbox.replication.journal import Journal, Status
from sandbox.replication.replicator import Replicator
from sandbox.replication.rules import Rule
from sandbox.replication.versions import Pace, Version

EAST, WEST = "models-us-east", "models-eu-west"
PLACES = {EAST: "us-east-1", WEST: "eu-west-1"}
REGIONS = {"us-east": "us-east-1", "eu-west": "eu-west-1"}
ON = {"Status": "Enabled"}
KEY = "arn:aws:kms:eu-west-1:123456789012:key/replicas"
_ROLE = "replication"


class World:
    """Two buckets that replicate to each other, as the program makes them, and the twin."""

    def __init__(self, moto: str, folder: Path) -> None:
        self.moto, self.folder = moto, folder
        self.clients = Clients(endpoint=moto, directory=folder)
        self.s3 = client("s3", moto)
        client("iam", moto).create_role(RoleName=_ROLE, AssumeRolePolicyDocument="{}")
        for bucket, location in PLACES.items():
            where = {} if location == "us-east-1" else {"LocationConstraint": location}
            self.s3_in(location).create_bucket(
                Bucket=bucket, **({"CreateBucketConfiguration": where} if where else {})
            )
            self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=ON)
        self.journal = Journal(folder / "journal.sqlite")
        self.control = folder / "replication.json"
        self.twin = self.new_twin()

    def s3_in(self, location: str) -> Any:
        return client("s3", self.moto, location)

    def new_twin(self, least: float = 0.0, most: float = 0.0) -> Replicator:
        return Replicator(
            self.clients,
            self.journal,
            Control(self.control, REGIONS),
            Pace(least=least, most=most),
            status=self.folder / "status.json",
            events=self.folder / "events.jsonl",
        )

    def join(self, source: str, destination: str, **changed: Any) -> None:
        rule = {
            "ID": f"to-{destination}",
            "Priority": 1,
            "Filter": {"Prefix": ""},
            **ON,
            "DeleteMarkerReplication": ON,
            "SourceSelectionCriteria": {"SseKmsEncryptedObjects": ON, "ReplicaModifications": ON},
            "Destination": {
                "Bucket": f"arn:aws:s3:::{destination}",
                "EncryptionConfiguration": {"ReplicaKmsKeyID": KEY},
                "ReplicationTime": {**ON, "Time": {"Minutes": 15}},
                "Metrics": {**ON, "EventThreshold": {"Minutes": 15}},
            },
            **changed,
        }
        role = f"arn:aws:iam::123456789012:role/{_ROLE}"
        self.clients.get("s3", PLACES[source]).put_bucket_replication(
            Bucket=source, ReplicationConfiguration={"Role": role, "Rules": [rule]}
        )

    def both(self) -> None:
        self.join(EAST, WEST)
        self.join(WEST, EAST)

    def put(self, bucket: str, key: str, body: str, **more: Any) -> str:
        return str(self.s3.put_object(Bucket=bucket, Key=key, Body=body.encode(), **more)["VersionId"])

    def bodies(self, bucket: str, key: str) -> list[str]:
        """What a key holds, oldest first; `-` is a delete marker."""
        listing = self.s3.list_object_versions(Bucket=bucket, Prefix=key)
        found = [(one, False) for one in listing.get("Versions", ())]
        found += [(one, True) for one in listing.get("DeleteMarkers", ())]
        found = [(one, marker) for one, marker in found if one["Key"] == key]
        ordered = sorted(found, key=lambda one: (one[0]["LastModified"], one[0]["IsLatest"]))
        return ["-" if marker else self.body(bucket, key, one["VersionId"]) for one, marker in ordered]

    def body(self, bucket: str, key: str, version: str = "") -> str:
        which = {"VersionId": version} if version else {}
        return str(self.s3.get_object(Bucket=bucket, Key=key, **which)["Body"].read().decode())

    def versions(self, bucket: str) -> int:
        """How many versions and delete markers a bucket holds."""
        listing = self.s3.list_object_versions(Bucket=bucket)
        return len(listing.get("Versions", ())) + len(listing.get("DeleteMarkers", ()))

    def empty(self, bucket: str) -> None:
        """Delete every version and delete marker for good."""
        listing = self.s3.list_object_versions(Bucket=bucket)
        for one in (*listing.get("Versions", ()), *listing.get("DeleteMarkers", ())):
            self.s3.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])

    def restart(self) -> None:
        """Another twin, which reads the journal from its file."""
        self.journal.close()
        self.journal = Journal(self.folder / "journal.sqlite")
        self.twin = self.new_twin()

    def pass_until(self, true: Callable[[], bool], seconds: float = 10.0) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline
            self.twin.step()
            time.sleep(0.05)

    def quiet(self, passes: int = 3) -> None:
        """Passes in which nothing more may happen."""
        for _ in range(passes):
            self.twin.step()

    def stop(self, **regions: list[str]) -> None:
        self.control.write_text(json.dumps(regions))


@pytest.fixture
def world(moto: str, tmp_path: Path) -> Iterator[World]:
    world = World(moto, tmp_path)
    yield world
    world.journal.close()
    world.clients.close()


def until(true: Callable[[], Any], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_moto_itself_replicates_nothing(world: World) -> None:
    world.both()
    world.put(EAST, "m", "1")
    time.sleep(1)
    assert world.s3.list_object_versions(Bucket=WEST).get("Versions", []) == []


def test_an_object_arrives_with_all_that_belongs_to_it_and_goes_no_further(world: World) -> None:
    world.both()
    version = world.put(
        EAST,
        "models/m",
        "weights",
        ContentType="application/octet-stream",
        CacheControl="no-cache",
        Metadata={"sha256": "abc"},
        Tagging="model=default&stage=prod",
        ServerSideEncryption="aws:kms",
        SSEKMSKeyId="arn:aws:kms:us-east-1:123456789012:key/own",
    )
    world.pass_until(lambda: world.bodies(WEST, "models/m") == ["weights"])
    found = world.s3.get_object(Bucket=WEST, Key="models/m")
    assert found["Metadata"] == {"sha256": "abc", MARK: f"{EAST}/{version}"}
    assert (found["ContentType"], found["CacheControl"]) == ("application/octet-stream", "no-cache")
    assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", KEY)
    tags = world.s3.get_object_tagging(Bucket=WEST, Key="models/m")["TagSet"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"model": "default", "stage": "prod"}
    world.quiet()
    assert world.bodies(EAST, "models/m") == ["weights"]
    assert world.bodies(WEST, "models/m") == ["weights"]
    assert world.journal.status(EAST, "models/m", version, WEST) is Status.COMPLETED
    assert world.journal.status(WEST, "models/m", found["VersionId"], EAST) is Status.REPLICA


def test_versions_and_delete_markers_keep_their_order(world: World) -> None:
    world.both()
    for step in ("1", "2", "-", "3", "-"):
        if step == "-":
            world.s3.delete_object(Bucket=EAST, Key="m")
        else:
            world.put(EAST, "m", step)
        time.sleep(1.05)  # dates hold whole seconds
        world.twin.step()
    world.pass_until(lambda: len(world.bodies(WEST, "m")) == 5)
    with pytest.raises(ClientError, match="NoSuchKey"):
        world.body(WEST, "m")
    world.quiet()
    assert world.bodies(WEST, "m") == ["1", "2", "-", "3", "-"]
    assert world.bodies(EAST, "m") == ["1", "2", "-", "3", "-"]


def test_deleting_one_version_stays_where_it_was_done(world: World) -> None:
    world.both()
    first = world.put(EAST, "m", "1")
    world.put(EAST, "m", "2")
    world.pass_until(lambda: len(world.bodies(WEST, "m")) == 2)
    world.s3.delete_object(Bucket=EAST, Key="m", VersionId=first)
    replica = world.s3.head_object(Bucket=WEST, Key="m")["VersionId"]
    world.s3.delete_object(Bucket=WEST, Key="m", VersionId=replica)
    world.quiet()
    assert world.bodies(EAST, "m") == ["2"]
    assert world.bodies(WEST, "m") == ["1"]


def test_replicas_deleted_with_their_versions_are_not_made_again_and_new_versions_are(world: World) -> None:
    """As in S3, where not even Batch Replication brings back what was deleted by its version.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-what-is-isnot-replicated.html
    """
    world.both()
    first = world.put(EAST, "m", "1", Tagging="stage=test")
    world.put(EAST, "other", "1")
    world.pass_until(lambda: world.bodies(WEST, "m") == ["1"] and world.bodies(WEST, "other") == ["1"])
    world.s3.delete_object(Bucket=EAST, Key="other")
    world.pass_until(lambda: len(world.bodies(WEST, "other")) == 2)
    world.empty(WEST)
    world.quiet()
    # Nor by a change of tags, nor by a twin that knows no more than its journal.
    tagging = {"TagSet": [{"Key": "stage", "Value": "prod"}]}
    world.s3.put_object_tagging(Bucket=EAST, Key="m", Tagging=tagging)
    world.restart()
    world.quiet()
    assert world.versions(WEST) == 0
    assert world.bodies(EAST, "m") == ["1"]
    assert len(world.bodies(EAST, "other")) == 2
    assert world.journal.status(EAST, "m", first, WEST) is Status.COMPLETED
    world.put(EAST, "m", "2")
    world.pass_until(lambda: world.bodies(WEST, "m") == ["2"])
    world.put(EAST, "other", "2")
    world.pass_until(lambda: world.bodies(WEST, "other") == ["2"])
    world.put(WEST, "m", "3")
    world.pass_until(lambda: "3" in world.bodies(EAST, "m"))
    world.quiet()
    assert sorted(world.bodies(WEST, "m")) == ["2", "3"]
    assert sorted(world.bodies(EAST, "m")) == ["1", "2", "3"]
    assert world.bodies(WEST, "other") == ["2"]


def test_what_was_there_before_the_rule_stays_where_it_is(world: World) -> None:
    world.put(EAST, "old", "1")
    time.sleep(2.1)  # dates hold whole seconds
    world.twin.step()
    world.join(EAST, WEST, DeleteMarkerReplication={"Status": "Disabled"})
    world.put(EAST, "new", "1")
    world.pass_until(lambda: world.bodies(WEST, "new") == ["1"])
    world.s3.delete_object(Bucket=EAST, Key="new")
    world.quiet()
    assert world.bodies(WEST, "old") == []
    assert world.bodies(WEST, "new") == ["1"]


def _rule() -> Rule:
    return Rule(
        id=f"to-{WEST}",
        source=EAST,
        source_location="us-east-1",
        destination=WEST,
        destination_location="eu-west-1",
        priority=1,
    )


def test_rules_of_the_first_look_are_as_old_as_their_role(world: World) -> None:
    world.both()
    world.put(EAST, "m", "1")
    time.sleep(1.1)
    assert world.journal.fresh
    world.pass_until(lambda: world.bodies(WEST, "m") == ["1"])


def test_encrypted_objects_need_a_rule_that_says_so(world: World) -> None:
    world.join(EAST, WEST, SourceSelectionCriteria={"SseKmsEncryptedObjects": {"Status": "Disabled"}})
    world.put(EAST, "plain", "1")
    world.put(EAST, "secret", "1", ServerSideEncryption="aws:kms")
    world.pass_until(lambda: world.bodies(WEST, "plain") == ["1"])
    world.quiet()
    assert world.bodies(WEST, "secret") == []


def test_a_paused_or_lost_region_gets_nothing_and_catches_up_in_order(world: World) -> None:
    world.both()
    for stopped in ({"paused": ["eu-west"]}, {"down": ["us-east"]}):
        world.stop(**stopped)
        keys = [f"{next(iter(stopped))}/{number}" for number in range(3)]
        for key in reversed(keys):
            world.put(EAST, key, "x")
            time.sleep(1.05)
        world.quiet()
        assert all(world.bodies(WEST, key) == [] for key in keys)
        shown = {one["id"]: one for one in json.loads((world.folder / "status.json").read_bytes())["rules"]}
        waiting = shown[f"to-{WEST}"]
        assert (waiting["operations"], waiting["bytes"], waiting["stopped"]) == (3, 3, True)
        assert waiting["latency_s"] > 2
        world.stop()
        world.pass_until(lambda keys=keys: all(world.bodies(WEST, key) for key in keys))
        events = [json.loads(line) for line in (world.folder / "events.jsonl").read_text().splitlines()]
        assert [one["key"] for one in events][-3:] == list(reversed(keys))


def test_changed_tags_go_both_ways(world: World) -> None:
    world.both()
    world.put(EAST, "m", "1", Tagging="stage=test")
    world.pass_until(lambda: world.bodies(WEST, "m") == ["1"])

    def tag(bucket: str, value: str) -> None:
        tagging = {"TagSet": [{"Key": "stage", "Value": value}]}
        world.s3.put_object_tagging(Bucket=bucket, Key="m", Tagging=tagging)

    def tagged(bucket: str) -> str:
        return str(world.s3.get_object_tagging(Bucket=bucket, Key="m")["TagSet"][0]["Value"])

    world.quiet()
    tag(EAST, "prod")
    world.pass_until(lambda: tagged(WEST) == "prod")
    tag(WEST, "bad")
    world.pass_until(lambda: tagged(EAST) == "bad")
    world.quiet()
    assert tagged(WEST) == "bad"


def test_a_copy_that_was_cut_short_is_found_and_not_made_again(world: World) -> None:
    world.both()
    made = world.put(EAST, "m", "1")
    world.pass_until(lambda: world.bodies(WEST, "m") == ["1"])
    marker = world.s3.delete_object(Bucket=EAST, Key="m")["VersionId"]
    world.pass_until(lambda: len(world.bodies(WEST, "m")) == 2)
    # As a kill leaves it: noted that it begins, not that it is done.
    for id_, is_marker in ((made, False), (marker, True)):
        version = Version(key="m", id=id_, modified=time.time(), marker=is_marker)
        world.journal.write(_rule(), version, Status.PENDING)
    world.quiet()
    assert len(world.bodies(WEST, "m")) == 2
    assert len(world.bodies(EAST, "m")) == 2
    assert world.journal.status(EAST, "m", marker, WEST) is Status.COMPLETED


def test_a_destination_that_is_gone_fails_and_the_metrics_say_so(world: World) -> None:
    world.both()
    world.twin.step()
    world.s3_in("eu-west-1").delete_bucket(Bucket=WEST)
    version = world.put(EAST, "m", "1")
    world.pass_until(lambda: world.journal.status(EAST, "m", version, WEST) is Status.FAILED)
    waiting = [(rule, one) for rule, one in world.twin.waiting(()) if rule.source == EAST]
    world.twin.publish(waiting, Control(world.control, REGIONS).read())
    assert _published(world, "us-east-1", "OperationsFailedReplication") == 1.0
    assert _published(world, "eu-west-1", "BytesPendingReplication") == 0.0
    assert _published(world, "us-east-1", "BytesPendingReplication") is None


def _published(world: World, location: str, metric: str) -> float | None:
    now = dt.datetime.now(dt.UTC)
    points = client("cloudwatch", world.moto, location).get_metric_statistics(
        Namespace="AWS/S3",
        MetricName=metric,
        Dimensions=[
            {"Name": "SourceBucket", "Value": EAST},
            {"Name": "DestinationBucket", "Value": WEST},
            {"Name": "RuleId", "Value": f"to-{WEST}"},
        ],
        StartTime=now - dt.timedelta(minutes=5),
        EndTime=now + dt.timedelta(minutes=1),
        Period=60,
        Statistics=["Maximum"],
    )["Datapoints"]
    return float(points[0]["Maximum"]) if points else None


def test_killed_and_started_again_every_version_arrives_once(world: World) -> None:
    world.both()
    folder = world.folder / "network"
    folder.mkdir()

    def start() -> subprocess.Popen[bytes]:
        argv = python_command(
            "sandbox.replication",
            *("--moto", world.moto, "--sandbox", str(world.folder), "--folder", str(folder)),
            *(part for name, location in REGIONS.items() for part in ("--region", f"{name}={location}")),
            *("--least", "0.1", "--most", "0.8", "--seed", "7"),
        )
        with (world.folder / "twin.log").open("ab") as log:
            return subprocess.Popen(argv, stdout=log, stderr=log)

    def arrived() -> int:
        return len(world.s3.list_object_versions(Bucket=WEST).get("Versions", ()))

    process = start()
    try:
        until((folder / "replication-status.json").exists)
        for number in range(12):
            world.put(EAST, f"m/{number}", str(number))
        until(lambda: arrived() >= 3)
        process.kill()
        process.wait(10)
        assert arrived() < 12
        world.put(EAST, "m/last", "last")
        process = start()
        until(lambda: arrived() >= 13)
        time.sleep(1.5)
    finally:
        process.terminate()
        process.wait(10)
    keys = [*(f"m/{number}" for number in range(12)), "m/last"]
    assert [world.bodies(WEST, key) for key in keys] == [[key.partition("/")[2]] for key in keys]
    assert [len(world.bodies(EAST, key)) for key in keys] == [1] * 13
