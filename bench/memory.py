"""How much memory a sandbox holds, and the engine with it."""

from __future__ import annotations

import threading
from types import TracebackType

import psutil

from sandbox.processes import marked


def held(identity: str) -> int:
    """Bytes resident in all processes of the sandbox; pages that two of them share count for each."""
    total = 0
    for process in psutil.process_iter():
        if marked(process, identity):
            try:
                total += process.memory_info().rss
            except psutil.Error:
                continue
    return total


class Peak:
    """Watches a sandbox every second while the context lasts; `bytes` is the most it held."""

    def __init__(self, identity: str) -> None:
        self.bytes = 0
        self._identity = identity
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(1.0):
            self.bytes = max(self.bytes, held(self._identity))
