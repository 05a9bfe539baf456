"""What a drill needs of the place where it is held."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

Sink = Callable[[str, dict[str, Any]], None]
"""Takes a watch's event (ADDED, MODIFIED, DELETED) and the object, as the API server has it."""


class Cluster(Protocol):
    """One region's Kubernetes API. Kinds are written as in a manifest (`Pod`), objects are plain dicts."""

    def get(self, kind: str, name: str, namespace: str = "") -> dict[str, Any] | None: ...

    def list(self, kind: str, namespace: str = "") -> list[dict[str, Any]]: ...

    def create(self, manifest: dict[str, Any]) -> None:
        """Create it, or leave it as it is when it is there."""
        ...

    def delete(self, kind: str, name: str, namespace: str = "") -> None:
        """Delete it; nothing happens when it is not there."""
        ...

    def watch(self, kind: str, namespace: str, sink: Sink) -> AbstractContextManager[None]:
        """Gives `sink` every object that is there, and every change until the context is left.

        The sink is called from another thread.
        """
        ...


class Target(Protocol):
    """A platform that is up, and the means to break a part of it."""

    @property
    def regions(self) -> tuple[str, ...]: ...

    def zones(self, region: str) -> tuple[str, ...]: ...

    def cluster(self, region: str) -> Cluster: ...

    def stop_zone(self, region: str, zone: str) -> None:
        """From now on no node of the zone answers."""
        ...

    def start_zone(self, region: str, zone: str) -> None:
        """The zone's nodes answer again. Nothing happens when they do already."""
        ...

    def logs(self, region: str) -> Path:
        """The folder that keeps the logs, for messages."""
        ...
