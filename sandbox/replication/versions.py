"""What is in a bucket, and what of it a rule still has to replicate: pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.replication.rules import Rule, applying


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version of an object, or a delete marker. `modified` in seconds since the epoch, `size` in bytes.

    `number` counts the versions of the key from 0, oldest first.
    """

    key: str
    id: str
    modified: float
    size: int = 0
    marker: bool = False
    number: int = 0


def histories(pages: Iterable[Mapping[str, Any]]) -> dict[str, list[Version]]:
    """Key → its versions, oldest first, of the pages of a ListObjectVersions.

    Versions and delete markers come in lists of their own, each newest first. S3's dates, and moto's, hold
    whole seconds: within one, an object is taken to be older than a delete marker, unless a list tells more.
    """
    listed: dict[str, list[tuple[float, int, Version]]] = {}
    for page in pages:
        for marker, name in ((False, "Versions"), (True, "DeleteMarkers")):
            for place, one in enumerate(page.get(name) or ()):
                version = Version(
                    key=one["Key"],
                    id=one["VersionId"],
                    modified=one["LastModified"].timestamp(),
                    size=int(one.get("Size") or 0),
                    marker=marker,
                )
                latest = bool(one.get("IsLatest"))
                listed.setdefault(version.key, []).append((version.modified + latest * 0.5, -place, version))
    found: dict[str, list[Version]] = {}
    for key, versions in listed.items():
        ordered = sorted(versions, key=lambda one: (one[0], one[2].marker, one[1]))
        found[key] = [
            Version(key=key, id=v.id, modified=v.modified, size=v.size, marker=v.marker, number=number)
            for number, (_, _, v) in enumerate(ordered)
        ]
    return found


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How long S3 takes: `least` to `most` seconds, and the object's size at `rate` bytes a second.

    S3 with Replication Time Control replicates most objects in seconds and 99.99 % within 15 minutes
    (https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-time-control.html), at up to 1 Gbps
    unless more is asked for. The seconds in between are modelled: evenly spread, and the same for the same
    seed, key and number of the version.
    """

    least: float = 1.0
    most: float = 5.0
    rate: float = 125_000_000.0
    seed: int = 0

    def seconds(self, version: Version) -> float:
        digest = hashlib.sha256(f"{self.seed}\n{version.key}\n{version.number}".encode()).digest()
        share = int.from_bytes(digest[:8], "big") / 2**64
        return self.least + share * (self.most - self.least) + version.size / self.rate


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One version to replicate by one rule, not before `due` (seconds since the epoch)."""

    rule: Rule
    version: Version
    due: float


def pending(
    rules: Sequence[Rule],
    history: Mapping[str, Sequence[Version]],
    *,
    settled: Callable[[Rule, Version], bool],
    since: Callable[[Rule], float],
    seen: Callable[[Version], float],
    pace: Pace,
) -> list[Operation]:
    """What the rules of one bucket still have to replicate of it, oldest first.

    `settled`: replicated, failed, or a replica itself. `since`: when the rule began; older versions stay
    where they are. `seen`: when a version was put, as exactly as is known. Versions of one key keep their
    order: each is due after the one before it.
    """
    operations: list[Operation] = []
    for key, versions in history.items():
        for rule in applying(rules, key):
            due = 0.0
            for version in versions:
                skipped = version.modified < int(since(rule)) or (version.marker and not rule.delete_markers)
                if skipped or settled(rule, version):
                    continue
                due = max(due, seen(version) + pace.seconds(version))
                operations.append(Operation(rule=rule, version=version, due=due))
    return sorted(operations, key=lambda one: (one.version.modified, one.due, one.version.number))
