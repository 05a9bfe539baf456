"""https://docs.cloud.google.com/storage-transfer/docs/reference/rest/v1/TransferSpec"""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Resource, ResourceRule, Severity
from ..values import absent, at, differs

_DELETES = ("deleteObjectsUniqueInSink", "deleteObjectsFromSourceAfterTransfer")


def _check(resource: Resource) -> Iterator[str]:
    spec = at(resource.props, "transferSpec")
    for option in _DELETES:
        if at(spec, "transferOptions", option) is True:
            yield f"{resource.name} deletes: {option} is on"
    source = at(spec, "awsS3DataSource")
    if not absent(source):
        if not absent(at(source, "awsAccessKey")) or not absent(at(source, "credentialsSecret")):
            yield f"{resource.name} reads its source with a key that never ends"
        if absent(at(source, "roleArn")):
            yield f"{resource.name} names no role to read its source with"
    if differs(at(resource.props, "status"), "ENABLED", None):
        yield f"{resource.name} is {at(resource.props, 'status')}: nothing is copied"


RULE = ResourceRule(
    id="transfers-only-copy",
    severity=Severity.CRITICAL,
    title="Transfer jobs copy, delete nowhere, and are known by a role",
    reason="A copy that follows deletions is lost with the source by the same mistake, and a key for the "
    "models of one cloud would lie in another.",
    remedy="Both options of deletion false, roleArn in place of keys, status ENABLED.",
    kinds=frozenset({"gcp:storage/transferJob:TransferJob"}),
    check=_check,
)
