"""Which backups of a bucket are whole."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from drills.traffic.target import Backup
from sandbox.backups.archive import packed
from sandbox.backups.kept import whole
from sandbox.backups.schedules import SCHEDULE_LABEL, contents_key, metadata_key

START = datetime(2026, 1, 1, 12, 0, tzinfo=UTC).timestamp()
DOCUMENT: dict[str, Any] = {
    "metadata": {"labels": {SCHEDULE_LABEL: "ml-backup-rpo"}},
    "status": {
        "phase": "Completed",
        "startTimestamp": "2026-01-01T12:00:00Z",
        "completionTimestamp": "2026-01-01T12:00:20Z",
    },
}


class Bucket:
    def __init__(self, objects: dict[str, bytes]) -> None:
        self.objects = objects

    def get(self, key: str) -> bytes | None:
        return self.objects.get(key)

    def list(self, prefix: str) -> tuple[str, ...]:
        return tuple(sorted(key for key in self.objects if key.startswith(prefix)))


def bucket(*names: str, region: str = "us-east") -> Bucket:
    kept = Bucket({})
    for name in names:
        kept.objects[contents_key(region, name)] = packed((), START)
        kept.objects[metadata_key(region, name)] = json.dumps(DOCUMENT).encode()
    return kept


def names(kept: Bucket, region: str = "us-east") -> list[str]:
    return [one.name for one in whole(kept, region)]


def test_a_whole_backup_says_whose_and_when() -> None:
    assert list(whole(bucket("b"), "us-east")) == [
        Backup(name="b", of="us-east", schedule="ml-backup-rpo", started=START, completed=START + 20.0)
    ]


def test_what_is_below_another_regions_name_is_not_this_ones() -> None:
    kept = bucket("a", "b")
    kept.objects |= bucket("c", region="eu-west").objects
    assert names(kept) == ["a", "b"]
    assert names(kept, "eu-west") == ["c"]
    assert names(kept, "ap-south") == []


def test_half_a_backup_is_none() -> None:
    kept = bucket("a", "b", "c", "d")
    del kept.objects[metadata_key("us-east", "a")]
    del kept.objects[contents_key("us-east", "b")]
    kept.objects[contents_key("us-east", "c")] = packed((), START)[:40]
    assert names(kept) == ["d"]


def test_a_backup_that_did_not_complete_is_none() -> None:
    kept = bucket("a", "b")
    failed = {**DOCUMENT, "status": {**DOCUMENT["status"], "phase": "Failed"}}
    kept.objects[metadata_key("us-east", "a")] = json.dumps(failed).encode()
    kept.objects[metadata_key("us-east", "b")] = b"{"
    assert names(kept) == []
