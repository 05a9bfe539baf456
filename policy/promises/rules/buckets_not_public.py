"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html"""

from __future__ import annotations

from collections.abc import Iterator

from ..buckets import GCS_BUCKET, missing, of_all
from ..model import Finding, Severity, Stack, StackRule
from ..values import at, differs

_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
_OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
_MEMBER = "gcp:storage/bucketIAMMember:BucketIAMMember"
_ANYBODY = ("allUsers", "allAuthenticatedUsers")
_SWITCHES = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _check(stack: Stack) -> Iterator[Finding]:
    yield from missing(stack, _BLOCK, "does not block public access")
    for bucket, block in of_all(stack, _BLOCK):
        for switch in _SWITCHES:
            if differs(at(block.props, switch), True):
                yield Finding(f"bucket {bucket.title} has {switch} off", block.urn)
    yield from missing(stack, _OWNERSHIP, "takes access lists")
    for bucket, ownership in of_all(stack, _OWNERSHIP):
        if differs(at(ownership.props, "rule", "objectOwnership"), "BucketOwnerEnforced"):
            yield Finding(f"bucket {bucket.title} takes access lists", ownership.urn)
    for bucket in stack.of(GCS_BUCKET):
        if differs(at(bucket.props, "publicAccessPrevention"), "enforced"):
            yield Finding(f"bucket {bucket.title} may be made public", bucket.urn)
        if differs(at(bucket.props, "uniformBucketLevelAccess"), True):
            yield Finding(f"bucket {bucket.title} takes access lists", bucket.urn)
    for member in stack.of(_MEMBER):
        if at(member.props, "member") in _ANYBODY:
            yield Finding(f"{member.title} lets anybody into the bucket", member.urn)


RULE = StackRule(
    id="buckets-not-public",
    severity=Severity.CRITICAL,
    title="Buckets cannot be made public",
    reason="One wrong policy or access list away, the models and the cluster's backups would be anybody's.",
    remedy="BucketPublicAccessBlock with all four switches, and BucketOwnerEnforced; on GCS "
    "publicAccessPrevention enforced, uniformBucketLevelAccess, and members that are named.",
    check=_check,
)
