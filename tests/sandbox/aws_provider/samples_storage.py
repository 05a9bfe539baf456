"""Samples: storage."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sandbox.providers.base import Properties
from tests.sandbox.aws_provider.driver import Driver, Resource
from tests.sandbox.aws_provider.ground import (
    ACCOUNT,
    ROLE,
    Sample,
    allow,
    bucket,
    key,
    topic,
    versioned,
)


def replication(driver: Driver) -> Properties:
    source = versioned(driver, "standfast-model-registry-us-east")
    versioned(driver, "standfast-model-registry-eu-west")
    on = {"status": "Enabled"}
    return {
        "bucket": source,
        "role": ROLE,
        "rules": [
            {
                "id": "to-eu-west",
                "priority": 1,
                "status": "Enabled",
                "filter": {"prefix": ""},
                "deleteMarkerReplication": on,
                "sourceSelectionCriteria": {"replicaModifications": on, "sseKmsEncryptedObjects": on},
                "destination": {
                    "bucket": "arn:aws:s3:::standfast-model-registry-eu-west",
                    "storageClass": "STANDARD",
                    "encryptionConfiguration": {
                        "replicaKmsKeyId": f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/abc"
                    },
                    "metrics": {**on, "eventThreshold": {"minutes": 15}},
                    "replicationTime": {**on, "time": {"minutes": 15}},
                },
            }
        ],
    }


def logging(driver: Driver) -> Properties:
    source = bucket(driver)
    settings = {"bucket": "standfast-logs", "forceDestroy": True}
    target = driver.create("aws:s3/bucket:Bucket", "logs", settings).id
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{target}/*",
    }
    document = {"Version": "2012-10-17", "Statement": [statement]}
    driver.create(
        "aws:s3/bucketPolicy:BucketPolicy", "logs", {"bucket": target, "policy": json.dumps(document)}
    )
    return {"bucket": source, "targetBucket": target, "targetPrefix": "access/"}


def s3(operation: str, **parameters: Any) -> Callable[[Driver, Resource], None]:
    """Changes or deletes by an S3 operation on the resource's bucket."""

    def meddle(driver: Driver, resource: Resource) -> None:
        getattr(driver.aws("s3"), operation)(Bucket=resource.outputs["bucket"], **parameters)

    return meddle


SAMPLES = [
    Sample(
        token="aws:kms/key:Key",
        inputs=lambda d: {"description": "models", "enableKeyRotation": True, "deletionWindowInDays": 7},
        change={"description": "models and backups", "enableKeyRotation": False},
        meddle=lambda d, r: d.aws("kms").disable_key_rotation(KeyId=r.id),
        drifted="enableKeyRotation",
        wrong={"customerMasterKeySpec": "ROT13"},
    ),
    Sample(
        token="aws:kms/alias:Alias",
        inputs=lambda d: {"name": "alias/standfast", "targetKeyId": key(d).outputs["arn"]},
        meddle=lambda d, r: d.aws("kms").delete_alias(AliasName=r.id),
    ),
    Sample(
        token="aws:s3/bucket:Bucket",
        inputs=lambda d: {"bucket": "standfast-velero-us-east", "tags": {"Name": "velero"}},
        change={"tags": {"Name": "backups"}},
        meddle=s3("put_bucket_tagging", Tagging={"TagSet": [{"Key": "Name", "Value": "mine"}]}),
        drifted="tags",
        wrong={"bucket": "No Such Name"},
    ),
    Sample(
        token="aws:s3/bucketVersioning:BucketVersioning",
        inputs=lambda d: {"bucket": bucket(d), "versioningConfiguration": {"status": "Enabled"}},
        change={"versioningConfiguration": {"status": "Suspended"}},
        meddle=s3("put_bucket_versioning", VersioningConfiguration={"Status": "Suspended"}),
        drifted="versioningConfiguration",
    ),
    Sample(
        token="aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        inputs=lambda d: {
            "bucket": bucket(d),
            "rules": [
                {
                    "applyServerSideEncryptionByDefault": {
                        "sseAlgorithm": "aws:kms",
                        "kmsMasterKeyId": key(d).outputs["arn"],
                    },
                    "bucketKeyEnabled": True,
                }
            ],
        },
        change={"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
        meddle=s3("delete_bucket_encryption"),
        wrong={"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "rot13"}}]},
    ),
    Sample(
        token="aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        inputs=lambda d: {
            "bucket": bucket(d),
            "blockPublicAcls": True,
            "blockPublicPolicy": True,
            "ignorePublicAcls": True,
            "restrictPublicBuckets": True,
        },
        change={"ignorePublicAcls": False},
        meddle=s3("put_public_access_block", PublicAccessBlockConfiguration={"BlockPublicAcls": True}),
        drifted="blockPublicPolicy",
    ),
    Sample(
        token="aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        inputs=lambda d: {"bucket": bucket(d), "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        change={"rule": {"objectOwnership": "BucketOwnerPreferred"}},
        meddle=s3("delete_bucket_ownership_controls"),
        wrong={"rule": {"objectOwnership": "Mine"}},
    ),
    Sample(
        token="aws:s3/bucketPolicy:BucketPolicy",
        inputs=lambda d: {"bucket": bucket(d), "policy": allow("s3:GetObject")},
        change={"policy": allow("s3:ListBucket")},
        meddle=s3("put_bucket_policy", Policy=allow("s3:*")),
        drifted="policy",
    ),
    Sample(
        token="aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        inputs=lambda d: {
            "bucket": bucket(d),
            "rules": [
                {
                    "id": "old-versions",
                    "status": "Enabled",
                    "filter": {},
                    "noncurrentVersionExpiration": {"noncurrentDays": 30, "newerNoncurrentVersions": 3},
                    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
                    "expiration": {"expiredObjectDeleteMarker": True},
                },
                {
                    "id": "cold",
                    "status": "Enabled",
                    "filter": {"and": {"prefix": "old/", "tags": {"kind": "model"}}},
                    "transitions": [{"days": 30, "storageClass": "STANDARD_IA"}],
                },
            ],
        },
        change={
            "rules": [
                {"id": "all", "status": "Enabled", "filter": {"prefix": "x/"}, "expiration": {"days": 3}}
            ]
        },
        meddle=s3(
            "put_bucket_lifecycle_configuration",
            LifecycleConfiguration={
                "Rules": [
                    {"ID": "gone", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
                ]
            },
        ),
        drifted="rules",
        wrong={
            "rules": [{"id": "x", "status": "Enabled", "transitions": [{"days": 1, "storageClass": "ATTIC"}]}]
        },
    ),
    Sample(
        token="aws:s3/bucketReplicationConfig:BucketReplicationConfig",
        inputs=replication,
        change={"role": f"{ROLE}-else"},
        meddle=s3("delete_bucket_replication"),
    ),
    Sample(
        token="aws:s3/bucketLogging:BucketLogging",
        inputs=logging,
        change={"targetPrefix": "other/"},
        meddle=s3("put_bucket_logging", BucketLoggingStatus={}),
    ),
    Sample(
        token="aws:s3/bucketNotification:BucketNotification",
        inputs=lambda d: {
            "bucket": bucket(d),
            "eventbridge": True,
            "topics": [
                {
                    "topicArn": topic(d).outputs["arn"],
                    "events": ["s3:Replication:OperationFailedReplication", "s3:ObjectRemoved:*"],
                    "filterPrefix": "models/",
                }
            ],
        },
        change={"eventbridge": False},
        meddle=s3("put_bucket_notification_configuration", NotificationConfiguration={}),
        drifted="topics",
        wrong={"topics": [{"topicArn": "arn:aws:sns:us-east-1:123456789012:x", "events": ["s3:Nothing"]}]},
    ),
    Sample(
        token="aws:s3/bucketMetric:BucketMetric",
        inputs=lambda d: {"bucket": bucket(d), "name": "EntireBucket"},
        change={"filter": {"prefix": "models/", "tags": {"kind": "model"}}},
        meddle=lambda d, r: d.session.clients.store.drop_all("s3-metrics", "", r.outputs["bucket"]),
    ),
]
