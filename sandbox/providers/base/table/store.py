"""The store beside a server: JSON values by kind, location and key, in one SQLite file of the sandbox."""

from __future__ import annotations

import json
import sqlite3
import threading
from pathlib import Path
from typing import Any


class Store:
    """Safe between threads and processes. A key is a path of parts joined by a line feed, which no
    name holds.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
        self._db.execute("PRAGMA journal_mode=WAL")
        # A sandbox does not outlive its machine's crash: the servers' own state is in memory.
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS kept"
            " (kind TEXT, region TEXT, key TEXT, value TEXT, PRIMARY KEY (kind, region, key))"
        )

    def get(self, kind: str, region: str, *key: str) -> Any:
        """The value, or None."""
        with self._lock:
            row = self._db.execute(
                "SELECT value FROM kept WHERE kind=? AND region=? AND key=?", (kind, region, "\n".join(key))
            ).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, kind: str, region: str, *key: str, value: Any) -> None:
        """Sets a value."""
        with self._lock:
            self._db.execute(
                "INSERT OR REPLACE INTO kept VALUES (?,?,?,?)",
                (kind, region, "\n".join(key), json.dumps(value, default=str)),
            )

    def drop(self, kind: str, region: str, *key: str) -> bool:
        """Removes a value; says whether there was one."""
        with self._lock:
            done = self._db.execute(
                "DELETE FROM kept WHERE kind=? AND region=? AND key=?", (kind, region, "\n".join(key))
            )
        return done.rowcount > 0

    def list(self, kind: str, region: str, *prefix: str) -> list[Any]:
        """All values whose key begins with these parts, in the order of their keys."""
        start = "".join(part + "\n" for part in prefix)
        with self._lock:
            rows = self._db.execute(
                "SELECT value FROM kept WHERE kind=? AND region=? AND substr(key, 1, ?)=? ORDER BY key",
                (kind, region, len(start), start),
            ).fetchall()
        return [json.loads(row[0]) for row in rows]

    def drop_all(self, kind: str, region: str, *prefix: str) -> None:
        """Removes the value at this key and every one below it."""
        start = "\n".join(prefix)
        with self._lock:
            self._db.execute(
                "DELETE FROM kept WHERE kind=? AND region=? AND (key=? OR substr(key, 1, ?)=?)",
                (kind, region, start, len(start) + 1, start + "\n"),
            )

    def everything(self) -> list[tuple[str, str, str]]:
        """(kind, location, key) of all that is kept: empty after a destroy."""
        with self._lock:
            return [
                tuple(row) for row in self._db.execute("SELECT kind, region, key FROM kept ORDER BY 1,2,3")
            ]

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._db.close()
