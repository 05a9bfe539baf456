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
from drills.traffic.promises import Promise


@dataclass(frozen=True)
class RunResult:
    """One run, and what it was judged to be."""

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
            "promises": [_promise(promise) for promise in self.promises],
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
    """Every promise over the runs; `promise` is the worst run's."""
    found: list[Summary] = []
    for number in range(len(results[0].promises)):
        promises = [result.promises[number] for result in results]
        values = sorted(_or_never(promise.measured_s) for promise in promises)
        found.append(
            Summary(
                promise=max(promises, key=lambda promise: _or_never(promise.measured_s)),
                median_s=_unless_never(statistics.median(values)),
                worst_s=_unless_never(values[-1]),
                kept=sum(promise.kept for promise in promises),
                runs=len(promises),
            )
        )
    return found


def _or_never(value: float | None) -> float:
    return float("inf") if value is None else value


def _unless_never(value: float) -> float | None:
    return None if value == float("inf") else value


@dataclass(frozen=True)
class TrafficReport:
    """All runs of one drill."""

    drill: str
    region: str
    seed: int
    runs: tuple[RunResult, ...]

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(f"seed {run.seed}: {reason}" for run in self.runs for reason in run.reasons)

    @property
    def verdict(self) -> Verdict:
        return Verdict.BROKEN if self.reasons else Verdict.KEPT

    def document(self) -> dict[str, Any]:
        """The result as docs/drill-report.schema.json has it."""
        return {
            "drill": self.drill,
            "seed": self.seed,
            "runs": [run.document() for run in self.runs],
        }

    def table(self) -> RenderableType:
        count = f", {len(self.runs)} runs" if len(self.runs) > 1 else ""
        table = Table(
            title=f"{self.drill} in {self.region}{count}: the promise is {self.verdict}",
            caption="\n".join(self.reasons) or None,
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
        return Group(table, self._invariants())

    def _invariants(self) -> Table:
        table = Table(title="what must hold in every drill")
        table.add_column("invariant")
        table.add_column("held")
        for number, invariant in enumerate(self.runs[0].invariants):
            held = sum(run.invariants[number].held for run in self.runs)
            table.add_row(invariant.name, f"{held} of {len(self.runs)}")
        return table
