"""The drill's result: a verdict, a JSON document and a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from drills.model import Verdict
from drills.zone_loss.measure import Loss, Promise, Return


@dataclass(frozen=True)
class LessonResult:
    """What became of the lesson's own service, `watched` seconds after the loss.

    `waiting` is the scheduler's message for the pods that it cannot place; `idle_gpus` stand free in the
    living zones, on nodes that those pods tolerate.
    """

    lost: Loss
    after_loss: Mapping[str, int]
    watched: float
    pending: int
    waiting: str
    idle_gpus: int


@dataclass(frozen=True)
class ZoneLossReport:
    """One holding of the drill. Counts of ready replicas are by zone; times are in seconds."""

    region: str
    zone: str
    zones: tuple[str, ...]
    limit: float
    promise: Promise
    before: Mapping[str, int]
    lost: Loss
    after_loss: Mapping[str, int]
    back: Return
    after_return: Mapping[str, int]
    lesson: LessonResult | None = None

    @property
    def reasons(self) -> tuple[str, ...]:
        missing = {
            f"endpoints of {self.zone} still took traffic": self.lost.endpoints_gone,
            f"minAvailable ({self.promise.min_available}) was not ready": self.lost.min_available_ready,
            f"not all {self.promise.replicas} replicas were ready in the living zones": self.lost.all_ready,
            f"the nodes of {self.zone} were not ready after its return": self.back.nodes_ready,
            f"the spread was not within maxSkew {self.promise.max_skew}": self.back.spread_back,
        }
        return tuple(f"{what} within {self.limit:.0f} s" for what, at in missing.items() if at is None)

    @property
    def verdict(self) -> Verdict:
        return Verdict.BROKEN if self.reasons else Verdict.KEPT

    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = {
            "drill": "zone-loss",
            "region": self.region,
            "zone": self.zone,
            "verdict": str(self.verdict),
            "reasons": list(self.reasons),
            "replicas": self.promise.replicas,
            "minAvailable": self.promise.min_available,
            "maxSkew": self.promise.max_skew,
            "readyBefore": dict(self.before),
            "loss": _loss_document(self.lost, self.after_loss),
            "return": {
                "secondsUntil": {
                    "nodesReady": _rounded(self.back.nodes_ready),
                    "spreadWithinMaxSkew": _rounded(self.back.spread_back),
                },
                "mostMissing": self.back.most_missing,
                "readyAfter": dict(self.after_return),
            },
        }
        if self.lesson is not None:
            document["lesson"] = {
                **_loss_document(self.lesson.lost, self.lesson.after_loss, endpoints=False),
                "watchedSeconds": _rounded(self.lesson.watched),
                "heals": self.lesson.lost.all_ready is not None,
                "pending": self.lesson.pending,
                "schedulerSays": self.lesson.waiting,
                "idleGpus": self.lesson.idle_gpus,
            }
        return document

    def table(self) -> Table:
        title = f"zone-loss: {self.zone} in {self.region}: the promise is {self.verdict}"
        table = Table(title=title, caption=self._caption() or None, caption_justify="left")
        table.add_column("what")
        table.add_column("this program", justify="right")
        if self.lesson is not None:
            table.add_column("as in the lesson", justify="right")
        for row in self._rows():
            table.add_row(*row[: len(table.columns)])
        return table

    def _caption(self) -> str:
        lines = list(self.reasons)
        if self.lesson is not None and self.lesson.waiting:
            # What follows the first sentence is about claims and preemption.
            first = self.lesson.waiting.partition(". ")[0].removesuffix(".")
            lines.append(f"of the lesson's pending pods the scheduler says: {first}.")
        return "\n".join(lines)

    def _rows(self) -> list[tuple[str, ...]]:
        lost, back, other = self.lost, self.back, self.lesson
        theirs = other.lost if other is not None else None

        def beside(value: Any) -> str:
            return "" if theirs is None else _text(value)

        return [
            ("the zone's nodes are held NotReady", _text(lost.nodes_not_ready), beside(lost.nodes_not_ready)),
            ("its endpoints are gone", _text(lost.endpoints_gone), ""),
            (
                f"minAvailable ({self.promise.min_available}) ready",
                _text(lost.min_available_ready),
                beside(theirs and theirs.min_available_ready),
            ),
            (
                f"all {self.promise.replicas} ready in the living zones",
                _text(lost.all_ready),
                beside(theirs and theirs.all_ready),
            ),
            (
                "most replicas missing",
                str(lost.most_missing),
                "" if theirs is None else str(theirs.most_missing),
            ),
            ("ready by zone", _spread(self.after_loss), _spread(other.after_loss) if other else ""),
            *self._lesson_rows(),
            ("zone back: its nodes ready", _text(back.nodes_ready), ""),
            (f"zone back: spread within maxSkew {self.promise.max_skew}", _text(back.spread_back), ""),
            ("zone back: most replicas missing", str(back.most_missing), ""),
            ("zone back: ready by zone", _spread(self.after_return), ""),
        ]

    def _lesson_rows(self) -> list[tuple[str, ...]]:
        if self.lesson is None:
            return []
        return [
            ("pods pending", "0", f"{self.lesson.pending} after {self.lesson.watched:.0f} s"),
            ("GPUs idle beside them", "", str(self.lesson.idle_gpus)),
        ]


def _loss_document(lost: Loss, after: Mapping[str, int], *, endpoints: bool = True) -> dict[str, Any]:
    gone = {"endpointsGone": _rounded(lost.endpoints_gone)} if endpoints else {}
    return {
        "secondsUntil": {
            "nodesNotReady": _rounded(lost.nodes_not_ready),
            **gone,
            "minAvailableReady": _rounded(lost.min_available_ready),
            "allReady": _rounded(lost.all_ready),
        },
        "mostMissing": lost.most_missing,
        "readyAfter": dict(after),
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)


def _text(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.1f} s"


def _spread(ready: Mapping[str, int]) -> str:
    return ", ".join(f"{zone[-1]} {count}" for zone, count in ready.items())
