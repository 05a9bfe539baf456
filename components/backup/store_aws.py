"""Backups on AWS: Velero's object store, the snapshot class of EBS, and the copy of a registry on S3."""

from __future__ import annotations

from typing import Any

import pulumi

from components.backup.args import BackupArgs
from components.backup.registry import Copier
from components.shared import egress
from components.shared.labels import labels

PROVIDER = "velero.io/aws"
SNAPSHOT_CLASS = "ebs"
EBS_DRIVER = "ebs.csi.aws.com"

IMAGE = "public.ecr.aws/aws-cli/aws-cli:2.15.57"
"""The last build of the lesson's 2.15; Pod Identity needs 2.15.0 or newer.

Source: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-minimum-sdk.html
"""

SCRIPT = """\
set -euo pipefail
taken="$(date -u +%Y%m%dT%H%M%SZ)"
copy="s3://${BACKUP_BUCKET}/${REGION}"
aws s3 sync "s3://${REGISTRY_BUCKET}" "${copy}/registry" \\
  --storage-class GLACIER_IR --no-progress --only-show-errors
aws s3api list-object-versions --bucket "${BACKUP_BUCKET}" --prefix "${REGION}/registry/" \\
  --query 'Versions[?IsLatest].{key: Key, version: VersionId, size: Size, etag: ETag} || `[]`' \\
  --output json > "${HOME}/manifest.json"
aws s3 cp "${HOME}/manifest.json" "${copy}/manifests/manifest-${taken}.json" --no-progress --only-show-errors
"""
"""Copy what is new, then write down which version of each object makes up this copy.

The manifest is made here, not expected in the bucket, and each run has its own, named by the second. Below
the region's name, since replication brings the peers' copies into the same bucket. Nothing is deleted: what
was removed from the registry by mistake is still in the copy.
"""


def location_config(location: str) -> dict[str, str]:
    """Of a storage location; objects are encrypted as the bucket itself says.

    Source: https://github.com/vmware-tanzu/velero-plugin-for-aws/blob/main/backupstoragelocation.md
    """
    return {"region": location}


def snapshot_class() -> dict[str, Any]:
    """How Velero snapshots EBS volumes: for as long as it takes to move the data.

    Source: https://velero.io/docs/main/csi/
    """
    return {
        "apiVersion": "snapshot.storage.k8s.io/v1",
        "kind": "VolumeSnapshotClass",
        "metadata": {
            "name": SNAPSHOT_CLASS,
            "labels": {**labels(SNAPSHOT_CLASS, "backup"), "velero.io/csi-volumesnapshot-class": "true"},
        },
        "driver": EBS_DRIVER,
        "deletionPolicy": "Delete",
    }


def copier(args: BackupArgs) -> Copier:
    """The AWS command line, which may reach S3 and the agent that holds its credentials."""
    return Copier(
        image=IMAGE,
        script=SCRIPT,
        environment={
            "AWS_REGION": args.location,
            "AWS_RETRY_MODE": "standard",
            "AWS_MAX_ATTEMPTS": "10",
            "REGION": args.region,
            "REGISTRY_BUCKET": args.registry_bucket,
            "BACKUP_BUCKET": args.registry_backup_bucket,
        },
        egress=[egress.to_clouds(), egress.to_pod_identity()],
    )


def copy_statements(args: BackupArgs) -> list[dict[str, Any]]:
    """Read the registry, write below the region's own name in its backup; delete nothing.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
    """
    registry = pulumi.Output.concat("arn:aws:s3:::", args.registry_bucket)
    backup = pulumi.Output.concat("arn:aws:s3:::", args.registry_backup_bucket)
    return [
        {"Sid": "ListRegistry", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": registry},
        {
            "Sid": "ReadRegistry",
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:GetObjectTagging"],
            "Resource": pulumi.Output.concat(registry, "/*"),
        },
        {
            "Sid": "ListOwnCopy",
            "Effect": "Allow",
            "Action": ["s3:ListBucket", "s3:ListBucketVersions"],
            "Resource": backup,
            "Condition": {"StringLike": {"s3:prefix": f"{args.region}/*"}},
        },
        {
            "Sid": "WriteOwnCopy",
            "Effect": "Allow",
            "Action": ["s3:PutObject", "s3:PutObjectTagging", "s3:AbortMultipartUpload"],
            "Resource": pulumi.Output.concat(backup, f"/{args.region}/*"),
        },
        {
            "Sid": "UseKeyThroughS3",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": args.kms_key_arn,
            "Condition": {"StringEquals": {"kms:ViaService": f"s3.{args.location}.amazonaws.com"}},
        },
    ]
