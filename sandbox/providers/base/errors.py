"""What goes wrong in a provider, as the user reads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class ProviderError(Exception):
    """A refusal or a failure with one message that says what, where, and what to do.

    The engine takes it as: nothing happened to the resource.
    """


class InitFailedError(ProviderError):
    """The resource exists but is not as asked for yet (not ready in time, say).

    The engine keeps it in the state with `reasons`, ends the update with them, and calls Update on the next
    `up` even though nothing in the program changed, so that the work is finished then.

    id: the resource's id; outputs: what is known of it now; inputs: only for Read, else empty.
    """

    def __init__(
        self,
        reasons: Sequence[str],
        *,
        id: str,
        outputs: dict[str, Any],
        inputs: dict[str, Any] | None = None,
    ) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = tuple(reasons)
        self.id = id
        self.outputs = outputs
        self.inputs = inputs or {}
