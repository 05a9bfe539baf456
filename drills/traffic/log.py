"""What a client saw: one JSON line for each request, written by `client` and read by `measure`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

TIMEOUT_S = 2.0
"""What a client allows for one request, name, connection and answer together: a later answer is a failure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request that began at `t` (seconds since the epoch).

    `latency_s` counts from the moment at which the request was due, so that a client that lags hides nothing.
    `resolved` is the address that was called; where it is None, the name was not resolved. The answer names
    where it comes from.
    """

    t: float
    latency_s: float
    ok: bool
    status: int | None = None
    error: str | None = None
    resolved: str | None = None
    region: str | None = None
    zone: str | None = None
    pod: str | None = None
    model_version: str | None = None

    def line(self) -> str:
        """The log's line, with its end."""
        return json.dumps(asdict(self), separators=(",", ":")) + "\n"


class LogReader:
    """Reads a client's log while it grows; requests come in the order in which they ended."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._rest = b""

    def read(self) -> list[Request]:
        """What was added since the last call, as far as its lines are whole."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as stream:
            stream.seek(self._offset)
            data = self._rest + stream.read()
            self._offset = stream.tell()
        *lines, self._rest = data.split(b"\n")
        return [Request(**json.loads(line)) for line in lines if line]


def read(path: Path) -> list[Request]:
    """The whole log, in the order in which the requests began."""
    return sorted(LogReader(path).read(), key=lambda request: request.t)
