"""Refuses a request that the service's own model does not allow, before it is sent.

botocore itself checks names, required parameters, types and lower bounds. The models also hold enums, string
patterns and upper bounds, which botocore leaves to the service; a service that only pretends to be one does
not check them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from botocore.validate import ParamValidator

from sandbox.providers.aws.errors import RefusedRequestError

# Java's classes of characters, which the models' patterns use, in Python's words.
_JAVA_CLASSES = {r"\p{L}\p{Z}\p{N}": r"\w\s", r"\p{L}": r"\w", r"\p{Z}": r"\s", r"\p{N}": r"\d"}


@lru_cache(maxsize=2048)
def _pattern(text: str) -> re.Pattern[str] | None:
    for java, python in _JAVA_CLASSES.items():
        text = text.replace(java, python)
    try:
        return re.compile(text)
    except re.error:  # a dialect that Python lacks: nothing can be said
        return None


def _text_faults(shape: Any, value: str, path: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        yield f"{path}: {value!r} is none of {', '.join(shape.enum)}"
    pattern = shape.metadata.get("pattern")
    compiled = _pattern(pattern) if pattern else None
    if compiled is not None and not _matches(compiled, value):
        yield f"{path}: {value!r} does not match {pattern}"
    yield from _size_faults(shape, len(value), f"{path}: {value[:40]!r} has {len(value)} characters")


def _matches(pattern: re.Pattern[str], value: str) -> bool:
    """Services take their patterns for the whole value, save those for one character that must be
    somewhere.
    """
    if any(sign in pattern.pattern for sign in "+*{"):
        return pattern.fullmatch(value) is not None
    return pattern.search(value) is not None


def _size_faults(shape: Any, size: float, what: str) -> Iterator[str]:
    most = shape.metadata.get("max")
    if most is not None and size > float(most):
        yield f"{what}, at most {most} are allowed"


def faults(shape: Any, value: Any, path: str) -> Iterator[str]:
    """What a service's model says against a value beyond what botocore checks; each as `path: reason`."""
    match shape.type_name:
        case "structure" if isinstance(value, dict):
            for name, item in value.items():
                if name in shape.members:
                    yield from faults(shape.members[name], item, f"{path}.{name}")
        case "list" if isinstance(value, list | tuple):
            yield from _size_faults(shape, len(value), f"{path}: {len(value)} items")
            for index, item in enumerate(value):
                yield from faults(shape.member, item, f"{path}[{index}]")
        case "map" if isinstance(value, dict):
            for key, item in value.items():
                yield from faults(shape.key, key, f"{path}.{key}")
                yield from faults(shape.value, item, f"{path}[{key}]")
        case "string" if isinstance(value, str):
            yield from _text_faults(shape, value, path)
        case "integer" | "long" | "float" | "double" if isinstance(value, int | float):
            yield from _size_faults(shape, value, f"{path}: {value}")
        case _:
            pass


def check_request(params: dict[str, Any], model: Any, **_rest: Any) -> None:
    """The botocore event handler: raises RefusedRequestError naming the operation and every fault."""
    if model.input_shape is None:
        return
    report = ParamValidator().validate(params, model.input_shape)
    found = report.generate_report().splitlines() if report.has_errors() else []
    found += [fault.lstrip(".") for fault in faults(model.input_shape, params, "")]
    if found:
        raise RefusedRequestError(model.name, "; ".join(found))


def attach(client: Any) -> None:
    """Makes a client check every request."""
    client.meta.events.register_last("before-parameter-build", check_request)
