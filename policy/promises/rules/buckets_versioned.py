"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html"""

from __future__ import annotations

from collections.abc import Iterator

from ..buckets import GCS_BUCKET, missing, of_all
from ..model import Finding, Severity, Stack, StackRule
from ..values import at, differs

_TYPE = "aws:s3/bucketVersioning:BucketVersioning"


def _check(stack: Stack) -> Iterator[Finding]:
    yield from missing(stack, _TYPE, "keeps no versions")
    for bucket, versioning in of_all(stack, _TYPE):
        status = at(versioning.props, "versioningConfiguration", "status")
        if differs(status, "Enabled"):
            yield Finding(f"versioning of bucket {bucket.title} is {status}", versioning.urn)
    for bucket in stack.of(GCS_BUCKET):
        if differs(at(bucket.props, "versioning", "enabled"), True):
            yield Finding(f"bucket {bucket.title} keeps no versions", bucket.urn)


RULE = StackRule(
    id="buckets-versioned",
    severity=Severity.CRITICAL,
    title="Buckets keep versions",
    reason="Replication carries an overwrite to the other region within minutes; only a version brings the "
    "model back. "
    "It is also what replication itself needs.",
    remedy="A BucketVersioning with status Enabled for each bucket; versioning enabled on one of GCS.",
    check=_check,
)
