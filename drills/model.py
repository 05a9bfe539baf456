"""What every drill takes and gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from rich.console import RenderableType

from drills.target import Target


class Say(Protocol):
    """Takes one line about what is going on; `passing` ones come every second and may be left out."""

    def __call__(self, text: str, *, passing: bool = False) -> None: ...


class Verdict(StrEnum):
    """Whether what was broken recovered as promised."""

    KEPT = "kept"
    BROKEN = "broken"


@dataclass(frozen=True)
class Options:
    """What a person can choose: `zone` "" lets the drill choose, `limit` is in seconds for each recovery.

    Drills with traffic are held `runs` times, with seeds that count up from `seed` and a client that sends
    `rate` requests a second; `traffic` asks for them where the drill can be held without. `changes` says what
    another `up` would change, by region; it is asked after each run, where it is given.
    """

    region: str
    zone: str = ""
    limit: float = 420.0
    as_in_the_lesson: bool = False
    traffic: bool = False
    runs: int = 1
    seed: int = 0
    rate: float = 50.0
    changes: Callable[[], Mapping[str, int]] | None = None


class Report(Protocol):
    """A drill's result."""

    @property
    def verdict(self) -> Verdict: ...

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the promise is broken; empty when it is kept."""
        ...

    def document(self) -> dict[str, Any]:
        """The result as JSON has it."""
        ...

    def table(self) -> RenderableType:
        """The result as a person sees it."""
        ...


@dataclass(frozen=True)
class Drill:
    """One drill: a name, what it breaks in one line, and how it is run."""

    name: str
    breaks: str
    run: Callable[[Target, Options, Say], Report]
