"""Reading values of which some are not known before the update.

What the preview of a new region does not know (ids, ARNs, host names, documents made of them) is not
refused: it is judged when the engine asks again during the update.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final


class _Unknown:
    """A value that only the update will give."""

    def __repr__(self) -> str:
        return "(not known yet)"


UNKNOWN: Final = _Unknown()


def at(value: Any, *path: str | int) -> Any:
    """The value at ``path``; None where there is none, UNKNOWN from the first part on that is not known."""
    for key in path:
        if value is UNKNOWN:
            return UNKNOWN
        if isinstance(key, int):
            items = sequence(value)
            value = items[key] if -len(items) <= key < len(items) else None
        else:
            value = value.get(key) if isinstance(value, Mapping) else None
    return value


def sequence(value: Any) -> Sequence[Any]:
    """A list, or an empty one for what is none."""
    return value if isinstance(value, list | tuple) else ()


def mapping(value: Any) -> Mapping[str, Any]:
    """A mapping, or an empty one for what is none."""
    return value if isinstance(value, Mapping) else {}


def known(value: Any) -> bool:
    return value is not UNKNOWN


def absent(value: Any) -> bool:
    """None or empty; an unknown value is not absent."""
    return value is None or (isinstance(value, str | Sequence | Mapping) and not value)


def differs(value: Any, *allowed: Any) -> bool:
    """Whether a known value is none of ``allowed``."""
    return value is not UNKNOWN and value not in allowed


def number(value: Any) -> float | None:
    """A number, also one written as text; None for all else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    try:
        return float(value) if isinstance(value, str) else None
    except ValueError:
        return None


def document(value: Any) -> Mapping[str, Any]:
    """A JSON document given as text or as a mapping; empty if it is not known or no document."""
    if isinstance(value, str):
        try:
            return mapping(json.loads(value))
        except ValueError:
            return {}
    return mapping(value)


def statements(policy: Any) -> list[Mapping[str, Any]]:
    """The statements of an IAM policy document."""
    found = document(policy).get("Statement")
    return [mapping(item) for item in ([found] if isinstance(found, Mapping) else sequence(found))]


def listed(value: Any) -> list[str]:
    """One text or many, as IAM writes them."""
    return [value] if isinstance(value, str) else [str(item) for item in sequence(value)]


def walk(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value inside, with its path; containers before what they hold."""
    yield path, value
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from walk(inner, (*path, str(key)))
    else:
        for index, inner in enumerate(sequence(value)):
            yield from walk(inner, (*path, str(index)))


def selects(selector: Any, labels: Mapping[str, Any]) -> bool:
    """Whether a label selector picks an object with ``labels``; an empty selector picks all."""
    wanted = mapping(at(selector, "matchLabels"))
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    for entry in sequence(at(selector, "matchExpressions")):
        key, operator, values = at(entry, "key"), at(entry, "operator"), sequence(at(entry, "values"))
        holds = {
            "In": labels.get(key) in values,
            "NotIn": labels.get(key) not in values,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }
        if not holds.get(str(operator), False):
            return False
    return True
