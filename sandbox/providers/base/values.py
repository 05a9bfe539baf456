"""Pulumi's property values as Python values, and back.

A property bag travels as a protobuf Struct in which special values are maps that carry a signature
(https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/plugin/rpc.go). Here they are:

- a secret: `Secret(value)`,
- a value that is not known yet, in a preview: `UNKNOWN`,
- an output value: the same two, its dependencies dropped,
- assets, archives and resource references: refused, no provider of the sandbox takes them.

Numbers are doubles on the wire: whole ones come back as `int`. A null in a map is left out, as if not given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from google.protobuf import struct_pb2

from sandbox.providers.base.errors import ProviderError

Properties: TypeAlias = dict[str, Any]
Path: TypeAlias = tuple[str | int, ...]

SIGNATURE_KEY: Final = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 (a published constant)
OUTPUT_SIGNATURE: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
REFUSED_SIGNATURES: Final = {
    "c44067f5952c0a294b673a41bacd8c17": "an asset",
    "0def7320c3a5731c473e5ecbe6d01bc7": "an archive",
    "5cf8f73096256a8f31e491e813e4eb8e": "a resource reference",
}
UNKNOWN_TEXT: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
UNKNOWN_TEXTS: Final = frozenset(
    {
        UNKNOWN_TEXT,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
_MAX_EXACT_DOUBLE: Final = 2**53


class Unknown:
    """The type of `UNKNOWN`; there is one instance, and copies are that instance."""

    def __repr__(self) -> str:
        return "<unknown>"

    def __copy__(self) -> Unknown:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Unknown:
        return self


UNKNOWN: Final = Unknown()


@dataclass(frozen=True)
class Secret:
    """A value that is encrypted in the state and hidden in every display."""

    value: Any

    def __repr__(self) -> str:
        return "Secret(…)"


def from_struct(struct: struct_pb2.Struct) -> Properties:
    """The properties in `struct`, with `Secret` and `UNKNOWN` in their places."""
    return _map_from_wire(struct.fields, ())


def _map_from_wire(fields: Mapping[str, struct_pb2.Value], path: Path) -> Properties:
    return {
        key: _from_wire(value, (*path, key))
        for key, value in fields.items()
        if value.WhichOneof("kind") not in (None, "null_value")
    }


def _from_wire(value: struct_pb2.Value, path: Path) -> Any:  # noqa: PLR0911 (one for each kind)
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return UNKNOWN if value.string_value in UNKNOWN_TEXTS else value.string_value
    if kind == "bool_value":
        return value.bool_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() and abs(number) <= _MAX_EXACT_DOUBLE else number
    if kind == "list_value":
        return [_from_wire(item, (*path, index)) for index, item in enumerate(value.list_value.values)]
    if kind == "struct_value":
        fields = value.struct_value.fields
        if SIGNATURE_KEY in fields:
            return _special_from_wire(fields, path)
        return _map_from_wire(fields, path)
    return None


def _special_from_wire(fields: Mapping[str, struct_pb2.Value], path: Path) -> Any:
    signature = fields[SIGNATURE_KEY].string_value
    if signature == SECRET_SIGNATURE:
        return secret(_from_wire(fields["value"], path) if "value" in fields else None)
    if signature == OUTPUT_SIGNATURE:
        inner = _from_wire(fields["value"], path) if "value" in fields else UNKNOWN
        return secret(inner) if "secret" in fields and fields["secret"].bool_value else inner
    what = REFUSED_SIGNATURES.get(signature, f"a value with the unknown signature {signature}")
    raise ProviderError(f"property {format_path(path)}: {what} is not accepted; give a plain value")


def to_struct(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """`properties` for the wire; takes what JSON takes, and tuples, `Secret` and `UNKNOWN`."""
    return _map_to_wire(properties, ())


def _map_to_wire(properties: Mapping[str, Any], path: Path) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    for key, value in properties.items():
        struct.fields[str(key)].CopyFrom(_to_wire(value, (*path, str(key))))
    return struct


def _to_wire(value: Any, path: Path) -> struct_pb2.Value:  # noqa: PLR0911 (one line for each kind of value)
    if value is None:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    if value is UNKNOWN:
        return struct_pb2.Value(string_value=UNKNOWN_TEXT)
    if isinstance(value, Secret):
        wrapped = {SIGNATURE_KEY: SECRET_SIGNATURE, "value": value.value}
        return struct_pb2.Value(struct_value=_map_to_wire(wrapped, path))
    if isinstance(value, bool):
        return struct_pb2.Value(bool_value=value)
    if isinstance(value, int | float):
        return struct_pb2.Value(number_value=float(value))
    if isinstance(value, str):
        return struct_pb2.Value(string_value=value)
    if isinstance(value, Mapping):
        return struct_pb2.Value(struct_value=_map_to_wire(value, path))
    if isinstance(value, list | tuple):
        items = [_to_wire(item, (*path, index)) for index, item in enumerate(value)]
        return struct_pb2.Value(list_value=struct_pb2.ListValue(values=items))
    raise ProviderError(f"property {format_path(path)}: a {type(value).__name__} cannot be kept in the state")


def secret(value: Any) -> Secret:
    """`value` as a secret; a secret stays as it is."""
    return value if isinstance(value, Secret) else Secret(value)


def plain(value: Any) -> Any:
    """`value` without its `Secret` wrappers; containers are copied."""
    if isinstance(value, Secret):
        return plain(value.value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def has_secret(value: Any) -> bool:
    """Whether `value` is or holds a `Secret`."""
    if isinstance(value, Secret):
        return True
    if isinstance(value, dict):
        return any(has_secret(item) for item in value.values())
    return isinstance(value, list | tuple) and any(has_secret(item) for item in value)


def mark_secrets(value: Any, like: Any) -> Any:
    """`value` with those parts secret that are secret in `like`.

    Maps are walked by key and lists of one length by place; a list whose length changed is secret as a whole
    when any part of it was, since its places cannot be told apart.
    """
    if isinstance(value, Secret) or not has_secret(like):
        return value
    if isinstance(value, dict) and isinstance(like, dict):
        return {key: mark_secrets(item, like.get(key)) for key, item in value.items()}
    if isinstance(value, list | tuple) and isinstance(like, list) and len(value) == len(like):
        return [mark_secrets(item, other) for item, other in zip(value, like, strict=True)]
    return Secret(plain(value))


def unknown_paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Where `value` holds `UNKNOWN`."""
    if value is UNKNOWN:
        yield path
    elif isinstance(value, Secret):
        yield from unknown_paths(value.value, path)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from unknown_paths(item, (*path, str(key)))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from unknown_paths(item, (*path, index))


def has_unknown(value: Any) -> bool:
    """Whether `value` is or holds `UNKNOWN`."""
    return next(unknown_paths(value), None) is not None


def format_path(path: Path) -> str:
    """`path` as Pulumi writes property paths: `spec.containers[0]["odd key"]`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step and all(char.isalnum() or char in "_-$" for char in step):
            text += f".{step}" if text else step
        else:
            escaped = step.replace("\\", "\\\\").replace('"', '\\"')
            text += f'["{escaped}"]'
    return text
