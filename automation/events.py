"""What the engine's event stream tells, folded into counts and failures."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from pulumi.automation import EngineEvent, StepEventMetadata

from automation.errors import Failure
from automation.redaction import redacted

_COLOUR = re.compile(r"<\{%.*?%\}>|\x1b\[[0-9;]*m")
_PRINTED = "info#err"
_TRACEBACK = "Traceback (most recent call last)"
UNCHANGING = frozenset({"same", "read", "refresh"})
"""Operations that leave a resource as it is."""

CLOSING_WORDS = frozenset({"update failed", "preview failed", "destroy failed", "refresh failed"})
"""What the engine says last of an operation that failed, which names no cause."""

REFUSAL = "the configuration cannot be used:"
"""How the program begins when it refuses its configuration."""


@dataclass
class Tally:
    """An operation under way. Times are of a monotonic clock, in seconds."""

    clock: Callable[[], float] = time.monotonic
    began: float = field(init=False)
    finished: Counter[str] = field(default_factory=Counter[str])
    _seen: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    running: dict[str, str] = field(default_factory=dict[str, str])
    failures: list[Failure] = field(default_factory=list[Failure])
    changes: dict[str, int] | None = None
    printed: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self.began = self.clock()

    @property
    def seconds(self) -> float:
        """Since the operation began."""
        return self.clock() - self.began

    @property
    def resources(self) -> int:
        """Resources that the engine has dealt with, changed or not."""
        return sum(self.finished.values())

    def record(self, event: EngineEvent) -> None:
        """Take one event of the stream into account."""
        if event.resource_pre_event is not None:
            self._begin(event.resource_pre_event.metadata)
        elif event.res_outputs_event is not None:
            self._finish(event.res_outputs_event.metadata)
        elif event.res_op_failed_event is not None:
            self.running.pop(event.res_op_failed_event.metadata.urn, None)
        elif event.diagnostic_event is not None:
            diagnostic = event.diagnostic_event
            text = plain(diagnostic.message)
            if diagnostic.severity == _PRINTED:
                self.printed.append(text)
            elif diagnostic.severity == "error" and text not in CLOSING_WORDS:
                self.failures.append(Failure(diagnostic.urn or "", essence(text)))
        elif event.policy_event is not None and event.policy_event.enforcement_level == "mandatory":
            policy = event.policy_event
            self.failures.append(
                Failure(policy.resource_urn or "", f"policy {policy.policy_name}: {plain(policy.message)}")
            )
        elif event.summary_event is not None:
            changes = event.summary_event.resource_changes
            self.changes = {str(getattr(op, "value", op)): count for op, count in changes.items()}

    def causes(self) -> list[Failure]:
        """What failed; when no resource did, what the program printed as it ended."""
        text = "\n".join(line for line in self.printed if line)
        return self.failures or ([Failure("", essence(text))] if text else [])

    def _begin(self, step: StepEventMetadata) -> None:
        op = str(getattr(step.op, "value", step.op))
        if op not in UNCHANGING:
            self.running[step.urn] = op

    def _finish(self, step: StepEventMetadata) -> None:
        self.running.pop(step.urn, None)
        key = (step.urn, str(getattr(step.op, "value", step.op)))
        # A preview tells of each step twice.
        if key not in self._seen:
            self._seen.add(key)
            self.finished[key[1]] += 1

    def text(self) -> str:
        """One line for a person: what is done, what is under way."""
        done = ", ".join(f"{count} {_past(op)}" for op, count in sorted(self.finished.items()))
        if not self.running:
            return done or "starting"
        names = [urn.rpartition("::")[2] for urn in self.running]
        shown = ", ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "")
        return f"{done}; {shown}" if done else shown


def line_of(event: EngineEvent) -> str:
    """What a log keeps of an event; empty for what changes nothing."""
    step = event.resource_pre_event or event.res_outputs_event or event.res_op_failed_event
    if step is not None:
        op = str(getattr(step.metadata.op, "value", step.metadata.op))
        how = "" if event.resource_pre_event else " failed" if event.res_op_failed_event else " done"
        return "" if op in UNCHANGING else f"{op}{how}: {_resource(step.metadata.urn)}"
    if event.diagnostic_event is not None:
        diagnostic = event.diagnostic_event
        where = f" {_resource(diagnostic.urn)}" if diagnostic.urn else ""
        return "" if diagnostic.ephemeral else f"{diagnostic.severity}{where}: {diagnostic.message}"
    if event.policy_event is not None:
        policy = event.policy_event
        where = _resource(policy.resource_urn) if policy.resource_urn else "the stack"
        return f"policy {policy.policy_name} ({policy.enforcement_level}) {where}: {policy.message}"
    if event.summary_event is not None:
        changes = event.summary_event.resource_changes
        counts = ", ".join(f"{n} {getattr(op, 'value', op)}" for op, n in changes.items())
        return f"summary: {counts or 'nothing'}, {event.summary_event.duration_seconds} s"
    return event.stdout_event.message if event.stdout_event is not None else ""


def _resource(urn: str) -> str:
    return Failure(urn, "").resource or urn.rpartition("::")[2]


_PAST = {"same": "unchanged", "read": "read", "refresh": "refreshed"}


def _past(op: str) -> str:
    return _PAST.get(op, op if op.endswith("d") else f"{op}d" if op.endswith("e") else op)


def plain(text: str) -> str:
    """The text without the engine's colour marks, and without secrets."""
    return redacted(_COLOUR.sub("", text).strip())


def essence(text: str) -> str:
    """What a person needs of a diagnostic: of a traceback the last line, of anything else all of it."""
    if REFUSAL in text:
        return text[text.index(REFUSAL) :].strip()
    if _TRACEBACK not in text:
        return text.removeprefix("error: ")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1]
