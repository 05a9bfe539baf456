"""How much memory a sandbox holds, and the engine with it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from types import TracebackType

import psutil

from sandbox.processes import marked


@dataclass(frozen=True)
class Held:
    """Bytes in memory: `proportional` counts a page that n processes share as an n-th for each (PSS), so that
    the sum is what the machine spends; `resident` counts it for each (RSS).

    https://www.kernel.org/doc/html/latest/filesystems/proc.html (smaps_rollup)
    """

    proportional: int = 0
    resident: int = 0

    def most(self, other: Held) -> Held:
        """The greater of each."""
        return Held(max(self.proportional, other.proportional), max(self.resident, other.resident))


def held(identity: str) -> Held:
    """What all processes of the sandbox hold, and the engine's with them."""
    proportional = resident = 0
    for process in psutil.process_iter():
        if marked(process, identity):
            try:
                memory = process.memory_full_info()
            except psutil.Error:
                continue
            proportional += memory.pss
            resident += memory.rss
    return Held(proportional, resident)


class Peak:
    """Watches a sandbox every two seconds while the context lasts; `most` is the most it held."""

    def __init__(self, identity: str) -> None:
        self.most = Held()
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
        while not self._stop.wait(2.0):
            self.most = self.most.most(held(self._identity))
