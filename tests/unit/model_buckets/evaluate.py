"""Decides what a policy's Deny statements refuse, by IAM's rules, for the operators that the policies use.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any


def denied(
    statements: Sequence[Mapping[str, Any]], action: str, resource: str, context: Mapping[str, str]
) -> list[str]:
    """The Sids of the statements that refuse ``action`` on ``resource`` for a request with ``context``."""
    return [
        statement["Sid"]
        for statement in statements
        if statement["Effect"] == "Deny"
        and any(fnmatchcase(action, pattern) for pattern in _list(statement["Action"]))
        and any(fnmatchcase(resource, pattern) for pattern in _list(statement["Resource"]))
        and all(
            _holds(operator, key, value, context)
            for operator, keys in statement["Condition"].items()
            for key, value in keys.items()
        )
    ]


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _holds(operator: str, key: str, value: Any, context: Mapping[str, str]) -> bool:
    found = context.get(key)
    if operator == "Null":
        return (found is None) == (value == "true")
    if operator == "StringNotEquals":
        return found not in _list(value)
    if found is None:
        return False
    if operator in {"Bool", "StringEquals"}:
        return found in _list(value)
    if operator == "NumericLessThan":
        return float(found) < float(value)
    raise AssertionError(f"the policies are not expected to use {operator}")
