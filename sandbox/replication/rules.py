"""Replication rules as S3 reads them: pure.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-add-config.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.errors import SandboxError

_FORBIDDEN = {"Destination": ("Account", "AccessControlTranslation")}


class UnknownRuleError(SandboxError):
    """A rule asks for something that this stand-in does not do; the rule replicates nothing."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One enabled rule. Locations are AWS's names of regions; `kms_key` is what replicas are encrypted with.

    `modifications`: changes of metadata of replicas in `source` are carried back to where they came from.
    """

    id: str
    source: str
    source_location: str
    destination: str
    destination_location: str
    priority: int
    prefix: str = ""
    delete_markers: bool = False
    encrypted: bool = False
    modifications: bool = False
    metrics: bool = False
    kms_key: str = ""
    storage_class: str = ""

    @property
    def locations(self) -> frozenset[str]:
        return frozenset({self.source_location, self.destination_location})


def rule_of(source: str, answer: Mapping[str, Any], locations: Mapping[str, str]) -> Rule | None:
    """A rule of a GetBucketReplication answer, or None for one that is disabled.

    `locations`: bucket → AWS location. Raises UnknownRuleError.
    """
    if answer["Status"] != "Enabled":
        return None
    where = f"rule {answer.get('ID', '')!r} of {source}"
    destination = answer["Destination"]
    bucket = destination["Bucket"].rpartition(":")[2]
    chosen = answer.get("Filter") or {}
    for part, names in (("Filter", ("Tag", "And")), *_FORBIDDEN.items()):
        for name in names:
            if (answer.get(part) or {}).get(name):
                raise UnknownRuleError(f"{where} uses {part}.{name}, which is not modelled here")
    if _on(answer, "ExistingObjectReplication"):
        raise UnknownRuleError(f"{where} uses ExistingObjectReplication, which is not modelled here")
    if bucket not in locations:
        raise UnknownRuleError(f"{where} replicates to {bucket}, which does not exist")
    criteria = answer.get("SourceSelectionCriteria") or {}
    return Rule(
        id=answer["ID"],
        source=source,
        source_location=locations[source],
        destination=bucket,
        destination_location=locations[bucket],
        priority=int(answer.get("Priority") or 0),
        prefix=chosen.get("Prefix") or answer.get("Prefix") or "",
        # The first version of rules, without a filter, replicates delete markers by itself.
        delete_markers=_on(answer, "DeleteMarkerReplication") or "Filter" not in answer,
        encrypted=_on(criteria, "SseKmsEncryptedObjects"),
        modifications=_on(criteria, "ReplicaModifications"),
        metrics=_on(destination, "Metrics"),
        kms_key=(destination.get("EncryptionConfiguration") or {}).get("ReplicaKmsKeyID", ""),
        storage_class=destination.get("StorageClass") or "",
    )


def _on(holder: Mapping[str, Any], name: str) -> bool:
    return bool((holder.get(name) or {}).get("Status") == "Enabled")


def applying(rules: Iterable[Rule], key: str) -> Sequence[Rule]:
    """The rules for an object: of those to one destination the one of the highest priority."""
    chosen: dict[str, Rule] = {}
    for rule in rules:
        if key.startswith(rule.prefix):
            other = chosen.get(rule.destination)
            if other is None or rule.priority > other.priority:
                chosen[rule.destination] = rule
    return list(chosen.values())
