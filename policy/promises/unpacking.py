"""From the SDK's wrapped values to plain ones, once for each resource instead of once for each rule."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi_policy import policy as sdk
from pulumi_policy import proxy
from pulumi_policy.deserialize import deserialize_properties

from .values import UNKNOWN

_KEPT = 4096
_MARKS = frozenset(value for name, value in vars(proxy).items() if name.startswith("UNKNOWN_"))


def plain(value: Any) -> Any:
    """Plain lists, dicts and scalars; whole numbers as int, and UNKNOWN for what is not known yet."""
    if isinstance(value, str):
        return UNKNOWN if value in _MARKS else value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, Mapping):
        # The SDK's wrappers raise on reading what is not known; what they wrap does not.
        inner = value if isinstance(value, dict) else value["__target"]
        return {key: plain(each) for key, each in inner.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if hasattr(value, "__getitem__") and not isinstance(value, bytes):
        return [plain(each) for each in value["__target"]]
    return value


@lru_cache(maxsize=_KEPT)
def _unpacked(packed: bytes) -> Any:
    message = struct_pb2.Struct.FromString(packed)
    return plain(deserialize_properties(json_format.MessageToDict(message)))


class _Packed:
    """Stands where the SDK unpacks messages: keeps them packed until their values are asked for."""

    @staticmethod
    def MessageToDict(message: struct_pb2.Struct) -> bytes:  # noqa: N802 - the name that the SDK calls
        return message.SerializeToString(deterministic=True)


def unpack_once() -> None:
    """Let the SDK unpack each resource once.

    It does so anew for every rule: some 45 times each of some 260 resources, a second of a preview's ten.
    Rules read and never write, so that they can share the values.
    """
    replaced = {
        "json_format": _Packed,
        "deserialize_properties": lambda packed, *_: packed,
        "unknown_checking_proxy": _unpacked,
    }
    if all(hasattr(sdk, name) for name in replaced):
        for name, stand_in in replaced.items():
            setattr(sdk, name, stand_in)
