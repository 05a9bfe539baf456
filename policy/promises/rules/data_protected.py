"""https://www.pulumi.com/docs/iac/concepts/options/protect/"""

from __future__ import annotations

from collections.abc import Iterator

from ..buckets import BUCKET, ENCRYPTION, GCS_BUCKET
from ..model import Finding, Severity, Stack, StackRule
from ..network import made_from
from ..values import absent, at, known, number

_KEY = "aws:kms/key:Key"
_HOLDERS = (
    BUCKET,
    "aws:dynamodb/table:Table",
    "aws:efs/fileSystem:FileSystem",
    "aws:rds/cluster:Cluster",
    "aws:rds/instance:Instance",
)
_WEEK = 7 * 24 * 3600
"""The shortest time for which GCS keeps what was deleted, buckets too; 0 turns that off."""


def _check(stack: Stack) -> Iterator[Finding]:
    for holder in stack.of(*_HOLDERS):
        if not holder.protect:
            yield Finding(f"{holder.title} holds data and is not protected", holder.urn)
        if at(holder.props, "forceDestroy") is True:
            yield Finding(f"{holder.title} would be emptied to be destroyed", holder.urn)
    for bucket in stack.of(GCS_BUCKET):
        # One that is protected could not be handed to another stack; GCS itself refuses to delete one with
        # objects, and gives a deleted one back.
        kept = at(bucket.props, "softDeletePolicy", "retentionDurationSeconds")
        if known(kept) and (absent(kept) or (number(kept) or 0) < _WEEK):
            yield Finding(f"what is deleted from {bucket.title} is gone at once", bucket.urn)
        if at(bucket.props, "forceDestroy") is True:
            yield Finding(f"{bucket.title} would be emptied to be destroyed", bucket.urn)
    for encryption in stack.of(ENCRYPTION):
        for key in made_from(stack, encryption, "rules", _KEY):
            if not key.protect:
                yield Finding(f"{key.title} decrypts the data of a bucket and is not protected", key.urn)
    for volume in stack.of("PersistentVolume"):
        if at(volume.props, "spec", "persistentVolumeReclaimPolicy") == "Delete":
            yield Finding(f"volume {volume.title} is deleted with its claim", volume.urn)


RULE = StackRule(
    id="data-protected",
    severity=Severity.CRITICAL,
    title="What holds data is protected against replacement and deletion",
    reason="A renamed resource is a deleted one: the preview says it in one line among two hundred.",
    remedy="ResourceOptions(protect=True) on buckets and their keys, forceDestroy false, soft delete on GCS, "
    "reclaim policy Retain.",
    check=_check,
)
