"""Checks inputs against an entry: unknown names at any depth, missing ones, wrong kinds; fills in defaults
and names.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.providers.base import UNKNOWN, Checked, Failure, Path, Properties, format_path
from sandbox.providers.base.table.entry import Entry
from sandbox.providers.base.table.fields import Field, Fields, Kind

_PLAIN: dict[Kind, type | tuple[type, ...]] = {
    Kind.TEXT: str,
    Kind.WHOLE: int,
    Kind.NUMBER: (int, float),
    Kind.FLAG: bool,
}


def check(entry: Entry[Any], name: str, old: Mapping[str, Any], new: Properties) -> Checked:
    """The completed inputs, and every fault found, each at its property path."""
    inputs = _with_defaults(entry.fields, new)
    for key, one in entry.fields.items():
        if one.auto_name and not inputs.get(key):
            inputs[key] = old.get(key) or f"{name[: one.auto_name - 8]}-{secrets.token_hex(4)[:7]}"
    found = [
        Failure(property=format_path(path), reason=f"{entry.token} {name!r}: {reason}")
        for path, reason in _block_faults(entry.fields, inputs, (), entry.package)
    ]
    if not found:
        found = [
            Failure(property=path, reason=f"{entry.token} {name!r}: {reason}")
            for path, reason in entry.rules(inputs)
        ]
    return Checked(inputs=inputs, failures=found)


def _with_defaults(fields: Fields, values: Mapping[str, Any]) -> Properties:
    filled = {key: value for key, value in values.items() if value is not None}
    for key, one in fields.items():
        value = filled.get(key)
        if value is None and one.default is not None:
            filled[key] = one.default
        elif one.kind is Kind.BLOCK and isinstance(value, dict):
            filled[key] = _with_defaults(one.fields, value)
        elif one.kind in (Kind.BLOCKS, Kind.BLOCKSET) and isinstance(value, list):
            filled[key] = [
                _with_defaults(one.fields, item) if isinstance(item, dict) else item for item in value
            ]
    return filled


def _block_faults(
    fields: Fields, values: Mapping[str, Any], path: Path, package: str
) -> Iterator[tuple[Path, str]]:
    for key in values:
        if key not in fields:
            known = ", ".join(sorted(fields))
            at = format_path((*path, key))
            yield (*path, key), f"the sandbox's {package} provider knows no input {at}; it knows {known}"
    for key, one in fields.items():
        value = values.get(key)
        if value is None:
            if one.required:
                yield (*path, key), f"input {format_path((*path, key))} is required"
        else:
            yield from _faults(one, value, (*path, key), package)


def _faults(one: Field, value: Any, path: Path, package: str) -> Iterator[tuple[Path, str]]:
    if value is UNKNOWN:
        return
    if one.kind in _PLAIN:
        yield from _plain_faults(one, value, path)
    elif one.kind in (Kind.JSON, Kind.POLICY):
        yield from _document_faults(one, value, path)
    elif one.kind in (Kind.LIST, Kind.SET):
        items = list(enumerate(value)) if isinstance(value, list) else None
        yield from _string_faults(one, items, value, path)
    elif one.kind is Kind.MAP:
        items = list(value.items()) if isinstance(value, dict) else None
        yield from _string_faults(one, items, value, path)
    else:
        yield from _nested_faults(one, value, path, package)


def _plain_faults(one: Field, value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    right = isinstance(value, _PLAIN[one.kind]) and isinstance(value, bool) is (one.kind is Kind.FLAG)
    if not right:
        yield path, _wrong(one, value, path)
    elif one.choices and value not in one.choices:
        allowed = ", ".join(map(str, one.choices))
        yield path, f"input {format_path(path)}: {value!r} is none of {allowed}"


def _nested_faults(one: Field, value: Any, path: Path, package: str) -> Iterator[tuple[Path, str]]:
    single = one.kind is Kind.BLOCK
    if not isinstance(value, dict if single else list):
        yield path, _wrong(one, value, path)
        return
    for at, item in [(path, value)] if single else [((*path, n), item) for n, item in enumerate(value)]:
        if isinstance(item, dict):
            yield from _block_faults(one.fields, item, at, package)
        elif item is not UNKNOWN:
            yield at, f"input {format_path(at)}: {item!r} is not an object"


def _string_faults(
    one: Field, items: list[tuple[Any, Any]] | None, value: Any, path: Path
) -> Iterator[tuple[Path, str]]:
    if items is None:
        yield path, _wrong(one, value, path)
        return
    for key, item in items:
        if not isinstance(item, str) and item is not UNKNOWN:
            yield (*path, key), f"input {format_path((*path, key))}: {item!r} is not a string"


def _document_faults(one: Field, value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, dict):
        return
    try:
        parsed = json.loads(value) if isinstance(value, str) else None
    except ValueError as error:
        yield path, f"input {format_path(path)}: not JSON: {error}"
        return
    if not isinstance(parsed, dict):
        yield path, _wrong(one, value, path)


def _wrong(one: Field, value: Any, path: Path) -> str:
    shown = repr(value)
    shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
    return f"input {format_path(path)}: {shown} is not {one.kind.value}"
