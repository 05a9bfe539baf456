"""Between Pulumi's shape of a value and the one of a cloud's requests and answers, driven by the fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.providers.base.table.fields import Field, Fields, Kind, json_text


def api_name(name: str, one: Field, camel: bool) -> str:
    """The request's name of a field: its own, or Pulumi's with a capital (without, where `camel`)."""
    return one.api or (name if camel else name[:1].upper() + name[1:])


def to_api(
    fields: Fields, values: Mapping[str, Any], *, only: Iterable[str] | None = None, camel: bool = False
) -> dict[str, Any]:
    """Request parameters for the set values of `fields`; a field with `api=None` or `local` is left to the
    entry.
    """
    names = fields.keys() if only is None else only
    return {
        api_name(name, fields[name], camel): _out(fields[name], values[name], camel)
        for name in names
        if fields[name].api is not None and not fields[name].local and values.get(name) is not None
    }


def _out(one: Field, value: Any, camel: bool) -> Any:
    match one.kind:
        case Kind.BLOCK:
            return to_api(one.fields, value, camel=camel)
        case Kind.BLOCKS | Kind.BLOCKSET:
            return [to_api(one.fields, item, camel=camel) for item in value]
        case Kind.JSON | Kind.POLICY:
            return json_text(value)
        case Kind.WHOLE:
            return int(value)
        case Kind.NUMBER:
            return float(value)
        case _:
            return value


def from_api(
    fields: Fields, answer: Mapping[str, Any], *, only: Iterable[str] | None = None, camel: bool = False
) -> dict[str, Any]:
    """The values of `fields` that an answer holds."""
    names = fields.keys() if only is None else only
    found: dict[str, Any] = {}
    for name in names:
        one = fields[name]
        if one.api is None or one.local:
            continue
        value = answer.get(api_name(name, one, camel))
        if value is not None:
            found[name] = _in(one, value, camel)
    return found


def _in(one: Field, value: Any, camel: bool) -> Any:
    match one.kind:
        case Kind.BLOCK:
            return from_api(one.fields, value, camel=camel)
        case Kind.BLOCKS | Kind.BLOCKSET:
            return [from_api(one.fields, item, camel=camel) for item in value]
        case Kind.WHOLE:
            return int(value)
        case _:
            return value
