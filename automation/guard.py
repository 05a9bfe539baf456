"""What providers say of a resource with secret inputs, without what they quote of them.

The engine masks a secret wherever it shows inputs and outputs, but passes a provider's words on as they are,
and an API that refuses a value names it. Nobody but the program knows that value: so of a resource with secrets
only what cannot be one is kept, which is the operation, the error's code and the field.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pulumi.automation import EngineEvent, StepEventMetadata

from automation.redaction import MASK

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
# The resource could not even be asked for: its inputs are not known, and a fault in one names it.
_BEFORE = "has a problem: "
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

    def cleaned(self, event: EngineEvent) -> EngineEvent:
        """The event itself, with nothing in its message that a provider may have quoted of a secret."""
        step = event.resource_pre_event or event.res_outputs_event or event.res_op_failed_event
        if step is not None:
            self._learn(step.metadata)
        diagnostic = event.diagnostic_event
        if diagnostic is not None and diagnostic.urn and "pulumi:pulumi:Stack::" not in diagnostic.urn:
            if diagnostic.urn in self._secretive:
                diagnostic.message = kept(diagnostic.message)
            elif diagnostic.urn not in self._known and _BEFORE in diagnostic.message:
                before, _, reason = diagnostic.message.partition(_BEFORE)
                diagnostic.message = before + _BEFORE + _QUOTED.sub(MASK, reason)
        return event

    def _learn(self, step: StepEventMetadata) -> None:
        self._known.add(step.urn)
        states = [state for state in (step.old, step.new) if state is not None]
        if any(_has_secret(part) for state in states for part in (state.inputs, state.outputs)):
            self._secretive.add(step.urn)


def _has_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_secret(part) for part in value.values())
    if isinstance(value, Iterable) and not isinstance(value, str):
        return any(_has_secret(part) for part in value)
    return value == MASK
