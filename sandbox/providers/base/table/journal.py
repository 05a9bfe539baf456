"""Which creations the engine may not have written down, so that a killed `up` leaves no orphans behind.

An engine that is killed while a cloud makes a thing never learns its id: its next run makes another, which
the cloud refuses where names are fixed, and which leaves an orphan where they are not. There one says
`pulumi refresh --import-pending-creates`; that needs ids that nobody here has seen. A creation stands in the
journal until the engine speaks of that id again, which shows that its state has it.
"""

from __future__ import annotations

import threading
from pathlib import Path

from sandbox.providers.base.table.store import Store

_KIND = "created"


class Journal:
    """URN → id of creations that the engine has not spoken of since."""

    def __init__(self, path: Path) -> None:
        self._store = Store(path)
        self._lock = threading.Lock()
        self._open: dict[str, str] = {
            urn: str(self._store.get(_KIND, "", urn)) for _, _, urn in self._store.everything()
        }

    def created(self, urn: str, id_: str) -> None:
        """A thing was made for a resource; the engine is about to be told."""
        with self._lock:
            self._open[urn] = id_
        self._store.put(_KIND, "", urn, value=id_)

    def spoken_of(self, urn: str, id_: str) -> None:
        """The engine knows this id."""
        with self._lock:
            if self._open.get(urn) != id_:
                return
            del self._open[urn]
        self._store.drop(_KIND, "", urn)

    def orphan(self, urn: str) -> str | None:
        """The id of what was made for a resource and never spoken of again."""
        with self._lock:
            return self._open.get(urn)
