"""The stand-in for Velero between a real API server and a real moto server."""

from __future__ import annotations

import json
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from components.backup import desired
from drills.traffic.target import Backup
from sandbox.backups import lifecycle
from sandbox.backups.archive import unpacked
from sandbox.backups.kept import whole
from sandbox.backups.schedules import contents_key, folder, metadata_key
from sandbox.backups.server import BACKUPS, LOCATIONS, SCHEDULES, Velero
from sandbox.control_plane import ControlPlane, Ports
from sandbox.crds import load_crds, served
from sandbox.host import Machine
from sandbox.kube import Api, ApiError
from sandbox.moto import client, start_moto
from sandbox.paths import SandboxPaths
from sandbox.processes import Processes
from sandbox.providers.aws.clients import Clients
from sandbox.replication.control import Control
from sandbox.replication.journal import Journal
from sandbox.replication.replicator import Replicator
from sandbox.replication.versions import Pace
from sandbox.state import RegionState, SandboxState
from sandbox.tools import ensure

pytestmark = pytest.mark.engine

HERE, THERE = "velero-us-east", "velero-eu-west"
KEPT, LEFT = {"backup": "enabled"}, {"backup": "enabled", "velero.io/exclude-from-backup": "true"}
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def until(true: Callable[[], Any], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@dataclass
class Bucket:
    """A bucket of moto, as a drill reads it."""

    s3: Any
    name: str

    def get(self, key: str) -> bytes | None:
        try:
            return self.s3.get_object(Bucket=self.name, Key=key)["Body"].read()
        except self.s3.exceptions.NoSuchKey:
            return None

    def list(self, prefix: str) -> tuple[str, ...]:
        listing = self.s3.list_objects_v2(Bucket=self.name, Prefix=prefix)
        return tuple(one["Key"] for one in listing.get("Contents", ()))


@dataclass
class World:
    """A region's API server with Velero's kinds and some objects, and moto; `now` is the servers' time."""

    api: Api
    state: SandboxState
    s3: Any
    gone: bool = False
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def server(self) -> Velero:
        return Velero(self.api, self.s3, lambda: self.gone, lambda: self.now)

    def old_server(self) -> Velero:
        """One that has begun before there was any schedule."""
        server = self.server()
        server.step()
        return server

    def deploy(self, name: str = desired.RPO, **template: Any) -> dict[str, Any]:
        made = desired.schedules(timedelta(minutes=60), timedelta(minutes=10), 0)[name]
        made["spec"]["template"] |= template
        return self.api.call("POST", SCHEDULES, made)

    def pass_(self, **span: float) -> None:
        self.now += timedelta(**span)

    def schedule(self, name: str = desired.RPO) -> dict[str, Any]:
        return self.api.get(f"{SCHEDULES}/{name}")

    def backups(self) -> list[dict[str, Any]]:
        return sorted(self.api.get(BACKUPS)["items"], key=lambda one: one["metadata"]["name"])

    def phases(self) -> list[str]:
        return [one["status"]["phase"] for one in self.backups()]

    def whole(self, bucket: str = HERE) -> list[Backup]:
        return list(whole(Bucket(self.s3, bucket), "us-east"))

    def held(self) -> list[str]:
        return [one["Key"] for one in self.s3.list_objects_v2(Bucket=HERE).get("Contents", ())]


def stored(api: Api) -> bool:
    """Whether the new kinds can be listed: their storage begins a moment after they are served."""
    try:
        return all("items" in api.get(f"/apis/velero.io/v1/{kind}") for kind in ("schedules", "backups"))
    except ApiError:
        return False


def _region(paths: SandboxPaths) -> World:
    tools, host = ensure(["etcd", "kubernetes", "crds"]), Machine(paths)
    ports = Ports(etcd=host.free_port(), api_server=host.free_port())
    access = ControlPlane("us-east", paths, host, tools, ports=ports).start(secrets.token_hex(16))
    api = access.api()
    for definition in load_crds(tools.folder("crds")):
        if definition["spec"]["group"] == "velero.io":
            api.call("POST", _DEFINITIONS, definition)
    until(lambda: served(api, "velero.io/v1") and stored(api))
    url = start_moto(paths, host, host.free_port())
    region = RegionState(
        name="us-east",
        location="us-east-1",
        zones=("us-east-1a",),
        etcd_port=ports.etcd,
        api_server_port=ports.api_server,
        kubeconfig=access.kubeconfig,
    )
    state = SandboxState(
        id=paths.id,
        root=paths.root,
        checkout=paths.root,
        domain="",
        token="",
        passphrase="",
        moto_port=0,
        moto_url=url,
        gcs_port=0,
        regions={"us-east": region},
    )
    return World(api, state, client("s3", url))


def _objects(api: Api) -> None:
    for name in ("velero", "ml-serving", "ml-training", "other"):
        api.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    objects = {
        "configmaps/kept": KEPT,
        "configmaps/excluded": LEFT,
        "configmaps/unselected": {},
        "secrets/kept": KEPT,
    }
    for path, labels in objects.items():
        kind, _, name = path.partition("/")
        body = {"metadata": {"name": name, "labels": labels}}
        api.call("POST", f"/api/v1/namespaces/ml-serving/{kind}", body)
    api.call(
        "POST", "/api/v1/namespaces/other/configmaps", {"metadata": {"name": "elsewhere", "labels": KEPT}}
    )
    size = {"storage": "1Gi"}
    for name in ("claimed", "free"):
        volume = {"capacity": size, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/none"}}
        api.call("POST", "/api/v1/persistentvolumes", {"metadata": {"name": name}, "spec": volume})
    claim = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": size},
        "volumeName": "claimed",
        "storageClassName": "",
    }
    api.call(
        "POST",
        "/api/v1/namespaces/ml-training/persistentvolumeclaims",
        {"metadata": {"name": "data", "labels": KEPT}, "spec": claim},
    )
    locations = desired.storage_locations("us-east", ["eu-west"], HERE, "velero.io/aws", {})
    for location in locations.values():
        api.call("POST", LOCATIONS, location)


def _join(s3: Any, url: str) -> None:
    """From now on the peer's bucket gets what this one gets."""
    client("iam", url).create_role(RoleName="replication", AssumeRolePolicyDocument="{}")
    rule = {
        "ID": "to-eu-west",
        "Priority": 1,
        "Filter": {"Prefix": ""},
        "Status": "Enabled",
        "DeleteMarkerReplication": {"Status": "Enabled"},
        "Destination": {"Bucket": f"arn:aws:s3:::{THERE}"},
    }
    role = "arn:aws:iam::123456789012:role/replication"
    s3.put_bucket_replication(Bucket=HERE, ReplicationConfiguration={"Role": role, "Rules": [rule]})


@pytest.fixture(scope="module")
def region() -> Iterator[World]:
    paths = SandboxPaths.of(f"backups-test-{secrets.token_hex(4)}")
    paths.create()
    try:
        world = _region(paths)
        _objects(world.api)
        for bucket in (HERE, THERE):
            world.s3.create_bucket(Bucket=bucket)
            world.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        yield world
    finally:
        Processes(paths).stop_all()
        shutil.rmtree(paths.root, ignore_errors=True)


@pytest.fixture
def world(region: World) -> Iterator[World]:
    """The region; afterwards without any schedule and backup."""
    yield World(region.api, region.state, region.s3)
    for kind in (SCHEDULES, BACKUPS):
        for one in region.api.get(kind)["items"]:
            region.api.call("DELETE", f"{kind}/{one['metadata']['name']}")
    for bucket in (HERE, THERE):
        _empty(region.s3, bucket)


def _empty(s3: Any, bucket: str) -> None:
    """With all versions: those of a rule's first second are replicated by it."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for one in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            s3.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])


def test_a_backup_holds_what_the_schedule_chooses_as_velero_lays_it_out(world: World) -> None:
    server = world.old_server()
    world.deploy()
    world.pass_(minutes=11)
    server.step()
    (backup,) = world.backups()
    name, status = backup["metadata"]["name"], backup["status"]
    assert name == f"ml-backup-rpo-{world.now:%Y%m%d%H%M%S}"
    assert (status["phase"], status["formatVersion"]) == ("Completed", "1.1.0")
    assert status["startTimestamp"] == f"{world.now:%Y-%m-%dT%H:%M:%SZ}"
    assert status["expiration"] == f"{world.now + desired.RPO_TTL:%Y-%m-%dT%H:%M:%SZ}"
    assert world.schedule()["status"]["lastBackup"] == status["startTimestamp"]
    kept = json.loads(world.s3.get_object(Bucket=HERE, Key=metadata_key("us-east", name))["Body"].read())
    assert (kept["kind"], kept["status"]) == ("Backup", status)
    body = world.s3.get_object(Bucket=HERE, Key=contents_key("us-east", name))["Body"].read()
    objects = unpacked(body)
    assert set(objects) == {
        "resources/configmaps/namespaces/ml-serving/kept.json",
        "resources/secrets/namespaces/ml-serving/kept.json",
        "resources/persistentvolumeclaims/namespaces/ml-training/data.json",
        "resources/persistentvolumes/cluster/claimed.json",
    }
    assert {one["kind"] for one in objects.values()} == {
        "ConfigMap",
        "Secret",
        "PersistentVolumeClaim",
        "PersistentVolume",
    }


def test_a_kept_object_can_be_made_again_from_the_tarball(world: World) -> None:
    world.deploy()
    world.server().step()
    (backup,) = world.whole()
    body = world.s3.get_object(Bucket=HERE, Key=contents_key("us-east", backup.name))["Body"].read()
    found = unpacked(body)["resources/configmaps/namespaces/ml-serving/kept.json"]
    path = "/api/v1/namespaces/ml-serving/configmaps"
    world.api.call("DELETE", f"{path}/kept")
    found["metadata"] = {name: found["metadata"][name] for name in ("name", "namespace", "labels")}
    world.api.call("POST", path, found)
    assert world.api.get(f"{path}/kept")["metadata"]["labels"] == KEPT


def test_a_schedule_is_taken_at_its_times_and_missed_ones_once(world: World) -> None:
    server = world.old_server()
    world.deploy()
    server.step()
    assert world.backups() == []
    assert world.schedule()["status"]["phase"] == "Enabled"
    for minutes, count in ((11, 1), (0, 1), (10, 2), (125, 3), (0, 3)):
        world.pass_(minutes=minutes)
        server.step()
        assert len(world.backups()) == count
    assert [one.started for one in world.whole()] == sorted(one.started for one in world.whole())


def test_a_server_that_begins_takes_what_has_no_backup_yet_but_not_what_is_paused(world: World) -> None:
    world.deploy()
    world.deploy(desired.DAILY)
    paused = {"spec": {"paused": True}}
    path = f"{SCHEDULES}/{desired.DAILY}"
    world.api.call("PATCH", path, paused, content_type="application/merge-patch+json")
    server = world.server()
    server.step()
    server.step()
    world.pass_(days=2)
    assert [one.schedule for one in world.whole()] == [desired.RPO]
    server.step()
    assert {one.schedule for one in world.whole()} == {desired.RPO}


def test_a_region_that_is_cut_off_writes_nothing_and_one_backup_when_it_is_back(world: World) -> None:
    server = world.old_server()
    world.deploy()
    world.gone = True
    world.pass_(minutes=45)
    server.step()
    assert (world.backups(), world.held()) == ([], [])
    world.gone = False
    server.step()
    assert len(world.whole()) == 1


def test_a_region_that_is_cut_off_while_it_writes_leaves_no_whole_backup(world: World) -> None:
    world.deploy()

    class Cut:
        """An S3 that takes one object; then the region is cut off."""

        def put_object(self, **sent: Any) -> None:
            world.s3.put_object(**sent)
            world.gone = True

    server = Velero(world.api, Cut(), lambda: world.gone, lambda: world.now)
    server.step()
    assert world.phases() == ["Failed"]
    assert "gives no answer" in world.backups()[0]["status"]["failureReason"]
    assert [key.rpartition(".")[2] for key in world.held()] == ["gz"]
    assert world.whole() == []


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ({"hooks": {"resources": []}}, "spec.template.hooks is not modelled here"),
        ({"includedResources": ["gadgets"]}, "the API server has no gadgets"),
        ({"storageLocation": "nowhere"}, "there is no location nowhere"),
        ({"storageLocation": "eu-west"}, "eu-west is in read-only mode"),
    ],
)
def test_what_cannot_be_backed_up_fails_and_says_why(
    world: World, template: dict[str, Any], reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    world.deploy(**template)
    server = world.server()
    server.step()
    server.step()
    (backup,) = world.backups()
    assert backup["status"]["phase"] == "FailedValidation"
    assert reason in backup["status"]["validationErrors"][0]
    assert reason in caplog.text
    assert world.held() == []


def test_an_expression_that_is_not_understood_disables_its_schedule_and_no_other(world: World) -> None:
    world.deploy(desired.DAILY)
    world.deploy()
    patch = {"spec": {"schedule": "@every 10m"}}
    path = f"{SCHEDULES}/{desired.DAILY}"
    world.api.call("PATCH", path, patch, content_type="application/merge-patch+json")
    world.server().step()
    status = world.schedule(desired.DAILY)["status"]
    assert status["phase"] == "FailedValidation"
    assert "invalid schedule '@every 10m'" in status["validationErrors"][0]
    assert [one.schedule for one in world.whole()] == [desired.RPO]


def test_what_has_expired_is_removed_and_nothing_else(world: World) -> None:
    world.deploy()
    world.deploy(desired.DAILY)
    server = world.server()
    server.step()
    assert len(world.whole()) == 2
    (expired,) = [one.name for one in world.whole() if one.schedule == desired.RPO]
    world.pass_(hours=24, minutes=1)
    server.step()
    server.step()
    # A day later both were due again, and only the first daily one is kept for so long.
    kept = {one.name: one.schedule for one in world.whole()}
    assert sorted(kept.values()) == [desired.DAILY, desired.DAILY, desired.RPO]
    assert expired not in kept
    assert {one["metadata"]["name"] for one in world.backups()} == set(kept)
    assert not any(key.startswith(folder("us-east", expired)) for key in world.held())


def test_what_was_left_half_done_has_failed(world: World) -> None:
    world.deploy()
    world.server().step()
    (backup,) = world.backups()
    patch = {"status": {"phase": "InProgress"}}
    path = f"{BACKUPS}/{backup['metadata']['name']}"
    world.api.call("PATCH", path, patch, content_type="application/merge-patch+json")
    world.server().step()
    assert world.phases() == ["Failed"]


def test_replication_brings_a_whole_backup_to_the_peer(world: World, tmp_path: Path) -> None:
    _join(world.s3, world.state.moto_url)
    clients = Clients(endpoint=world.state.moto_url, directory=tmp_path)
    journal = Journal(tmp_path / "journal.sqlite")
    replicator = Replicator(
        clients,
        journal,
        Control(tmp_path / "replication.json", {"us-east": "us-east-1"}),
        Pace(least=0.0, most=0.0),
        status=tmp_path / "status.json",
        events=tmp_path / "events.jsonl",
    )
    replicator.step()
    world.deploy()
    world.server().step()

    def arrived() -> bool:
        replicator.step()
        return world.whole(THERE) == world.whole()

    until(arrived)
    assert len(world.whole(THERE)) == 1
    journal.close()
    clients.close()


def test_the_process_begins_with_a_backup_of_each_schedule_and_goes_on_where_it_stopped(world: World) -> None:
    for name in (desired.RPO, desired.DAILY):
        world.deploy(name)
    lifecycle.start(world.state)
    taken = world.whole()
    assert sorted(one.schedule for one in taken) == [desired.DAILY, desired.RPO]
    lifecycle.stop(world.state)
    lifecycle.start(world.state)
    lifecycle.stop(world.state)
    # The frequent one may have become due meanwhile.
    daily = [one for one in world.whole() if one.schedule == desired.DAILY]
    assert daily == [one for one in taken if one.schedule == desired.DAILY]
