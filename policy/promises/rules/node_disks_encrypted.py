"""https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption.html"""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Resource, ResourceRule, Severity
from ..values import UNKNOWN, absent, at, sequence


def _check(resource: Resource) -> Iterator[str]:
    if resource.kind == "StorageClass":
        encrypted = at(resource.props, "parameters", "encrypted")
        if str(at(resource.props, "provisioner")).startswith("ebs.csi") and not _on(encrypted):
            yield f"volumes of class {resource.title} are not encrypted"
        return
    disks = at(resource.props, "blockDeviceMappings")
    if absent(disks):
        yield f"{resource.name} leaves its disk to the account's default"
    for disk in sequence(disks):
        if not _on(at(disk, "ebs", "encrypted")):
            yield f"{resource.name}: {at(disk, 'deviceName')} is not encrypted"


def _on(value: object) -> bool:
    return value is UNKNOWN or value is True or value == "true"


RULE = ResourceRule(
    id="node-disks-encrypted",
    severity=Severity.MEDIUM,
    title="Disks of nodes and volumes of pods are encrypted",
    reason="Nodes cache models, and volumes hold experiments: both outlive the machine that wrote them.",
    remedy="ebs.encrypted true in the launch template, parameters.encrypted in the StorageClass.",
    kinds=frozenset({"aws:ec2/launchTemplate:LaunchTemplate", "StorageClass"}),
    check=_check,
)
