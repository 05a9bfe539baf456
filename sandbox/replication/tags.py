"""Changes of tags after an object was replicated, in both directions.

S3 replicates changes of metadata of a source object; those of a replica go back only with replica
modification sync
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-for-metadata-changes.html). Of such
metadata only tags are looked at: the buckets take no ACLs, and none has an object lock. Current versions
are looked at in turn, so that a change takes a while.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from sandbox.replication.journal import Journal, Status
from sandbox.replication.rules import Rule
from sandbox.replication.versions import Version

_GONE = ("NoSuchKey", "NoSuchVersion")

Place = tuple[str, str, str]
"""Bucket, key and version id."""


class Tags:
    """Looks at a few objects at a time."""

    def __init__(self, s3: Any, journal: Journal) -> None:
        self._s3, self._journal = s3, journal
        self._turn: dict[tuple[str, str], int] = {}

    def sync(
        self, rule: Rule, rules: Sequence[Rule], history: Mapping[str, Sequence[Version]], *, at_most: int
    ) -> int:
        """Carry changes between current versions in the rule's source and their replicas; how many."""
        copied: list[tuple[Place, Place]] = []
        for key, versions in history.items():
            entry = self._journal.entry(rule, versions[-1])
            if entry is not None and entry.status is Status.COMPLETED and not versions[-1].marker:
                there = (rule.destination, key, entry.replica)
                copied.append(((rule.source, key, versions[-1].id), there))
        if not copied:
            return 0
        turn = self._turn.get((rule.source, rule.id), 0)
        self._turn[rule.source, rule.id] = turn + at_most
        back = any(
            other.source == rule.destination and other.destination == rule.source and other.modifications
            for other in rules
        )
        picked = [copied[(turn + step) % len(copied)] for step in range(min(at_most, len(copied)))]
        return sum(self._agree(here, there, back=back) for here, there in picked)

    def _agree(self, here: Place, there: Place, *, back: bool) -> bool:
        try:
            ours, theirs = self._read(here), self._read(there)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _GONE:
                raise
            return False  # a version that somebody has deleted since has no tags to carry
        known = self._journal.tags(*here)
        if known is None:
            self._journal.write_tags(*here, ours)
            known = ours
        if ours == theirs:
            self._journal.write_tags(*here, ours)
            return False
        if ours != known:
            self._write(there, ours)
            self._journal.write_tags(*here, ours)
            return True
        if back:
            self._write(here, theirs)
            self._journal.write_tags(*here, theirs)
            return True
        return False

    def _read(self, place: Place) -> dict[str, str]:
        bucket, key, version = place
        found = self._s3.get_object_tagging(Bucket=bucket, Key=key, VersionId=version)["TagSet"]
        return {tag["Key"]: tag["Value"] for tag in found}

    def _write(self, place: Place, tags: Mapping[str, str]) -> None:
        bucket, key, version = place
        tagging = {"TagSet": [{"Key": name, "Value": value} for name, value in tags.items()]}
        self._s3.put_object_tagging(Bucket=bucket, Key=key, VersionId=version, Tagging=tagging)
