"""What providers say of a resource with secret inputs, without what they quote of them.

The engine masks a secret wherever it shows inputs and outputs, but passes a provider's words on as they are,
and an API that refuses a value names it. Only the program knows that value: so of a resource with secrets no
more is kept than what cannot be one: the operation, the error's code and the field.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from pulumi.automation import EngineEvent, StepEventMetadata

from automation.redaction import MASK, Lines

LEFT_OUT = "the rest is left out, since this resource has secret inputs"

# Of AWS's SDK for Go, of botocore, of the sandbox's provider, of an API server, of what waits for readiness.
_KEPT = re.compile(
    r"operation error [\w ]+: \w+|StatusCode: \d+|api error [\w.]+"
    r"|\([A-Z][\w.]*\) when calling the \w+ operation"
    r"|^\w+ of \S+ '[^']*': [A-Z]\w*(?=: )"
    r"|the API server refuses it"
    r"|(?:(?<=\s)|(?<=\[))[a-zA-Z][\w.\[\]/-]*: (?:(?:Invalid|Unsupported|Required|Duplicate) value"
    r"|Forbidden|Too long|Too many)"
    r"|Apply failed with \d+ conflicts?:|illegal base64 data at input byte \d+"
    r"|already exists|exists already|is not ready after \d+\S* \w+|Unauthorized\b|is forbidden: User"
    r"|is not authorized to perform: [\w:*-]+",
    re.MULTILINE,
)
# A fault in the inputs, found before anything else is told of the resource. The engine gives the value as Go
# prints it, with `&{` where it is a secret (issueCheckErrors in pkg/resource/deploy/step_generator.go).
_FAULT = re.compile(
    r"(?P<where>.*?(?:property \S+)?)(?: value (?P<value>\{.*\}))? has a problem: (?P<reason>.*)", re.DOTALL
)
_QUOTED = re.compile(r"'[^']*'|\"(?:[^\"\\]|\\.)*\"")


def kept(message: str) -> str:
    """Of a message that may quote a secret, what cannot be one."""
    pieces = list(dict.fromkeys(piece.strip() for piece in _KEPT.findall(message)))
    return f"{', '.join(pieces)}; {LEFT_OUT}" if pieces else LEFT_OUT


class Guard:
    """Cleans the events of one operation, in their order."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._secretive: set[str] = set()
        self._printed: defaultdict[str, Lines] = defaultdict(Lines)

    def cleaned(self, event: EngineEvent) -> EngineEvent:
        """The event itself, with nothing in its message that a provider may have quoted of a secret."""
        step = event.resource_pre_event or event.res_outputs_event or event.res_op_failed_event
        if step is not None:
            self._learn(step.metadata)
        if event.diagnostic_event is not None:
            diagnostic = event.diagnostic_event
            urn = diagnostic.urn or ""
            # What a program prints comes line by line.
            diagnostic.message = self._printed[urn].line(self._guarded(urn, diagnostic.message))
        return event

    def _guarded(self, urn: str, message: str) -> str:
        if urn in self._secretive:
            return kept(message)
        fault = _FAULT.fullmatch(message)
        if fault is None or urn in self._known or (fault["value"] and "&{" not in fault["value"]):
            return message
        value = f" value {MASK}" if fault["value"] else ""
        return f"{fault['where']}{value} has a problem: {_QUOTED.sub(MASK, fault['reason'])}"

    def _learn(self, step: StepEventMetadata) -> None:
        self._known.add(step.urn)
        states = [state for state in (step.old, step.new) if state is not None]
        # The root's outputs may be secret: what is said of it is what the program says.
        if step.type == "pulumi:pulumi:Stack":
            return
        if any(_has_secret(part) for state in states for part in (state.inputs, state.outputs)):
            self._secretive.add(step.urn)


def _has_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_secret(part) for part in value.values())
    if isinstance(value, Iterable) and not isinstance(value, str):
        return any(_has_secret(part) for part in value)
    return value == MASK
