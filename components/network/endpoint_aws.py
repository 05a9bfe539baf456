"""What may be reached over the VPC's S3 endpoint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_READ_WRITE = (
    "s3:GetBucketLocation",
    "s3:ListBucket",
    "s3:ListBucketVersions",
    "s3:ListBucketMultipartUploads",
    "s3:GetObject",
    "s3:GetObjectTagging",
    "s3:GetObjectVersion",
    "s3:PutObject",
    "s3:PutObjectTagging",
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
)


def public_buckets(location: str) -> tuple[str, ...]:
    """Buckets of others from which nodes fetch images and packages, each in this AWS region.

    ECR's layers: https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html;
    Amazon Linux 2023's packages: https://docs.aws.amazon.com/linux/al2023/ug/managing-repos-os-updates.html;
    registry.k8s.io's and quay.io's layers, to which both registries send clients that come from AWS.
    """
    return (
        f"prod-{location}-starport-layer-bucket",
        f"al2023-repos-{location}-de612dc2",
        f"prod-registry-k8s-io-{location}",
        "quayio-production-s3",
    )


def endpoint_policy(location: str, account: str, buckets: Sequence[str]) -> list[Mapping[str, Any]]:
    """The statements: the platform's ``buckets`` for identities of ``account``, public ones for reading.

    It keeps a stolen pod from carrying data to a bucket of a stranger. Who may do what within this bound is
    said by the roles and the bucket policies.
    """
    own = [f"arn:aws:s3:::{bucket}" for bucket in buckets]
    statements: list[Mapping[str, Any]] = [
        {
            "Sid": "ReadPublicArtifacts",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": [f"arn:aws:s3:::{bucket}/*" for bucket in public_buckets(location)],
        }
    ]
    if own:
        statements.append(
            {
                "Sid": "UseOwnBuckets",
                "Effect": "Allow",
                "Principal": "*",
                "Action": list(_READ_WRITE),
                "Resource": [*own, *(f"{arn}/*" for arn in own)],
                "Condition": {"StringEquals": {"aws:PrincipalAccount": account}},
            }
        )
    return statements
