"""The engine's events of one region, as changes, findings and errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pulumi.automation import EngineEvent, StepEventMetadata

from automation.ci.data import held
from automation.ci.verdict import Action, Change, Finding, ordered
from automation.events import CLOSING_WORDS, plain
from automation.redaction import redacted

# Every way in which the engine names a step: https://github.com/pulumi/pulumi/blob/master/sdk/go/common/apitype
_ACTIONS = {
    "create": Action.CREATE,
    "import": Action.CREATE,
    "update": Action.UPDATE,
    "delete": Action.DELETE,
    "replace": Action.REPLACE,
    "create-replacement": Action.REPLACE,
    "import-replacement": Action.REPLACE,
    "delete-replaced": Action.REPLACE,
}
# The root, and what a peer's stack says of itself, which is the peer's to change.
_NOT_OURS = frozenset({"pulumi:pulumi:Stack", "pulumi:pulumi:StackReference"})

Severities = Callable[[str], str]
"""The severity of a policy by its name; empty when it is not known."""


class Recorder:
    """Takes the events of one preview, or of one refresh that is only previewed."""

    def __init__(self, severity: Severities = lambda _: "") -> None:
        self._severity = severity
        self._changes: dict[str, Change] = {}
        self._protected: set[str] = set()
        self._findings: dict[Finding, None] = {}
        self._errors: set[str] = set()

    @property
    def changes(self) -> tuple[Change, ...]:
        return ordered(self._marked(change) for change in self._changes.values())

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Mandatory ones first."""
        return tuple(sorted(self._findings, key=lambda f: (not f.mandatory, f.policy, f.urn)))

    @property
    def refused(self) -> bool:
        """Whether a policy or a protection refuses, and nothing else went wrong."""
        protected = self._errors & self._protected
        refusals = protected or any(finding.mandatory for finding in self._findings)
        return bool(refusals) and self._errors == protected

    def record(self, event: EngineEvent) -> None:
        """Take one event into account. A preview tells of each step twice, and of a replacement six times."""
        # A refresh begins every step as `refresh` and only ends it with what it found.
        step = event.res_outputs_event or event.resource_pre_event or event.res_op_failed_event
        if step is not None:
            self._step(step.metadata)
        elif event.diagnostic_event is not None and event.diagnostic_event.severity == "error":
            # What failed is told by the stacks; of a protected resource that is to go, it is the refusal.
            if plain(event.diagnostic_event.message) not in CLOSING_WORDS:
                self._errors.add(event.diagnostic_event.urn or "")
        elif event.policy_event is not None:
            policy = event.policy_event
            finding = Finding(
                policy=policy.policy_name,
                mandatory=policy.enforcement_level == "mandatory",
                severity=self._severity(policy.policy_name),
                message=_said(redacted(plain(policy.message))),
                urn=policy.resource_urn or "",
            )
            self._findings[finding] = None

    def _step(self, step: StepEventMetadata) -> None:
        action = _ACTIONS.get(str(getattr(step.op, "value", step.op)))
        if action is None or step.type in _NOT_OURS:
            return
        if action in {Action.REPLACE, Action.DELETE} and step.old is not None and step.old.protect:
            self._protected.add(step.urn)
        before = self._changes.get(step.urn)
        name = _object_name(step) or step.urn.rpartition("::")[2]
        self._changes[step.urn] = Change(
            urn=step.urn,
            type=step.type,
            name=step.urn.rpartition("::")[2],
            action=action,
            paths=tuple(sorted(step.detailed_diff or step.diffs or ())) or (before.paths if before else ()),
            forcing=tuple(sorted(step.keys or ())) or (before.forcing if before else ()),
            holds="" if _let_go(step, action) else held(step.type, name),
        )

    def _marked(self, change: Change) -> Change:
        return replace(change, refused=change.urn in self._errors & self._protected)


def _let_go(step: StepEventMetadata, action: Action) -> bool:
    """Whether the stack forgets something that stays as it is, such as what another region takes over.

    What is protected is refused instead, and said to be at stake.
    """
    old = step.old
    return action is Action.DELETE and old is not None and bool(old.retain_on_delete) and not old.protect


def _object_name(step: StepEventMetadata) -> str:
    """A Kubernetes object's own name."""
    for state in (step.old, step.new):
        inputs: Any = state.inputs if state is not None else None
        metadata = inputs.get("metadata") if isinstance(inputs, dict) else None
        if isinstance(metadata, dict) and metadata.get("name"):
            return str(metadata["name"])
    return ""


def _said(message: str) -> str:
    """What a policy found; the engine puts the policy's own description on a line before it."""
    first, newline, rest = message.partition("\n")
    return rest.strip() if newline and rest.strip() else first
