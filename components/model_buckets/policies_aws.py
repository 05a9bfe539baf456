"""Who may do what with the buckets, their key and replication: policy statements of S3, KMS and IAM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from config.platform import Purpose

MAX_PEERS = 8
"""The replication role's inline policy may have 10,240 characters: eight peers with the longest names.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

_KEY_ADMINISTRATION = [
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListAliases",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
]


class ReplicationError(ValueError):
    """Replication to these peers cannot be set up; the message says which, why, and what to do."""


@dataclass(frozen=True, kw_only=True)
class PeerStore:
    """The buckets of a joined peer, and the key in its location that encrypts what is replicated to it."""

    region: str
    location: str
    account: str
    bucket_arns: Mapping[Purpose, pulumi.Input[str]]
    kms_key_arn: pulumi.Input[str]


def arn(bucket: str) -> str:
    """A bucket's ARN, which carries neither region nor account."""
    return f"arn:aws:s3:::{bucket}"


def check_peers(peers: Sequence[PeerStore], region: str, account: str, purposes: Sequence[Purpose]) -> None:
    """Raise ``ReplicationError`` for peers to which this region's role cannot replicate."""
    if len(peers) > MAX_PEERS:
        raise ReplicationError(
            f"{region} would replicate to {len(peers)} peers, and one IAM role has room for {MAX_PEERS}: "
            "spread failoverTo over more regions"
        )
    for peer in peers:
        if peer.account != account:
            raise ReplicationError(
                f"buckets of {peer.region} are in account {peer.account}, those of {region} in {account}: "
                "bring all regions up in one account"
            )
        missing = [purpose for purpose in purposes if purpose not in peer.bucket_arns]
        if missing:
            raise ReplicationError(f"{peer.region} has no bucket for {', '.join(missing)}: update that stack")


def key_policy(location: str, account: str) -> list[dict[str, Any]]:
    """The account administers the key; its bytes are encrypted and decrypted through S3 of ``location`` only.

    IAM policies of the account still decide which role may: without them the second statement grants nothing
    to roles. Source: https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    """
    root = {"AWS": f"arn:aws:iam::{account}:root"}
    return [
        {
            "Sid": "AccountAdministers",
            "Effect": "Allow",
            "Principal": root,
            "Action": _KEY_ADMINISTRATION,
            "Resource": "*",
        },
        {
            "Sid": "UsedThroughS3",
            "Effect": "Allow",
            "Principal": root,
            "Action": ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"],
            "Resource": "*",
            "Condition": {
                "StringEquals": {
                    "kms:CallerAccount": account,
                    "kms:ViaService": f"s3.{location}.amazonaws.com",
                }
            },
        },
    ]


def bucket_policy(bucket: str, account: str, kms_key_arn: pulumi.Input[str]) -> list[dict[str, Any]]:
    """What nobody may do with ``bucket``, whatever else allows it.

    An upload that names no encryption gets the bucket's own, and passes; one that names another is refused.
    In a Deny the absent header must be excluded with ``Null``, since StringNotEquals matches it too.
    Sources: https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html,
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/specifying-kms-encryption.html,
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    everything = {"Resource": [arn(bucket), f"{arn(bucket)}/*"], "Action": "s3:*"}
    uploads = {"Resource": f"{arn(bucket)}/*", "Action": "s3:PutObject"}
    encryption = "s3:x-amz-server-side-encryption"
    key = "s3:x-amz-server-side-encryption-aws-kms-key-id"

    def deny(sid: str, what: Mapping[str, Any], condition: Mapping[str, Any]) -> dict[str, Any]:
        return {"Sid": sid, "Effect": "Deny", "Principal": "*", **what, "Condition": dict(condition)}

    return [
        deny("TlsOnly", everything, {"Bool": {"aws:SecureTransport": "false"}}),
        deny("Tls12OrNewer", everything, {"NumericLessThan": {"s3:TlsVersion": "1.2"}}),
        deny(
            "OwnAccountOnly",
            everything,
            {
                "StringNotEquals": {"aws:PrincipalAccount": account},
                # A service's own call carries no account; what it may do is said by its role or source.
                "Bool": {"aws:PrincipalIsAWSService": "false"},
            },
        ),
        deny(
            "KmsEncryptionOnly",
            uploads,
            {"Null": {encryption: "false"}, "StringNotEquals": {encryption: "aws:kms"}},
        ),
        deny("OwnKeyOnly", uploads, {"Null": {key: "false"}, "StringNotEquals": {key: kms_key_arn}}),
        deny("NoCustomerKeys", uploads, {"Null": {f"{encryption}-customer-algorithm": "false"}}),
    ]


def replication_statements(
    buckets: Sequence[str], location: str, kms_key_arn: pulumi.Input[str], peers: Sequence[PeerStore]
) -> list[dict[str, Any]]:
    """What the replication role may: read versions of ``buckets``, write replicas into the peers', no more.

    With bucket keys the encryption context is the bucket's ARN; kms:Decrypt on the peer's key is how S3
    checks that bucket key before it uses it.
    Sources: https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html,
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
    """
    sources = [arn(bucket) for bucket in buckets]
    destinations = [peer.bucket_arns[purpose] for peer in peers for purpose in sorted(peer.bucket_arns)]
    return [
        {
            "Sid": "ReadConfiguration",
            "Effect": "Allow",
            "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"],
            "Resource": sources,
        },
        {
            "Sid": "ReadVersions",
            "Effect": "Allow",
            "Action": [
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionTagging",
            ],
            "Resource": [f"{source}/*" for source in sources],
        },
        {
            "Sid": "DecryptOwn",
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": kms_key_arn,
            "Condition": _through_s3(location, sources),
        },
        {
            "Sid": "WriteReplicas",
            "Effect": "Allow",
            "Action": ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"],
            "Resource": [pulumi.Output.concat(destination, "/*") for destination in destinations],
        },
        *(
            {
                "Sid": f"EncryptAt{index}",
                "Effect": "Allow",
                "Action": ["kms:Encrypt", "kms:GenerateDataKey", "kms:Decrypt"],
                "Resource": peer.kms_key_arn,
                "Condition": _through_s3(
                    peer.location, [peer.bucket_arns[purpose] for purpose in sorted(peer.bucket_arns)]
                ),
            }
            for index, peer in enumerate(peers)
        ),
    ]


def _through_s3(location: str, bucket_arns: Sequence[pulumi.Input[str]]) -> dict[str, Any]:
    return {
        "StringEquals": {
            "kms:ViaService": f"s3.{location}.amazonaws.com",
            "kms:EncryptionContext:aws:s3:arn": list(bucket_arns),
        }
    }
