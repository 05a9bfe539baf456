"""The policy pack of this checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from automation.targets import checkout


def pack() -> Path:
    """Its folder."""
    return checkout() / "policy"


def severity(policy: str) -> str:
    """How much is at stake with one of its rules: the engine's events do not say it. Empty if unknown."""
    return _severities().get(policy, "")


@cache
def _severities() -> dict[str, str]:
    from policy.promises.rules import all_rules  # noqa: PLC0415 - the pack's rules, for this command alone

    return {rule.id: str(rule.severity) for rule in all_rules()}
