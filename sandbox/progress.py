"""What a person sees while long work is under way: always on stderr, so that stdout stays for results."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TextIO

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

_PLAIN_INTERVAL = 30.0


class Progress(Protocol):
    """Steps that may run side by side. A step begins with `start` and ends with `done` or `fail`."""

    def start(self, step: str, doing: str, log: Path | None = None) -> None: ...

    def note(self, step: str, doing: str) -> None: ...

    def done(self, step: str, outcome: str = "done") -> None: ...

    def fail(self, step: str, outcome: str = "failed") -> None: ...


class Silent:
    """Shows nothing: tests, and `--json`."""

    def start(self, step: str, doing: str, log: Path | None = None) -> None:
        del step, doing, log

    def note(self, step: str, doing: str) -> None:
        del step, doing

    def done(self, step: str, outcome: str = "done") -> None:
        del step, outcome

    def fail(self, step: str, outcome: str = "failed") -> None:
        del step, outcome


@dataclass
class _Step:
    doing: str
    log: Path | None
    began: float = field(default_factory=time.monotonic)
    ended: float | None = None
    failed: bool = False
    told: float = field(default_factory=time.monotonic)

    def seconds(self) -> float:
        return (self.ended or time.monotonic()) - self.began


class Display(AbstractContextManager["Display"]):
    """A live table on a terminal; elsewhere a line when a step changes, and every 30 s while it lasts."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._console = Console(file=self._stream)
        self._steps: dict[str, _Step] = {}
        self._lock = threading.Lock()
        self._live = (
            Live(console=self._console, get_renderable=self._table, refresh_per_second=4)
            if self._console.is_terminal
            else None
        )
        self._stop = threading.Event()
        self._ticker: threading.Thread | None = None

    def __enter__(self) -> Display:
        if self._live is not None:
            self._live.start()
        else:
            self._ticker = threading.Thread(target=self._tick, daemon=True)
            self._ticker.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        if self._live is not None:
            self._live.stop()
        if self._ticker is not None:
            self._ticker.join()

    def start(self, step: str, doing: str, log: Path | None = None) -> None:
        with self._lock:
            self._steps[step] = _Step(doing, log)
        self._line(step)

    def note(self, step: str, doing: str) -> None:
        with self._lock:
            self._steps[step].doing = doing
        self._line(step)

    def done(self, step: str, outcome: str = "done") -> None:
        self._end(step, outcome, failed=False)

    def fail(self, step: str, outcome: str = "failed") -> None:
        self._end(step, outcome, failed=True)

    def _end(self, step: str, outcome: str, *, failed: bool) -> None:
        with self._lock:
            entry = self._steps[step]
            entry.doing, entry.ended, entry.failed = outcome, time.monotonic(), failed
        self._line(step)

    def _line(self, step: str) -> None:
        if self._live is not None:
            return
        with self._lock:
            entry = self._steps[step]
            entry.told = time.monotonic()
            log = f"  (log: {entry.log})" if entry.log is not None and entry.ended is None else ""
            print(f"{step}: {entry.doing}  {entry.seconds():.0f} s{log}", file=self._stream, flush=True)

    def _tick(self) -> None:
        while not self._stop.wait(1.0):
            now = time.monotonic()
            with self._lock:
                stale = [
                    n for n, s in self._steps.items() if s.ended is None and now - s.told > _PLAIN_INTERVAL
                ]
            for name in stale:
                self._line(name)

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        with self._lock:
            for name, step in self._steps.items():
                mark = ("✗", "red") if step.failed else (("✓", "green") if step.ended else ("…", "yellow"))
                table.add_row(
                    Text(mark[0], style=mark[1]),
                    Text(name, style="bold"),
                    Text(step.doing),
                    Text(f"{step.seconds():.0f} s"),
                    Text(f"log: {step.log}" if step.log is not None and not step.ended else "", style="dim"),
                )
        return table
