"""https://velero.io/docs/main/csi-snapshot-data-movement/"""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Resource, ResourceRule, Severity
from ..values import absent, at, differs, sequence


def _check(resource: Resource) -> Iterator[str]:
    template = at(resource.props, "spec", "template")
    kinds = sequence(at(template, "includedResources"))
    if "persistentvolumeclaims" in kinds and "persistentvolumes" not in kinds:
        yield f"{resource.title} takes claims without their volumes, and restores nothing of them"
    if at(template, "snapshotVolumes") is False:
        yield f"{resource.title} takes volumes' names and not their content"
    elif differs(at(template, "snapshotMoveData"), True):
        yield f"{resource.title} leaves its snapshots in the region that will be lost"
    if absent(at(template, "ttl")):
        yield f"{resource.title} does not say how long a backup is kept"


RULE = ResourceRule(
    id="backup-volumes-travel",
    severity=Severity.CRITICAL,
    title="Backups hold the content of volumes, outside the region",
    reason="An EBS snapshot is a thing of its region: when that is gone, so is the snapshot.",
    remedy="includedResources with persistentvolumes, snapshotVolumes and snapshotMoveData true, and a ttl.",
    kinds=frozenset({"Schedule"}),
    check=_check,
)
