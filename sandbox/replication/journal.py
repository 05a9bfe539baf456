"""What S3 itself remembers of each version: its replication status.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-status.html. One SQLite file of the
sandbox. A copy is noted before it is made and after: one that was cut short by a kill is looked for in the
destination before it is made again.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from sandbox.replication.rules import Rule
from sandbox.replication.versions import Version


class Status(StrEnum):
    """S3's words. SKIPPED stands for "no status": S3 does not replicate the version."""

    PENDING = "PENDING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    REPLICA = "REPLICA"
    SKIPPED = "SKIPPED"


@dataclass(frozen=True)
class Entry:
    """`replica` is the version id in the destination; `before` the delete markers that were there already."""

    status: Status
    replica: str = ""
    before: tuple[str, ...] = ()


_TABLES = (
    "CREATE TABLE IF NOT EXISTS versions (bucket TEXT, key TEXT, version TEXT, destination TEXT, status TEXT,"
    " replica TEXT, before TEXT, at REAL, PRIMARY KEY (bucket, key, version, destination))",
    "CREATE TABLE IF NOT EXISTS rules (source TEXT, id TEXT, destination TEXT, since REAL,"
    " PRIMARY KEY (source, id, destination))",
    "CREATE TABLE IF NOT EXISTS tags (bucket TEXT, key TEXT, version TEXT, tags TEXT,"
    " PRIMARY KEY (bucket, key, version))",
)


class Journal:
    """Everything is in memory too: a pass asks of every version."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, timeout=10)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")  # a kill loses nothing, and moto is in memory anyway
        for table in _TABLES:
            self._db.execute(table)
        rows = self._db.execute(
            "SELECT bucket, key, version, destination, status, replica, before FROM versions"
        )
        self._entries: dict[tuple[str, str, str, str], Entry] = {}
        self._replicas: set[tuple[str, str, str]] = set()
        for bucket, key, version, destination, status, replica, before in rows:
            entry = Entry(Status(status), replica, tuple(json.loads(before)))
            self._entries[bucket, key, version, destination] = entry
            if replica:
                self._replicas.add((destination, key, replica))
        self._rules: dict[tuple[str, str, str], float] = {
            (source, name, destination): since
            for source, name, destination, since in self._db.execute(
                "SELECT source, id, destination, since FROM rules"
            )
        }

    @property
    def fresh(self) -> bool:
        """Whether no rule was ever seen."""
        return not self._rules

    def since(self, rule: Rule) -> float | None:
        """When a rule began (seconds since the epoch), if it is known."""
        return self._rules.get((rule.source, rule.id, rule.destination))

    def begin(self, rule: Rule, since: float) -> None:
        self._rules[rule.source, rule.id, rule.destination] = since
        self._db.execute(
            "INSERT OR REPLACE INTO rules VALUES (?,?,?,?)", (rule.source, rule.id, rule.destination, since)
        )

    def forget(self, source: str, name: str, destination: str) -> None:
        """A rule is gone: should it come back, it begins anew."""
        self._rules.pop((source, name, destination), None)
        self._db.execute(
            "DELETE FROM rules WHERE source=? AND id=? AND destination=?", (source, name, destination)
        )

    def rules(self) -> list[tuple[str, str, str]]:
        """(source, id, destination) of all that were seen."""
        return list(self._rules)

    def entry(self, rule: Rule, version: Version) -> Entry | None:
        return self._entries.get((rule.source, version.key, version.id, rule.destination))

    def status(self, bucket: str, key: str, version: str, destination: str) -> Status | None:
        """The status of a version towards a destination; REPLICA for what came from elsewhere."""
        if (bucket, key, version) in self._replicas:
            return Status.REPLICA
        entry = self._entries.get((bucket, key, version, destination))
        return entry.status if entry else None

    def settled(self, rule: Rule, version: Version) -> bool:
        """Whether nothing is left to do for a version."""
        status = self.status(rule.source, version.key, version.id, rule.destination)
        return status not in (None, Status.PENDING)

    def write(
        self, rule: Rule, version: Version, status: Status, *, replica: str = "", before: Sequence[str] = ()
    ) -> None:
        self._entries[rule.source, version.key, version.id, rule.destination] = Entry(
            status, replica, tuple(before)
        )
        if replica:
            self._replicas.add((rule.destination, version.key, replica))
        self._db.execute(
            "INSERT OR REPLACE INTO versions VALUES (?,?,?,?,?,?,?,?)",
            (
                *(rule.source, version.key, version.id, rule.destination, str(status), replica),
                *(json.dumps(list(before)), time.time()),
            ),
        )

    def tags(self, bucket: str, key: str, version: str) -> Any:
        """The tags of a version when it was last looked at, or None."""
        row = self._db.execute(
            "SELECT tags FROM tags WHERE bucket=? AND key=? AND version=?", (bucket, key, version)
        ).fetchone()
        return None if row is None else json.loads(row[0])

    def write_tags(self, bucket: str, key: str, version: str, tags: Any) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO tags VALUES (?,?,?,?)", (bucket, key, version, json.dumps(tags))
        )

    def close(self) -> None:
        self._db.close()
