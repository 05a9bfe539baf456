"""What is wrong with the pods of a zone, as a drill has written it down: pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import SandboxError


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What one pod does wrong.

    `error_rate` is the share of inferences that are answered 500, `delay_s` what each takes longer; the pod's
    health tells of neither. `dead`: nobody listens, and whoever was connected is no more.
    """

    fail_readiness: bool = False
    error_rate: float = 0.0
    delay_s: float = 0.0
    dead: bool = False


NONE = Fault()


def applied_file(faults: Path) -> Path:
    """Where the faults that are in force are repeated, beside the file that asks for them."""
    return faults.with_suffix(".applied")


class Faults:
    """All of a zone: by a pod's name, or by `*` for those that are not named."""

    def __init__(self, pods: dict[str, Fault]) -> None:
        self._pods = pods

    @classmethod
    def parse(cls, text: str) -> Faults:
        """From JSON: `{"pods": {NAME: {FIELD: VALUE}}}`. SandboxError for what is none."""
        try:
            return cls({name: Fault(**fields) for name, fields in json.loads(text)["pods"].items()})
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise SandboxError(f"these are no faults of pods: {error}") from error

    def of(self, pod: str) -> Fault:
        return self._pods.get(pod) or self._pods.get("*") or NONE
