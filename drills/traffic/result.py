"""The result of a drill with traffic: a verdict, the JSON document, and a table."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table

from drills.model import Verdict
from drills.traffic.invariants import Invariant
from drills.traffic.measure import Evidence
from drills.traffic.promises import OF_THE_PLATFORM, Pledge, Promise


@dataclass(frozen=True)
class RunResult:
    """One run of the drill in `region`, and what it was judged to be."""

    drill: str
    region: str
    seed: int
    evidence: Evidence
    promises: tuple[Promise, ...]
    invariants: tuple[Invariant, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        """Which promises and invariants are broken, and how."""
        broken = [
            f"{promise.name}: {seconds(promise.measured_s)} against {promise.budget_s:g} s"
            for promise in self.promises
            if not promise.kept
        ]
        fallen = [f"{invariant.name}: {invariant.why}" for invariant in self.invariants if not invariant.held]
        return (*broken, *fallen)

    def document(self) -> dict[str, Any]:
        """The run as docs/drill-report.schema.json has it."""
        return {
            "promises": [
                *(_promise(promise) for promise in self.promises),
                *(_untested(pledge) for pledge in untested([self])),
            ],
            "invariants": [{"name": i.name, "held": i.held} for i in self.invariants],
            "events": [
                {"t_s": round(event.t - self.evidence.fault, 3), "what": event.what}
                for event in self.evidence.events
            ],
        }


def _promise(promise: Promise) -> dict[str, Any]:
    measured = None if promise.measured_s is None else round(promise.measured_s, 3)
    document: dict[str, Any] = {
        "name": promise.name,
        "budget_s": promise.budget_s,
        "measured_s": measured,
        "source": str(promise.source),
        "kept": promise.kept,
    }
    if promise.floor_s is not None:
        document["floor_s"] = promise.floor_s
    return document


def _untested(pledge: Pledge) -> dict[str, Any]:
    return {
        "name": pledge.name,
        "budget_s": pledge.budget_s,
        "measured_s": None,
        "source": None,
        "kept": None,
        "tested_by": list(pledge.tested_by),
    }


def by_others(pledge: Pledge) -> str:
    """Which drills put a promise to the test, for a person."""
    return f"by {', '.join(pledge.tested_by)}" if pledge.tested_by else "by no drill yet"


def seconds(value: float | None) -> str:
    """For a person."""
    return "never" if value is None else f"{value:.1f} s"


@dataclass(frozen=True)
class Summary:
    """One promise over all runs. `median_s` and `worst_s` are None where it never came true (in half the
    runs, in one)."""

    promise: Promise
    median_s: float | None
    worst_s: float | None
    kept: int
    runs: int


def summaries(results: Sequence[RunResult]) -> list[Summary]:
    """Every promise over the runs that put it to the test; `promise` is the worst run's."""
    by_name: dict[str, list[Promise]] = {}
    for result in results:
        for promise in result.promises:
            by_name.setdefault(promise.name, []).append(promise)
    return [_summary(promises) for promises in by_name.values()]


def untested(results: Sequence[RunResult]) -> list[Pledge]:
    """Promises of the platform that these runs did not put to the test."""
    tested = {promise.name for result in results for promise in result.promises}
    return [pledge for pledge in OF_THE_PLATFORM if pledge.name not in tested]


def _summary(promises: Sequence[Promise]) -> Summary:
    values = sorted(_or_never(promise.measured_s) for promise in promises)
    return Summary(
        promise=max(promises, key=lambda promise: _or_never(promise.measured_s)),
        median_s=_unless_never(statistics.median(values)),
        worst_s=_unless_never(values[-1]),
        kept=sum(promise.kept for promise in promises),
        runs=len(promises),
    )


def held(results: Sequence[RunResult]) -> dict[str, tuple[int, int]]:
    """Every invariant: in how many runs it held, and of how many."""
    found: dict[str, tuple[int, int]] = {}
    for result in results:
        for invariant in result.invariants:
            held_in, of = found.get(invariant.name, (0, 0))
            found[invariant.name] = (held_in + invariant.held, of + 1)
    return found


def _or_never(value: float | None) -> float:
    return float("inf") if value is None else value


def _unless_never(value: float) -> float | None:
    return None if value == float("inf") else value


@dataclass(frozen=True)
class TrafficReport:
    """All runs of one drill, or of a soak, whose runs are of several."""

    drill: str
    region: str
    seed: int
    runs: tuple[RunResult, ...]
    remarks: tuple[str, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(f"{self.title(run)}: {reason}" for run in self.runs for reason in run.reasons)

    @property
    def mixed(self) -> bool:
        """Whether the runs are of several drills."""
        return any(run.drill != self.drill for run in self.runs)

    def title(self, run: RunResult) -> str:
        """What tells one run from the others."""
        return f"seed {run.seed}, {run.drill} in {run.region}" if self.mixed else f"seed {run.seed}"

    @property
    def verdict(self) -> Verdict:
        return Verdict.BROKEN if self.reasons else Verdict.KEPT

    def document(self) -> dict[str, Any]:
        """The result as docs/drill-report.schema.json has it."""
        return {
            "drill": self.drill,
            "seed": self.seed,
            "runs": [
                {**({"drill": run.drill, "seed": run.seed} if self.mixed else {}), **run.document()}
                for run in self.runs
            ],
        }

    def table(self) -> RenderableType:
        where = "" if self.mixed else f" in {self.region}"
        count = f", {len(self.runs)} runs" if len(self.runs) > 1 else ""
        table = Table(
            title=f"{self.drill}{where}{count}: the promise is {self.verdict}",
            caption="\n".join((*self.reasons, *self.remarks)) or None,
            caption_justify="left",
        )
        table.add_column("promise")
        for column in ("budget", "floor", "median", "worst"):
            table.add_column(column, justify="right")
        table.add_column("seconds are")
        table.add_column("kept")
        for row in summaries(self.runs):
            promise = row.promise
            floor = "" if promise.floor_s is None else f"{promise.floor_s:g} s"
            table.add_row(
                promise.name,
                f"{promise.budget_s:g} s",
                floor,
                seconds(row.median_s),
                seconds(row.worst_s),
                str(promise.source),
                f"{row.kept} of {row.runs}",
            )
        for pledge in untested(self.runs):
            told = ("", "", "", "", f"tested {by_others(pledge)}")
            table.add_row(pledge.name, f"{pledge.budget_s:g} s", *told, style="dim")
        return Group(table, self._invariants())

    def _invariants(self) -> Table:
        table = Table(title="what must hold in every drill")
        table.add_column("invariant")
        table.add_column("held")
        for name, (runs, of) in held(self.runs).items():
            table.add_row(name, f"{runs} of {of}")
        return table
