"""Publishes model versions while a drill is held, and keeps what was acknowledged.

A version is `model.bin`, then `manifest.json`, then `current.json` that names it: whoever reads in that order
finds a whole model or an older one.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from drills.errors import StoreError
from drills.traffic.target import Objects

PREFIX = "models/default/"
CURRENT = f"{PREFIX}current.json"
INTERVAL_S = 3.0
MODEL_BYTES = 64 * 1024
_DIGITS = 8


@dataclass(frozen=True, kw_only=True)
class Version:
    """A version whose publishing was acknowledged; times are seconds since the epoch."""

    version: str
    size: int
    sha256: str
    started_at: float
    acknowledged_at: float


def model_key(version: str) -> str:
    """Where a version's model is."""
    return f"{PREFIX}{version}/model.bin"


def manifest_key(version: str) -> str:
    """Where a version's manifest is."""
    return f"{PREFIX}{version}/manifest.json"


def published(keys: Iterable[str]) -> set[str]:
    """The versions whose manifest is among the keys of a bucket."""
    return {
        key.removeprefix(PREFIX).removesuffix("/manifest.json")
        for key in keys
        if key.startswith(PREFIX) and key.endswith("/manifest.json")
    }


def complete(store: Objects, version: str) -> bool:
    """Whether the bucket has the version's manifest and the model that it describes."""
    manifest = store.get(manifest_key(version))
    model = store.get(model_key(version))
    if manifest is None or model is None:
        return False
    return json.loads(manifest)["sha256"] == hashlib.sha256(model).hexdigest()


class Ledger:
    """What was acknowledged, on disk before anybody is told."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, version: Version) -> None:
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(asdict(version)) + "\n")
            stream.flush()
            os.fsync(stream.fileno())

    def read(self) -> list[Version]:
        if not self._path.exists():
            return []
        lines = self._path.read_text(encoding="utf-8").splitlines()
        return [Version(**json.loads(line)) for line in lines]


class Publisher:
    """Publishes into one bucket: a version every `interval_s` seconds, as long as `tick` is called."""

    def __init__(
        self,
        store: Objects,
        ledger: Ledger,
        seed: int = 0,
        *,
        interval_s: float = INTERVAL_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._random = random.Random(seed)  # noqa: S311 - models are noise, not secrets
        self._interval = interval_s
        self._clock = clock
        self._last = max((int(name) for name in published(store.list(PREFIX)) if name.isdigit()), default=0)
        self._due = clock()

    @property
    def last(self) -> str:
        """The newest version that was begun."""
        return f"{self._last:0{_DIGITS}d}"

    def publish(self, *, truncated: bool = False) -> Version:
        """Publish one version now. A `truncated` one lost its end on the way, which its manifest shows.

        Raises StoreError; what was begun then counts for nothing.
        """
        self._last += 1
        version, model = self.last, self._random.randbytes(MODEL_BYTES)
        started = self._clock()
        digest = hashlib.sha256(model).hexdigest()
        manifest = {"version": version, "size": len(model), "sha256": digest, "published_at": started}
        self._store.put(model_key(version), model[: len(model) // 2] if truncated else model)
        self._store.put(manifest_key(version), json.dumps(manifest).encode())
        self._point(version)
        entry = Version(
            version=version,
            size=len(model),
            sha256=digest,
            started_at=started,
            acknowledged_at=self._clock(),
        )
        if not truncated:
            self._ledger.add(entry)
        return entry

    def roll_back(self, version: str) -> None:
        """Make an older version the current one. Raises StoreError."""
        self._point(version)

    def _point(self, version: str) -> None:
        self._store.put(CURRENT, json.dumps({"version": version}).encode())

    def tick(self) -> None:
        """Publish a version when one is due; where the bucket gives no answer, the next one is tried."""
        if self._clock() < self._due:
            return
        self._due = self._clock() + self._interval
        with suppress(StoreError):
            self.publish()
