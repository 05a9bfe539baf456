"""Buckets, and the settings that S3 keeps apart from them."""

from __future__ import annotations

from collections.abc import Iterator

from .model import Finding, Resource, Stack
from .values import UNKNOWN, at, mapping, sequence

BUCKET = "aws:s3/bucket:Bucket"
GCS_BUCKET = "gcp:storage/bucket:Bucket"
"""GCS keeps all of a bucket's settings on the bucket itself."""

REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"


def settings(stack: Stack, bucket: Resource, type_: str) -> Resource | None:
    """The bucket's setting of a type token."""
    found = stack.beside(type_, "bucket", bucket)
    return found[0] if found else None


def missing(stack: Stack, type_: str, what: str) -> Iterator[Finding]:
    """A finding for each bucket that has no setting of a type."""
    for bucket in stack.of(BUCKET):
        if settings(stack, bucket, type_) is None:
            yield Finding(f"bucket {bucket.title} {what}", bucket.urn)


def of_all(stack: Stack, type_: str) -> Iterator[tuple[Resource, Resource]]:
    """Buckets that have a setting of a type, with it."""
    for bucket in stack.of(BUCKET):
        found = settings(stack, bucket, type_)
        if found is not None:
            yield bucket, found


def joined(stack: Stack) -> bool:
    """Whether the stack has a peer already: the first region to come up has none to replicate to."""
    references = stack.of("pulumi:pulumi:StackReference")
    if any(mapping(at(reference.props, "outputs")) for reference in references):
        return True
    if any(secret.labels.get("istio/multiCluster") == "true" for secret in stack.of("Secret")):
        return True
    return bool(stack.of(REPLICATION))


def replicas_of(stack: Stack, bucket: Resource) -> list[str]:
    """ARNs of the buckets that a bucket is replicated to by rules in force; empty text for one not known "
    "yet."""
    replication = settings(stack, bucket, REPLICATION)
    if replication is None:
        return []
    rules = sequence(at(replication.props, "rules"))
    enabled = [rule for rule in rules if at(rule, "status") in {"Enabled", UNKNOWN}]
    arns = [at(rule, "destination", "bucket") for rule in enabled]
    return ["" if arn is UNKNOWN else str(arn) for arn in arns]
