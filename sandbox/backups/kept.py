"""The whole backups that a bucket holds."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Protocol

from drills.traffic.target import Backup
from sandbox.backups.archive import unpacked
from sandbox.backups.schedules import SCHEDULE_LABEL, contents_key, folder, metadata_key, moment

_log = logging.getLogger(__name__)


class Readable(Protocol):
    """What is asked of a bucket: an object, None when there is none, and the keys under a prefix."""

    def get(self, key: str) -> bytes | None: ...

    def list(self, prefix: str) -> tuple[str, ...]: ...


def whole(store: Readable, region: str) -> Iterator[Backup]:
    """The completed backups below a region's name whose tarball can be read. Raises StoreError."""
    all_ = folder(region)
    for name in sorted({found.removeprefix(all_).partition("/")[0] for found in store.list(all_)}):
        said, contents = store.get(metadata_key(region, name)), store.get(contents_key(region, name))
        if said is None or contents is None:
            continue
        try:
            document = json.loads(said)
            unpacked(contents)
        except ValueError as error:
            _log.warning("backup %s of %s: %s", name, region, error)
            continue
        status = document["status"]
        if status["phase"] == "Completed":
            yield Backup(
                name=name,
                of=region,
                schedule=document["metadata"]["labels"][SCHEDULE_LABEL],
                started=moment(status["startTimestamp"]).timestamp(),
                completed=moment(status["completionTimestamp"]).timestamp(),
            )
