"""Changes to a stack, in a few words each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.policy.stacks import Draft

Apply = Callable[[Draft], None]


@dataclass(frozen=True)
class Change:
    """One edit that someone could make, and the id of the rule that must refuse it (empty: none may)."""

    says: str
    rule: str
    apply: Apply


def _walk(props: Any, path: str) -> tuple[Any, Any]:
    """The container and the key that a path of words leads to; numbers are places in lists."""
    *before, last = [int(part) if part.lstrip("-").isdigit() else part for part in path.split()]
    for part in before:
        if isinstance(props, dict) and part not in props:
            props[part] = {}
        props = props[part]
    if isinstance(props, dict):
        last = str(last)
    return props, last


def put(where: str, path: str, value: Any) -> Apply:
    """Set the value at a path."""

    def apply(draft: Draft) -> None:
        container, key = _walk(draft.props(where), path)
        container[key] = draft.value(value)

    return apply


def drop(where: str, path: str) -> Apply:
    """Take away what is at a path; it must be there."""

    def apply(draft: Draft) -> None:
        container, key = _walk(draft.props(where), path)
        del container[key]

    return apply


def append(where: str, path: str, value: Any) -> Apply:
    """Add to the list at a path."""

    def apply(draft: Draft) -> None:
        container, key = _walk(draft.props(where), path)
        container[key] = (
            [*container.get(key, []), draft.value(value)] if isinstance(container, dict) else value
        )

    return apply


def swap(where: str, path: str, old: str, new: str) -> Apply:
    """Replace part of a text, which must be there."""

    def apply(draft: Draft) -> None:
        container, key = _walk(draft.props(where), path)
        assert draft.text(old) in container[key]
        container[key] = container[key].replace(draft.text(old), draft.text(new))

    return apply


def gone(where: str) -> Apply:
    """Leave resources of a name or type out."""
    return lambda draft: draft.remove(where)


def bare(where: str) -> Apply:
    """Leave the protection of a resource out."""
    return lambda draft: draft.change(where, protect=False)


def new(type_: str, name: str, props: dict[str, Any]) -> Apply:
    """Add a resource."""
    return lambda draft: draft.add(type_, name, draft.value(props))


def both(*steps: Apply) -> Apply:
    """One edit in several places."""

    def apply(draft: Draft) -> None:
        for step in steps:
            step(draft)

    return apply
