"""Bucket, key and role policies, decided as IAM decides them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.model_buckets.policies_aws import (
    MAX_PEERS,
    PeerStore,
    ReplicationError,
    arn,
    bucket_policy,
    check_peers,
    key_policy,
    replication_statements,
)
from components.shared.iam_aws import rendered
from config.names import bucket as bucket_name
from config.platform import Purpose
from tests.unit.model_buckets.evaluate import denied
from tests.unit.model_buckets.outputs import value_of

ACCOUNT = "123456789012"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
BUCKET = "standfast-model-registry-us-east-123456789012"
OBJECT = f"{arn(BUCKET)}/models/default/1/model.bin"
ENCRYPTION = "s3:x-amz-server-side-encryption"
GOOD = {
    "aws:SecureTransport": "true",
    "s3:TlsVersion": "1.3",
    "aws:PrincipalAccount": ACCOUNT,
    "aws:PrincipalIsAWSService": "false",
}


def peer(region: str = "eu-west", location: str = "eu-west-1", account: str = ACCOUNT) -> PeerStore:
    return PeerStore(
        region=region,
        location=location,
        account=account,
        bucket_arns={purpose: arn(bucket_name("standfast", purpose, region, account)) for purpose in Purpose},
        kms_key_arn=f"arn:aws:kms:{location}:{account}:key/66666666-2222-3333-4444-555555555555",
    )


class TestBucketPolicy:
    def request(self, action: str, context: dict[str, str], resource: str = OBJECT) -> list[str]:
        return denied(bucket_policy(BUCKET, ACCOUNT, KEY), action, resource, context)

    def test_an_upload_that_leaves_encryption_to_the_bucket_passes(self) -> None:
        assert self.request("s3:PutObject", GOOD) == []

    def test_an_upload_with_the_buckets_own_key_passes(self) -> None:
        headers = {ENCRYPTION: "aws:kms", f"{ENCRYPTION}-aws-kms-key-id": KEY}
        assert self.request("s3:PutObject", {**GOOD, **headers}) == []

    @pytest.mark.parametrize(
        ("headers", "sid"),
        [
            ({ENCRYPTION: "AES256"}, "KmsEncryptionOnly"),
            ({ENCRYPTION: "aws:kms", f"{ENCRYPTION}-aws-kms-key-id": f"{KEY}0"}, "OwnKeyOnly"),
            ({f"{ENCRYPTION}-customer-algorithm": "AES256"}, "NoCustomerKeys"),
        ],
    )
    def test_an_upload_with_other_encryption_is_refused(self, headers: dict[str, str], sid: str) -> None:
        assert self.request("s3:PutObject", {**GOOD, **headers}) == [sid]

    @pytest.mark.parametrize("action", ["s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:DeleteObject"])
    @pytest.mark.parametrize(
        ("change", "sid"),
        [
            ({"aws:SecureTransport": "false"}, "TlsOnly"),
            ({"s3:TlsVersion": "1.1"}, "Tls12OrNewer"),
            ({"aws:PrincipalAccount": "210987654321"}, "OwnAccountOnly"),
        ],
    )
    def test_plain_old_and_foreign_requests_are_refused(
        self, action: str, change: dict[str, str], sid: str
    ) -> None:
        resource = arn(BUCKET) if action == "s3:ListBucket" else OBJECT
        assert self.request(action, {**GOOD, **change}, resource) == [sid]

    def test_an_anonymous_request_is_refused(self) -> None:
        anonymous = {key: value for key, value in GOOD.items() if key != "aws:PrincipalAccount"}
        assert self.request("s3:GetObject", anonymous) == ["OwnAccountOnly"]

    def test_a_service_of_aws_is_left_to_what_allows_it(self) -> None:
        service = {"aws:SecureTransport": "true", "aws:PrincipalIsAWSService": "true"}
        assert self.request("s3:PutInventoryConfiguration", service, arn(BUCKET)) == []

    def test_nothing_is_allowed_by_it(self) -> None:
        assert {statement["Effect"] for statement in bucket_policy(BUCKET, ACCOUNT, KEY)} == {"Deny"}


class TestKeyPolicy:
    def test_bytes_pass_through_s3_of_the_location_only(self) -> None:
        (use,) = [s for s in key_policy("eu-west-1", ACCOUNT) if "kms:Decrypt" in s["Action"]]
        assert use["Condition"]["StringEquals"] == {
            "kms:CallerAccount": ACCOUNT,
            "kms:ViaService": "s3.eu-west-1.amazonaws.com",
        }

    def test_the_account_can_still_change_the_policy(self) -> None:
        (administration,) = [s for s in key_policy("eu-west-1", ACCOUNT) if "Condition" not in s]
        assert administration["Principal"] == {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}
        assert {"kms:PutKeyPolicy", "kms:GetKeyPolicy"} <= set(administration["Action"])

    def test_no_statement_says_everything(self) -> None:
        for statement in key_policy("eu-west-1", ACCOUNT):
            assert not [action for action in statement["Action"] if "*" in action]


def resolved(make: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return json.loads(value_of(lambda: rendered(make())))["Statement"]


class TestReplicationRole:
    BUCKETS = tuple(bucket_name("standfast", purpose, "us-east", ACCOUNT) for purpose in Purpose)

    def statements(self, *peers: PeerStore) -> dict[str, dict[str, Any]]:
        found = resolved(lambda: replication_statements(self.BUCKETS, "us-east-1", KEY, peers))
        return {statement["Sid"]: statement for statement in found}

    def test_it_reads_only_its_own_buckets_and_writes_only_the_peers(self) -> None:
        statements = self.statements(peer())
        own = [arn(bucket) for bucket in self.BUCKETS]
        theirs = [arn(bucket_name("standfast", purpose, "eu-west", ACCOUNT)) for purpose in Purpose]
        assert statements["ReadConfiguration"]["Resource"] == own
        assert statements["ReadVersions"]["Resource"] == [f"{bucket}/*" for bucket in own]
        assert sorted(statements["WriteReplicas"]["Resource"]) == sorted(f"{bucket}/*" for bucket in theirs)

    def test_each_peers_key_is_used_at_its_own_location_for_its_own_buckets(self) -> None:
        west, south = peer(), peer("ap-south", "ap-south-1")
        statements = self.statements(west, south)
        for index, one in enumerate((west, south)):
            statement = statements[f"EncryptAt{index}"]
            assert statement["Resource"] == one.kms_key_arn
            condition = statement["Condition"]["StringEquals"]
            assert condition["kms:ViaService"] == f"s3.{one.location}.amazonaws.com"
            assert sorted(condition["kms:EncryptionContext:aws:s3:arn"]) == sorted(
                str(bucket) for bucket in one.bucket_arns.values()
            )

    def test_no_wildcard_but_the_objects_of_a_named_bucket(self) -> None:
        for statement in self.statements(peer()).values():
            actions = statement["Action"]
            assert not [a for a in ([actions] if isinstance(actions, str) else actions) if "*" in a]
            resources = statement["Resource"]
            for resource in [resources] if isinstance(resources, str) else resources:
                assert "*" not in resource.removesuffix("/*")

    def test_the_policy_fits_into_a_role_with_the_most_peers_and_the_longest_names(self) -> None:
        # 63 characters is S3's limit for a bucket's name.
        longest = [
            f"{'n' * 40}{index:02d}-{purpose}"[:63].ljust(63, "n") for index, purpose in enumerate(Purpose)
        ]
        peers = [
            PeerStore(
                region=f"region-{index}",
                location="ap-southeast-1",
                account=ACCOUNT,
                bucket_arns={purpose: arn("b" * 63) for purpose in Purpose},
                kms_key_arn=f"arn:aws:kms:ap-southeast-1:{ACCOUNT}:key/mrk-{'0' * 32}",
            )
            for index in range(MAX_PEERS)
        ]
        text = value_of(lambda: rendered(replication_statements(longest, "ap-southeast-1", KEY, peers)))
        assert len("".join(text.split())) <= 10_240


class TestCheckPeers:
    PURPOSES = tuple(Purpose)

    @given(st.integers(min_value=0, max_value=20))
    def test_as_many_peers_as_the_role_has_room_for(self, count: int) -> None:
        peers = [peer(f"region-{index}") for index in range(count)]
        if count <= MAX_PEERS:
            check_peers(peers, "us-east", ACCOUNT, self.PURPOSES)
        else:
            with pytest.raises(ReplicationError, match=f"{count} peers.*failoverTo"):
                check_peers(peers, "us-east", ACCOUNT, self.PURPOSES)

    def test_a_peer_in_another_account_is_named(self) -> None:
        with pytest.raises(ReplicationError, match="eu-west are in account 210987654321"):
            check_peers([peer(account="210987654321")], "us-east", ACCOUNT, self.PURPOSES)

    def test_a_peer_without_a_bucket_is_named(self) -> None:
        lacking = PeerStore(
            region="eu-west",
            location="eu-west-1",
            account=ACCOUNT,
            bucket_arns={Purpose.VELERO: arn("v")},
            kms_key_arn=KEY,
        )
        with pytest.raises(ReplicationError, match="no bucket for model-registry, model-registry-backup"):
            check_peers([lacking], "us-east", ACCOUNT, self.PURPOSES)
