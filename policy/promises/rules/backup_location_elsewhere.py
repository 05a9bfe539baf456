"""https://velero.io/docs/main/locations/"""

from __future__ import annotations

from collections.abc import Iterator

from ..buckets import BUCKET, joined, replicas_of
from ..model import Finding, Severity, Stack, StackRule
from ..values import at, differs, known


def _check(stack: Stack) -> Iterator[Finding]:
    locations = stack.of("BackupStorageLocation")
    if not locations:
        return
    ours = {at(bucket.props, "bucket"): bucket for bucket in stack.of(BUCKET)}
    here = stack.promise.regions.get(stack.promise.region)
    writable = [each for each in locations if differs(at(each.props, "spec", "accessMode"), "ReadOnly")]
    if not any(at(each.props, "spec", "default") is True for each in writable):
        yield Finding("no default location that backups can be written to")
    for location in writable:
        name = at(location.props, "spec", "objectStorage", "bucket")
        bucket = ours.get(name) if known(name) else None
        region = at(location.props, "spec", "config", "region")
        if bucket is not None and joined(stack) and not replicas_of(stack, bucket):
            yield Finding(
                f"backups of {location.title} stay in bucket {name}, in this region alone", location.urn
            )
        if bucket is None and known(name) and here is not None and ours and region == here.location:
            yield Finding(
                f"{location.title} writes to bucket {name}, which is no bucket of this stack", location.urn
            )
    for location in locations:
        if location not in writable and at(location.props, "spec", "default") is True:
            yield Finding(f"the default location {location.title} is read-only", location.urn)
    if len(writable) > 1:
        yield Finding(f"{len(writable)} locations can be written to: a peer's backups must be read-only here")
    if joined(stack) and len(locations) < 2:
        yield Finding("no location with the backups of a peer, to restore them from here")


RULE = StackRule(
    id="backup-location-elsewhere",
    severity=Severity.CRITICAL,
    title="Backups are in another region, and a peer's are readable here",
    reason="Backups in the region that is lost are lost with it; those that no other cluster can read "
    "restore nothing.",
    remedy="Write to a bucket that is replicated to another region, and add a ReadOnly location for each "
    "peer.",
    check=_check,
)
