"""Fields of a table entry: what an input may be, where it goes in a request, and when two values mean the
same.

Names are Pulumi's (camelCase, as in pulumi_aws and pulumi_gcp). `UNKNOWN` stands for a value that a preview
does not know yet.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from sandbox.providers.base import UNKNOWN, has_unknown


class Kind(StrEnum):
    """How a value is checked and compared."""

    TEXT = "a string"
    WHOLE = "a whole number"
    NUMBER = "a number"
    FLAG = "a boolean"
    JSON = "a JSON document"
    POLICY = "a policy document"
    LIST = "a list of strings"
    SET = "a set of strings"
    MAP = "a map of strings"
    BLOCK = "an object"
    BLOCKS = "a list of objects"
    BLOCKSET = "a set of objects"


NESTED: Final = frozenset({Kind.BLOCK, Kind.BLOCKS, Kind.BLOCKSET})


@dataclass(frozen=True, kw_only=True)
class Field:
    """One input.

    `api` is its name in the request and the answer ("" derives it, None keeps it out of both); `replace`
    marks what the cloud cannot change in place; `computed` says that it fills it in when the program does
    not; `local` says that only this provider knows it, so that no read brings it back; `same` reduces values
    to what the cloud compares.
    """

    kind: Kind
    api: str | None = ""
    required: bool = False
    default: Any = None
    replace: bool = False
    computed: bool = False
    local: bool = False
    auto_name: int = 0
    choices: tuple[Any, ...] = ()
    fields: Mapping[str, Field] = field(default_factory=dict)
    same: Callable[[Any], Any] | None = None


Fields = Mapping[str, Field]


def text(**options: Any) -> Field:
    """A string. With `auto_name=N` a missing one becomes `<logical name>-<7 hex>` of at most N characters."""
    return Field(kind=Kind.TEXT, **options)


def whole(**options: Any) -> Field:
    """A whole number."""
    return Field(kind=Kind.WHOLE, **options)


def number(**options: Any) -> Field:
    """A number."""
    return Field(kind=Kind.NUMBER, **options)


def flag(**options: Any) -> Field:
    """A boolean."""
    return Field(kind=Kind.FLAG, **options)


def document(**options: Any) -> Field:
    """A JSON document, compared by content."""
    return Field(kind=Kind.JSON, **options)


def policy(**options: Any) -> Field:
    """An IAM policy, compared as IAM reads it: order of statements' lists and one-element lists do not
    matter.
    """
    return Field(kind=Kind.POLICY, **options)


def strings(**options: Any) -> Field:
    """A list of strings."""
    return Field(kind=Kind.LIST, **options)


def string_set(**options: Any) -> Field:
    """A set of strings: order does not matter."""
    return Field(kind=Kind.SET, **options)


def mapping(**options: Any) -> Field:
    """A map of strings."""
    return Field(kind=Kind.MAP, **options)


def block(fields: Fields, **options: Any) -> Field:
    """A nested object."""
    return Field(kind=Kind.BLOCK, fields=fields, **options)


def blocks(fields: Fields, **options: Any) -> Field:
    """A list of nested objects."""
    return Field(kind=Kind.BLOCKS, fields=fields, **options)


def block_set(fields: Fields, **options: Any) -> Field:
    """A set of nested objects: order does not matter."""
    return Field(kind=Kind.BLOCKSET, fields=fields, **options)


def tags() -> Field:
    """The `tags` input; how it meets the provider's default tags is `tags.py`'s business."""
    return Field(kind=Kind.MAP, api=None)


def replacing(fields: Fields) -> dict[str, Field]:
    """The same fields, each of which forces a replacement."""
    return {name: replace(one, replace=True) for name, one in fields.items()}


def is_empty(value: Any) -> bool:
    """Whether a value is what the real provider's SDK holds for "not set": null or a zero value."""
    return value is None or (value is not UNKNOWN and value in ("", 0, False, [], {}))


def parsed_json(value: Any) -> Any:
    """A JSON document given as text or, as Pulumi allows for policies, as an object."""
    return json.loads(value) if isinstance(value, str) else value


def json_text(value: Any) -> str:
    """The text to send for a JSON document given as text or as an object."""
    return value if isinstance(value, str) else json.dumps(value)


def canonical_policy(value: Any) -> Any:
    """A policy reduced to what IAM compares: lists of strings are sets, and a list of one is its item."""
    if isinstance(value, dict):
        return {key: canonical_policy(item) for key, item in value.items()}
    if isinstance(value, list):
        items = [canonical_policy(item) for item in value]
        if len(items) == 1:
            return items[0]
        return sorted(items) if all(isinstance(item, str) for item in items) else items
    return value


def _comparable(one: Field, value: Any) -> Any:
    if one.same is not None:
        return one.same(value)
    if one.kind is Kind.POLICY:
        return canonical_policy(parsed_json(value))
    if one.kind is Kind.JSON:
        return parsed_json(value)
    if one.kind is Kind.SET:
        return sorted(value)
    if one.kind in (Kind.WHOLE, Kind.NUMBER):
        return float(value)
    return value


def same(one: Field, want: Any, have: Any) -> bool:  # noqa: PLR0911 (one for each case)
    """Whether the cloud would see no difference between the wanted value and the one it has.

    A computed field that is not wanted is whatever the cloud made it.
    """
    if has_unknown(want):
        return False
    if (one.computed and want in (None, "")) or (is_empty(want) and is_empty(have)):
        return True
    if want is None or have is None:
        return False
    if one.kind is Kind.BLOCK:
        return same_block(one.fields, want, have)
    if one.kind in (Kind.BLOCKS, Kind.BLOCKSET):
        return _same_blocks(one, want, have)
    try:
        return bool(_comparable(one, want) == _comparable(one, have))
    except (TypeError, ValueError):
        return bool(want == have)


def same_block(fields: Fields, want: Mapping[str, Any], have: Mapping[str, Any]) -> bool:
    """Whether two objects of these fields mean the same."""
    return all(same(one, want.get(name), have.get(name)) for name, one in fields.items())


def _same_blocks(one: Field, want: list[Any], have: list[Any]) -> bool:
    if len(want) != len(have):
        return False
    if one.kind is Kind.BLOCKS:
        return all(same_block(one.fields, w, h) for w, h in zip(want, have, strict=True))
    rest = list(have)
    for item in want:
        found = next((other for other in rest if same_block(one.fields, item, other)), None)
        if found is None:
            return False
        rest.remove(found)
    return True


def settle(fields: Fields, have: Mapping[str, Any], prior: Mapping[str, Any]) -> dict[str, Any]:
    """What the cloud answered, in the words of `prior` wherever both mean the same.

    So a read after no change gives back the very state it was asked with; `local` fields come from `prior`,
    and what the entry adds beyond its fields (computed outputs) is taken as it is.
    """
    settled: dict[str, Any] = {name: value for name, value in have.items() if name not in fields}
    for name, one in fields.items():
        before, now = prior.get(name), have.get(name)
        if one.local:
            value = before
        elif before is not None and not has_unknown(before) and same(one, before, now):
            value = _filled(one, before, now)
        else:
            value = now
        if value is not None:
            settled[name] = value
    return settled


def _filled(one: Field, before: Any, now: Any) -> Any:
    """`before`, with what the cloud computed inside a nested object added."""
    if is_empty(before) and one.computed and now is not None:
        return now
    if one.kind is Kind.BLOCK and isinstance(now, dict) and isinstance(before, dict):
        extra = {name: now[name] for name, sub in one.fields.items() if sub.computed and name in now}
        return {
            **extra,
            **{name: value for name, value in before.items() if not is_empty(value) or name not in extra},
        }
    return before
