"""The tarball of a backup: pure.

https://velero.io/docs/main/output-file-format/, version 1.1: each object by its group's resource, and once
more by the version in which it was read.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

FORMAT = "1.1.0"


@dataclass(frozen=True, kw_only=True)
class Item:
    """An object; `resource` is its plural with its group (`deployments.apps`, `secrets`)."""

    resource: str
    version: str
    document: Mapping[str, Any]

    @property
    def paths(self) -> tuple[str, str]:
        """Where it is in the tarball."""
        metadata = self.document["metadata"]
        namespace = metadata.get("namespace", "")
        scope = f"namespaces/{namespace}" if namespace else "cluster"
        below = f"{scope}/{metadata['name']}.json"
        return (
            f"resources/{self.resource}/{self.version}-preferredversion/{below}",
            f"resources/{self.resource}/{below}",
        )


def packed(items: Iterable[Item], at: float) -> bytes:
    """The gzip-compressed tarball of these objects, with dates of `at` (seconds since the epoch)."""
    files = {"metadata/version": f"{FORMAT}\n".encode()}
    for item in items:
        body = json.dumps(item.document).encode()
        files.update(dict.fromkeys(item.paths, body))
    target = io.BytesIO()
    with gzip.GzipFile(fileobj=target, mode="wb", mtime=at) as stream, tarfile.open(None, "w", stream) as tar:
        for name, body in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.mode = len(body), int(at), 0o755
            tar.addfile(entry, io.BytesIO(body))
    return target.getvalue()


def unpacked(body: bytes) -> dict[str, Any]:
    """The objects of a tarball by the path without a version. Raises ValueError for what is no whole one."""
    found: dict[str, Any] = {}
    try:
        with tarfile.open(None, "r:gz", io.BytesIO(body)) as tar:
            files = {one.name: one for one in tar.getmembers()}
            if "metadata/version" not in files:
                raise ValueError("the tarball names no version of its format")
            for name, entry in files.items():
                stream = tar.extractfile(entry)
                if stream is not None and name.startswith("resources/") and "-preferredversion/" not in name:
                    found[name] = json.load(stream)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise ValueError(f"the tarball is not whole: {error}") from error
    return found
