"""A region's backups, as the engine would see them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from pulumi_kubernetes.core.v1 import Namespace

from components.backup.args import BackupArgs
from components.backup.aws import Backup
from components.backup.desired import BackupError
from tests.program.recording import Recording, record
from tests.unit.backup.test_registry import ARGS


def record_backup(args: BackupArgs = ARGS) -> Recording:
    def program() -> None:
        velero = Namespace("velero", metadata={"name": "velero"})
        serving = Namespace("serving", metadata={"name": "ml-serving"})
        Backup("backup", replace(args, velero=[velero], serving=[serving]))

    return record(program)


def test_every_object_of_the_lesson_is_there_under_its_name() -> None:
    recording = record_backup()
    assert recording.object("Schedule", "ml-backup-daily")["metadata"]["namespace"] == "velero"
    assert recording.object("CronJob", "model-registry-backup")["metadata"]["namespace"] == "ml-serving"
    assert recording.object("BackupStorageLocation", "default")["spec"]["default"] is True


def test_a_joined_peers_backups_can_be_read() -> None:
    location = record_backup().object("BackupStorageLocation", "eu-west")
    assert location["spec"]["accessMode"] == "ReadOnly"
    alone = record_backup(replace(ARGS, peers=()))
    names = [
        r.inputs["metadata"]["name"]
        for r in alone.resources
        if r.inputs.get("kind") == "BackupStorageLocation"
    ]
    assert names == ["default"]


def test_the_job_has_its_identity_its_network_and_its_account_first() -> None:
    recording = record_backup()
    job = recording.named("backup-registry-job")
    for earlier in (
        recording.one("aws:eks/podIdentityAssociation:PodIdentityAssociation"),
        recording.named("backup-registry-account"),
        recording.named("backup-registry-network"),
        recording.named("serving"),
    ):
        assert recording.before(earlier, job)


def test_the_identity_is_the_jobs_account() -> None:
    recording = record_backup()
    association = recording.one("aws:eks/podIdentityAssociation:PodIdentityAssociation").inputs
    account = recording.object("ServiceAccount", "model-registry-backup")["metadata"]
    pod = recording.object("CronJob", "model-registry-backup")["spec"]["jobTemplate"]["spec"]["template"][
        "spec"
    ]
    assert association["serviceAccount"] == account["name"] == pod["serviceAccountName"]
    assert association["namespace"] == account["namespace"]
    policy = json.loads(recording.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
    assert {s["Sid"] for s in policy["Statement"]} == {
        "ListRegistry",
        "ReadRegistry",
        "ListOwnCopy",
        "WriteOwnCopy",
        "UseKeyThroughS3",
    }


def test_schedules_wait_for_where_they_write_and_for_how_volumes_are_snapshotted() -> None:
    recording = record_backup()
    for schedule in ("backup-ml-backup-daily", "backup-ml-backup-rpo"):
        for earlier in ("velero", "backup-location-default", "backup-snapshots"):
            assert recording.before(recording.named(earlier), recording.named(schedule))


def test_velero_finds_the_snapshot_class_by_its_label() -> None:
    snapshots = record_backup().named("backup-snapshots")
    assert snapshots.type == "kubernetes:snapshot.storage.k8s.io/v1:VolumeSnapshotClass"
    assert snapshots.inputs["driver"] == "ebs.csi.aws.com"
    assert snapshots.inputs["deletionPolicy"] == "Delete"
    assert snapshots.inputs["metadata"]["labels"]["velero.io/csi-volumesnapshot-class"] == "true"


def test_a_promise_that_cannot_be_kept_is_refused_before_anything_is_made() -> None:
    with pytest.raises(BackupError, match="RPO of 30m"):
        record_backup(replace(ARGS, rpo=timedelta(minutes=30)))
