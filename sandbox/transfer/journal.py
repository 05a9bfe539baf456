"""What the service itself remembers: runs, and of each object that it copied what it was copied from.

One SQLite file of the sandbox. A run that a kill has ended stands in it as begun, with the objects that were
done: the next start goes on with it.
"""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

_TABLES = (
    "CREATE TABLE IF NOT EXISTS runs (job TEXT, due REAL, began REAL, ended REAL, status TEXT,"
    " PRIMARY KEY (job, due))",
    "CREATE TABLE IF NOT EXISTS done (job TEXT, due REAL, key TEXT, etag TEXT, PRIMARY KEY (job, due, key))",
    "CREATE TABLE IF NOT EXISTS copies (sink TEXT, name TEXT, generation TEXT, etag TEXT,"
    " PRIMARY KEY (sink, name))",
)


@dataclass(frozen=True)
class Run:
    """A run of a job that was due at `due`; it has ended when `status` is there."""

    due: float
    status: str = ""


class Journal:
    """All writes are durable before the next step."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, timeout=10)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")  # a kill loses nothing, and the objects are in memory
        for table in _TABLES:
            self._db.execute(table)

    def last_run(self, job: str) -> Run | None:
        """The newest run of a job."""
        found = self._db.execute(
            "SELECT due, status FROM runs WHERE job=? ORDER BY due DESC LIMIT 1", (job,)
        ).fetchone()
        return None if found is None else Run(found[0], found[1] or "")

    def begin(self, job: str, due: float) -> None:
        """A run begins, or goes on."""
        self._db.execute("INSERT OR IGNORE INTO runs VALUES (?,?,?,NULL,NULL)", (job, due, time.time()))

    def end(self, job: str, due: float, status: str) -> None:
        """A run has ended; which objects it had done is of no more use."""
        self._db.execute(
            "UPDATE runs SET ended=?, status=? WHERE job=? AND due=?", (time.time(), status, job, due)
        )
        self._db.execute("DELETE FROM done WHERE job=? AND due=?", (job, due))

    def is_done(self, job: str, due: float, key: str, etag: str) -> bool:
        """Whether this run has done this object as it is now."""
        return (
            self._db.execute(
                "SELECT 1 FROM done WHERE job=? AND due=? AND key=? AND etag=?", (job, due, key, etag)
            ).fetchone()
            is not None
        )

    def did(self, job: str, due: float, key: str, etag: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO done VALUES (?,?,?,?)", (job, due, key, etag))

    def copied(self, sink: str, name: str, generation: str, etag: str) -> None:
        """An object of the sink was made from a source with this ETag."""
        self._db.execute("INSERT OR REPLACE INTO copies VALUES (?,?,?,?)", (sink, name, generation, etag))

    def source_of(self, sink: str, name: str, generation: str) -> str | None:
        """The ETag of what this generation was copied from, if it was copied here."""
        found = self._db.execute(
            "SELECT etag FROM copies WHERE sink=? AND name=? AND generation=?", (sink, name, generation)
        ).fetchone()
        return None if found is None else str(found[0])

    def close(self) -> None:
        self._db.close()
