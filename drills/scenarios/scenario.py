"""What a drill with traffic is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from drills.traffic.invariants import ALWAYS, Check
from drills.traffic.promises import Judge
from drills.traffic.stage import Stage
from drills.traffic.target import Detection, Resolver


@dataclass(frozen=True, kw_only=True)
class Step:
    """Something that is done `after` seconds, counted from the first step, as detection is deployed."""

    do: Callable[[Stage], None]
    after: Callable[[Detection], float] = lambda _: 0.0


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One drill: what it does and when, and what is judged afterwards.

    It watches for `watch_s` seconds after its last step at least, and on until clients are served; with
    `capacity` also until the pods of a lost zone are ready elsewhere. Once all is mended it goes on for
    `aftermath_s` seconds at least. `load` is the client's rate as a multiple of the usual one, `resolver` the
    one that it asks.
    """

    name: str
    breaks: str
    steps: tuple[Step, ...]
    promises: tuple[Judge, ...]
    invariants: tuple[Check, ...] = ALWAYS
    watch_s: float = 20.0
    aftermath_s: float = 0.0
    load: float = 1.0
    capacity: bool = False
    resolver: Resolver = Resolver.HONEST


def at(seconds: float) -> Callable[[Detection], float]:
    """A step that is done after so many seconds, whatever is deployed."""
    return lambda _: seconds


def once(do: Callable[[Stage], None]) -> tuple[Step, ...]:
    """The steps of a scenario that breaks one thing, and leaves it so until it is healed."""
    return (Step(do=do),)
