"""Mistakes in the copy in another cloud: its bucket, the jobs that fill it, who may read it."""

from __future__ import annotations

import json
from typing import Any

from tests.policy.changes import Apply, Change, new

SAFE: dict[str, Any] = {
    "name": "models",
    "location": "EUR4",
    "publicAccessPrevention": "enforced",
    "uniformBucketLevelAccess": True,
    "versioning": {"enabled": True},
    "softDeletePolicy": {"retentionDurationSeconds": 7776000},
}
JOB: dict[str, Any] = {
    "status": "ENABLED",
    "transferSpec": {
        "awsS3DataSource": {"bucketName": "models", "roleArn": "arn:aws:iam::123456789012:role/reader"},
        "gcsDataSink": {"bucketName": "models"},
        "transferOptions": {
            "deleteObjectsUniqueInSink": False,
            "deleteObjectsFromSourceAfterTransfer": False,
        },
    },
}


def bucket(**other: Any) -> Apply:
    """A bucket on GCS that is safe but for what is given; None leaves a setting out."""
    return new("gcp:storage/bucket:Bucket", "copy", _without_none({**SAFE, **other}))


def job(part: str, **other: Any) -> Apply:
    """A transfer job that is as it should be but for settings of a part of it."""
    spec: dict[str, Any] = JOB["transferSpec"]
    changed = {**spec, part: _without_none({**spec[part], **other})}
    return new("gcp:storage/transferJob:TransferJob", "copies", {**JOB, "transferSpec": changed})


def member(role: str, who: str) -> Apply:
    """A grant on a bucket of GCS."""
    props = {"bucket": "models", "role": role, "member": who}
    return new("gcp:storage/bucketIAMMember:BucketIAMMember", "grant", props)


def _without_none(props: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in props.items() if value is not None}


def _anybody_of_google() -> Apply:
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": "accounts.google.com"},
        "Action": "sts:AssumeRoleWithWebIdentity",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return new("aws:iam/role:Role", "reader", {"assumeRolePolicy": document})


BAD = [
    Change("a copy without versions", "buckets-versioned", bucket(versioning={"enabled": False})),
    Change("a copy that says nothing of versions", "buckets-versioned", bucket(versioning=None)),
    Change("a copy that may be public", "buckets-not-public", bucket(publicAccessPrevention="inherited")),
    Change("a copy with access lists", "buckets-not-public", bucket(uniformBucketLevelAccess=None)),
    Change("a copy for the world", "buckets-not-public", member("roles/storage.objectViewer", "allUsers")),
    Change(
        "a copy for whoever has an account",
        "buckets-not-public",
        member("roles/storage.objectViewer", "allAuthenticatedUsers"),
    ),
    Change(
        "a copy without soft delete",
        "data-protected",
        bucket(softDeletePolicy={"retentionDurationSeconds": 0}),
    ),
    Change("a copy that may be emptied", "data-protected", bucket(forceDestroy=True)),
    Change(
        "an administrator of the copy",
        "iam-no-wildcards",
        member("roles/storage.admin", "serviceAccount:agent@example.iam.gserviceaccount.com"),
    ),
    Change("a role for all of Google", "iam-no-wildcards", _anybody_of_google()),
    Change(
        "a copy that follows deletions",
        "transfers-only-copy",
        job("transferOptions", deleteObjectsUniqueInSink=True),
    ),
    Change(
        "a copy that moves",
        "transfers-only-copy",
        job("transferOptions", deleteObjectsFromSourceAfterTransfer=True),
    ),
    Change(
        "a copy by a key",
        "transfers-only-copy",
        job("awsS3DataSource", roleArn=None, awsAccessKey={"accessKeyId": "x", "secretAccessKey": "y"}),
    ),
    Change(
        "a copy that is off",
        "transfers-only-copy",
        new("gcp:storage/transferJob:TransferJob", "copies", {**JOB, "status": "DISABLED"}),
    ),
]
