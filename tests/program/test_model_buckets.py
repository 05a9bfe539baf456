"""A region's buckets, as the engine would see them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from components.model_buckets.aws import ModelBuckets, ModelBucketsArgs
from components.model_buckets.policies_aws import ReplicationError
from config.names import bucket as bucket_name
from config.platform import Purpose
from tests.program.recording import Recorded, Recording, record
from tests.unit.model_buckets.test_policies import ACCOUNT, peer

TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:standfast-us-east-alarms"

ARGS = ModelBucketsArgs(
    platform="standfast",
    region="us-east",
    location="us-east-1",
    account=ACCOUNT,
    names={purpose: bucket_name("standfast", purpose, "us-east", ACCOUNT) for purpose in Purpose},
    alarm_topic_arn=TOPIC,
    tags={"standfast.dev/region": "us-east"},
)

ALONE, JOINED = ARGS, replace(ARGS, peers=[peer()])

GUARDS = {
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
}

REPLICATION = {
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
    "aws:iam/role:Role",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
}


def record_buckets(args: ModelBucketsArgs) -> Recording:
    def program() -> object:
        buckets = ModelBuckets("models", args)
        return {"arns": buckets.arns, "names": buckets.names, "key": buckets.kms_key_arn}

    return record(program)


def of_bucket(recording: Recording, type_: str, purpose: Purpose) -> Recorded:
    (found,) = [r for r in recording.of(type_) if r.inputs["bucket"] == ARGS.names[purpose]]
    return found


@pytest.mark.parametrize("purpose", Purpose)
class TestEachBucket:
    def test_it_has_every_guard(self, purpose: Purpose) -> None:
        recording = record_buckets(ALONE)
        assert not of_bucket(recording, "aws:s3/bucket:Bucket", purpose).inputs["forceDestroy"]
        guards = {type_: of_bucket(recording, type_, purpose).inputs for type_ in GUARDS}
        key = recording.result["key"]
        assert guards["aws:s3/bucketVersioning:BucketVersioning"]["versioningConfiguration"] == {
            "status": "Enabled"
        }
        assert guards["aws:s3/bucketOwnershipControls:BucketOwnershipControls"]["rule"] == {
            "objectOwnership": "BucketOwnerEnforced"
        }
        (encryption,) = guards[
            "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
        ]["rules"]
        assert encryption == {
            "applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": key},
            "bucketKeyEnabled": True,
        }
        closed = guards["aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"]
        assert [closed[key] for key in closed if key != "bucket"] == [True] * 4

    def test_it_is_replicated_to_the_peers_bucket_of_the_same_purpose(self, purpose: Purpose) -> None:
        recording = record_buckets(JOINED)
        config = of_bucket(recording, "aws:s3/bucketReplicationConfig:BucketReplicationConfig", purpose)
        (rule,) = config.inputs["rules"]
        assert rule["destination"]["bucket"] == peer().bucket_arns[purpose]
        assert rule["sourceSelectionCriteria"]["replicaModifications"] == {"status": "Enabled"}
        assert rule["deleteMarkerReplication"] == {"status": "Enabled"}
        role = recording.one("aws:iam/role:Role")
        assert config.inputs["role"].endswith(f"role/{role.name}")

    def test_replication_waits_for_versioning_and_for_the_roles_policy(self, purpose: Purpose) -> None:
        recording = record_buckets(JOINED)
        config = of_bucket(recording, "aws:s3/bucketReplicationConfig:BucketReplicationConfig", purpose)
        versioning = of_bucket(recording, "aws:s3/bucketVersioning:BucketVersioning", purpose)
        assert recording.before(versioning, config)
        assert recording.before(recording.one("aws:iam/rolePolicy:RolePolicy"), config)


class TestTheWhole:
    def test_names_arns_and_key_are_given_out(self) -> None:
        result = record_buckets(ALONE).result
        assert result["names"] == dict(ARGS.names)
        assert result["arns"] == {purpose: f"arn:aws:s3:::{name}" for purpose, name in ARGS.names.items()}
        assert result["key"].startswith("arn:aws:kms:")

    def test_what_guards_data_stays_when_the_stack_is_destroyed(self) -> None:
        recording = record_buckets(JOINED)
        stays = {r.type for r in recording.resources if r.protect and r.retain_on_delete}
        goes = {r.type for r in recording.resources if r.custom and not r.protect and not r.retain_on_delete}
        assert stays == GUARDS | {"aws:s3/bucket:Bucket", "aws:kms/key:Key", "aws:kms/alias:Alias"}
        assert goes == REPLICATION

    def test_nothing_that_stays_needs_what_goes(self) -> None:
        recording = record_buckets(JOINED)
        going = {r.urn for r in recording.resources if r.type in REPLICATION}
        for resource in recording.resources:
            if resource.protect:
                assert not resource.waits_for & going

    def test_a_region_without_joined_peers_replicates_nothing(self) -> None:
        assert not {r.type for r in record_buckets(ALONE).resources} & REPLICATION

    def test_a_peer_changes_nothing_in_what_is_there_without_it(self) -> None:
        alone, joined = record_buckets(ALONE), record_buckets(JOINED)
        for resource in alone.resources:
            assert joined.named(resource.name).inputs == resource.inputs

    def test_each_rule_has_three_alarms_that_reach_the_topic(self) -> None:
        alarms = record_buckets(JOINED).of("aws:cloudwatch/metricAlarm:MetricAlarm")
        assert len(alarms) == 3 * len(Purpose)
        for alarm in alarms:
            assert alarm.inputs["namespace"] == "AWS/S3"
            assert alarm.inputs["alarmActions"] == alarm.inputs["okActions"] == [TOPIC]
            assert set(ARGS.names.values()) & set(alarm.inputs["dimensions"].values())

    def test_the_key_rotates_and_waits_before_it_is_lost(self) -> None:
        key = record_buckets(ALONE).one("aws:kms/key:Key").inputs
        assert key["enableKeyRotation"] is True
        assert key["deletionWindowInDays"] == 30

    def test_one_role_that_only_s3_takes(self) -> None:
        role = record_buckets(JOINED).one("aws:iam/role:Role")
        (statement,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
        assert statement == {
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }

    def test_a_foreign_peer_is_refused_before_anything_is_made(self) -> None:
        with pytest.raises(ReplicationError, match="one account"):
            record_buckets(replace(ARGS, peers=[peer(account="210987654321")]))
