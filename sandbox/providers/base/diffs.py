"""What changed between two property bags, as property paths."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sandbox.providers.base.values import UNKNOWN, Path, Secret, format_path


class ChangeKind(StrEnum):
    """What happened at a path."""

    ADD = "add"
    DELETE = "delete"
    UPDATE = "update"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One changed place. replace: not changeable in place; from_inputs: old inputs were compared."""

    path: Path
    kind: ChangeKind
    replace: bool = False
    from_inputs: bool = True

    @property
    def text(self) -> str:
        """The path as Pulumi writes it."""
        return format_path(self.path)


@dataclass(frozen=True, kw_only=True)
class Diff:
    """What Diff answers. No changes: the resource stays as it is.

    delete_before_replace: the new one cannot live beside the old (their names are the same).
    """

    changes: tuple[Change, ...] = ()
    delete_before_replace: bool = False

    @property
    def replaces(self) -> bool:
        """Whether any change needs a replacement."""
        return any(change.replace for change in self.changes)


def compare(old: Any, new: Any, path: Path = ()) -> list[Change]:  # noqa: PLR0911 (one for each case)
    """Every place where `new` differs from `old`, the deepest place that tells.

    Maps are walked by key, lists by place; None is the same as absent; `UNKNOWN` differs from everything,
    since what it will be cannot be told; secrecy is no difference.
    """
    old = old.value if isinstance(old, Secret) else old
    new = new.value if isinstance(new, Secret) else new
    if isinstance(old, dict) and isinstance(new, dict):
        changes: list[Change] = []
        for key in sorted({*old, *new}, key=str):
            changes += compare(old.get(key), new.get(key), (*path, str(key)))
        return changes
    if isinstance(old, list | tuple) and isinstance(new, list | tuple):
        changes = []
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else None
            after = new[index] if index < len(new) else None
            changes += compare(before, after, (*path, index))
        return changes
    if old is None and new is None:
        return []
    if old is None:
        return [Change(path=path, kind=ChangeKind.ADD)]
    if new is None:
        return [Change(path=path, kind=ChangeKind.DELETE)]
    if new is UNKNOWN or isinstance(old, bool) is not isinstance(new, bool) or old != new:
        return [Change(path=path, kind=ChangeKind.UPDATE)]
    return []


def with_replacements(changes: Iterable[Change], immutable: Iterable[str]) -> tuple[Change, ...]:
    """`changes`, those marked `replace` that lie at or under one of the `immutable` paths.

    immutable: dotted paths, `*` for any one step: `spec.selector`, `spec.template.*.name`, `tags.*`.
    A change above an immutable path (its whole parent came or went) counts too.
    """
    patterns = [tuple(pattern.split(".")) for pattern in immutable]
    return tuple(
        replace(change, replace=True) if any(_meets(change.path, steps) for steps in patterns) else change
        for change in changes
    )


def _meets(path: Path, steps: tuple[str, ...]) -> bool:
    return all(step in ("*", str(place)) for place, step in zip(path, steps, strict=False))
