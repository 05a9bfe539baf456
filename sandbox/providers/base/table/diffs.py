"""What new inputs mean for a resource: compared with its state, as the cloud would compare them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.providers.base import UNKNOWN, Change, ChangeKind, Diff, Path, has_unknown
from sandbox.providers.base.table.entry import Entry
from sandbox.providers.base.table.fields import Field, Fields, Kind, same

_NOTHING = (None, "", [], {})


def diff(
    entry: Entry[Any], state: Mapping[str, Any], new: Mapping[str, Any], default_tags: Mapping[str, str]
) -> Diff:
    """The changes, at the deepest path that tells, each marked if it needs a replacement."""
    changes = [
        change
        for name, one in entry.fields.items()
        if name != entry.tags
        for change in _changes(one, new.get(name), state.get(name), (name,))
    ]
    if entry.taggable:
        changes += _tag_changes(entry, state, new, default_tags)
    replaces = any(change.replace for change in changes)
    return Diff(
        changes=tuple(changes),
        delete_before_replace=replaces and (entry.delete_first or _keeps_its_name(entry, state, new)),
    )


def _keeps_its_name(entry: Entry[Any], state: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether the replacement would bear the name of what it replaces, so that both cannot live at once."""
    return any(
        one.auto_name and new.get(name) == state.get(name) and not has_unknown(new.get(name))
        for name, one in entry.fields.items()
    )


def _changes(one: Field, want: Any, have: Any, path: Path) -> Iterator[Change]:
    if same(one, want, have):
        return
    if one.kind is Kind.BLOCK and isinstance(want, dict) and isinstance(have, dict):
        yield from _block_changes(one.fields, want, have, path, replace=one.replace)
    elif (
        one.kind is Kind.BLOCKS
        and isinstance(want, list)
        and isinstance(have, list)
        and len(want) == len(have)
    ):
        for index, (wanted, had) in enumerate(zip(want, have, strict=True)):
            if wanted is UNKNOWN or not isinstance(had, dict):
                yield Change(path=(*path, index), kind=ChangeKind.UPDATE, replace=one.replace)
            else:
                yield from _block_changes(one.fields, wanted, had, (*path, index), replace=one.replace)
    else:
        yield Change(path=path, kind=_kind(want, have), replace=one.replace or _any_replaces(one))


def _block_changes(
    fields: Fields, want: Mapping[str, Any], have: Mapping[str, Any], path: Path, *, replace: bool
) -> Iterator[Change]:
    for name, one in fields.items():
        for change in _changes(one, want.get(name), have.get(name), (*path, name)):
            yield Change(path=change.path, kind=change.kind, replace=change.replace or replace)


def _any_replaces(one: Field) -> bool:
    return any(inner.replace or _any_replaces(inner) for inner in one.fields.values())


def _kind(want: Any, have: Any) -> ChangeKind:
    if have in _NOTHING:
        return ChangeKind.ADD
    return ChangeKind.DELETE if want in _NOTHING else ChangeKind.UPDATE


def _tag_changes(
    entry: Entry[Any],
    state: Mapping[str, Any],
    new: Mapping[str, Any],
    default_tags: Mapping[str, str],
) -> Iterator[Change]:
    own = new.get(entry.tags)
    if own is UNKNOWN:
        yield Change(path=(entry.tags,), kind=ChangeKind.UPDATE)
        return
    want, have = {**default_tags, **(own or {})}, state.get(entry.all_tags) or {}
    for key in sorted({*want, *have}):
        before, after = have.get(key), want.get(key)
        if before != after:
            is_own = key in (own or {}) or key in (state.get(entry.tags) or {})
            yield Change(
                path=(entry.tags if is_own else entry.all_tags, key),
                kind=_kind(after, before),
                from_inputs=is_own,
            )
