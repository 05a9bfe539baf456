"""Locks that an update left behind when it was killed (backends in a folder or a bucket keep them as files).

The engine's own answer is `pulumi cancel`, which also takes a living update's lock away. Here a lock is only
removed when its process ran on this machine and is gone.
"""

from __future__ import annotations

import os
import re
import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlparse

_LOCK = re.compile(
    r"^\s*(?P<url>\S+): created by (?P<user>.*)@(?P<host>[^@\s]*) \(pid (?P<pid>\d+)\) at (?P<since>\S*)",
    re.M,
)


@dataclass(frozen=True)
class Lock:
    """One lock file as the engine names it; `since` is its time (RFC 3339)."""

    url: str
    user: str
    host: str
    pid: int
    since: str = ""

    def __str__(self) -> str:
        since = f", since {self.since}" if self.since else ""
        return f"{self.user}@{self.host} (process {self.pid}{since})"


def parse(message: str) -> list[Lock]:
    """The locks that the engine's error names."""
    return [Lock(m["url"], m["user"], m["host"], int(m["pid"]), m["since"]) for m in _LOCK.finditer(message)]


def is_stale(lock: Lock) -> bool:
    """Whether its process certainly is gone: it ran here, and no `pulumi` has its process id now."""
    if lock.host != socket.gethostname():
        return False
    try:
        name = Path(f"/proc/{lock.pid}/comm").read_text().strip()
    except FileNotFoundError:
        return Path("/proc/self/comm").exists() or not _alive(lock.pid)
    except (ProcessLookupError, PermissionError):
        return False
    return not name.startswith("pulumi")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def file_of(lock: Lock) -> Path | None:
    """The lock's file, when the backend is a folder of this machine."""
    parsed = urlparse(lock.url)
    return Path(unquote(parsed.path)) if parsed.scheme == "file" else None
