"""Google's APIs as the table calls them: checked by their descriptions, then answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.providers.base.table.store import Store
from sandbox.providers.gcp.descriptions import description
from sandbox.providers.gcp.errors import GoogleError, invalid
from sandbox.providers.gcp.server import Server

STORE_FILE = "gcp-kept.sqlite"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request as a handler sees it; its parameters and body agree with the API's description."""

    api: Api
    params: Mapping[str, Any]
    body: Mapping[str, Any]

    @property
    def store(self) -> Store:
        """What is kept."""
        return self.api.store

    @property
    def server(self) -> Server:
        """fake-gcs-server."""
        return self.api.server


Handler = Callable[[Asked], dict[str, Any]]


class Api:
    """All methods that the table needs. Safe to share between threads."""

    def __init__(self, endpoint: str, directory: Path) -> None:
        from sandbox.providers.gcp.kept import HANDLERS  # noqa: PLC0415 - handlers speak of Asked, above

        self.server = Server(endpoint)
        self.store = Store(directory / STORE_FILE)
        self._handlers: Mapping[str, Handler] = HANDLERS

    def call(self, method: str, body: Mapping[str, Any] | None = None, **params: Any) -> dict[str, Any]:
        """Call a method by its id, such as `storage.buckets.get`. Raises GoogleError."""
        try:
            described = description(method.partition(".")[0])
            faults = described.faults(described.method(method), params, body)
            if faults:
                raise invalid("; ".join(faults))
            return self._handlers[method](Asked(api=self, params=params, body=body or {}))
        except GoogleError as error:
            error.method = error.method or method
            raise

    def close(self) -> None:
        """Closes the store and the connections."""
        self.server.close()
        self.store.close()


@dataclass(frozen=True, kw_only=True)
class Session:
    """One configured provider: whose project, and which labels every resource gets."""

    api: Api
    project: str
    default_labels: dict[str, str] = field(default_factory=dict[str, str])
    attribution: dict[str, str] = field(default_factory=dict[str, str])
