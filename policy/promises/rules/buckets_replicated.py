"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-time-control.html"""

from __future__ import annotations

from collections.abc import Iterator

from ..buckets import BUCKET, REPLICATION, joined, missing, of_all, replicas_of
from ..model import Finding, Severity, Stack, StackRule
from ..values import absent, at, differs, known, number, sequence

MINUTES = 15
"""The one time that Replication Time Control promises."""


def _check(stack: Stack) -> Iterator[Finding]:
    if not joined(stack):
        return
    yield from missing(stack, REPLICATION, "has no copy in another region")
    own = {f"arn:aws:s3:::{at(bucket.props, 'bucket')}" for bucket in stack.of(BUCKET)}
    for bucket, replication in of_all(stack, REPLICATION):
        copies = replicas_of(stack, bucket)
        if not copies:
            yield Finding(f"bucket {bucket.title} has no replication rule in force", replication.urn)
        if own & set(copies):
            yield Finding(f"bucket {bucket.title} is copied to its own region", replication.urn)
        for rule in sequence(at(replication.props, "rules")):
            for message in _faults(rule):
                yield Finding(f"replication of bucket {bucket.title}: {message}", replication.urn)


def _faults(rule: object) -> Iterator[str]:
    target = at(rule, "destination")
    minutes, prefix = at(target, "replicationTime", "time", "minutes"), at(rule, "filter", "prefix")
    if differs(at(target, "replicationTime", "status"), "Enabled"):
        yield "no Replication Time Control, and so no time that is promised"
    elif known(minutes) and number(minutes) != MINUTES:
        yield f"Replication Time Control promises {MINUTES} minutes and nothing else"
    if differs(at(target, "metrics", "status"), "Enabled"):
        yield "no metrics: nobody would see it fall behind"
    if differs(at(rule, "sourceSelectionCriteria", "sseKmsEncryptedObjects", "status"), "Enabled"):
        yield "objects encrypted with KMS are left out"
    if absent(at(target, "encryptionConfiguration", "replicaKmsKeyId")):
        yield "no key of the other region to encrypt copies with"
    if differs(at(rule, "sourceSelectionCriteria", "replicaModifications", "status"), "Enabled"):
        yield "changes made to copies during a failover do not come back"
    if known(prefix) and not absent(prefix):
        yield f"only {prefix} is copied"


RULE = StackRule(
    id="buckets-replicated",
    severity=Severity.CRITICAL,
    title="Buckets of a joined region are replicated to another one, within a promised time",
    reason="The RPO of models is what has not been copied when the region goes; without Replication Time "
    "Control it "
    "is hours, without metrics nobody knows.",
    remedy="A BucketReplicationConfig with Replication Time Control of 15 minutes, metrics, KMS objects "
    "and replica "
    "modifications, to a bucket of another region.",
    check=_check,
)
