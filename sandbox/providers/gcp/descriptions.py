"""Google's own descriptions of its APIs, and what they say against a request.

They come with google-api-python-client (`googleapiclient/discovery_cache/documents`), in the form of
https://developers.google.com/discovery/v1/reference/apis. A description marks what must be given by the word
"Required." at the beginning of a field's text, and what only the service sets by `readOnly`.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

_DURATION = re.compile(r"-?\d+(\.\d{1,9})?s")
_REQUIRED = re.compile(r"required[.:]", re.IGNORECASE)
_WHOLE = re.compile(r"-?\d+")


@dataclass(frozen=True)
class Method:
    """One method of an API: its parameters by name, and the schema of its body ("" for none)."""

    id: str
    parameters: Mapping[str, Mapping[str, Any]]
    body: str


class Description:
    """One API, such as `storage.v1`."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._schemas: Mapping[str, Any] = document["schemas"]
        self._methods = {method.id: method for method in _methods(document)}

    def method(self, id_: str) -> Method:
        """KeyError when the API has no such method."""
        return self._methods[id_]

    def faults(
        self, method: Method, parameters: Mapping[str, Any], body: Mapping[str, Any] | None
    ) -> list[str]:
        """What is wrong with a request; each fault names the field by its path."""
        found: list[str] = []
        for name in parameters:
            if name not in method.parameters:
                found.append(f"{name}: {method.id} has no such parameter; {_known(method.parameters)}")
        for name, one in method.parameters.items():
            value = parameters.get(name)
            if value is None:
                if one.get("required"):
                    found.append(f"{name}: is required")
            else:
                found += self._value(one, value, name, partial=False)
        if body is not None:
            partial = method.id.endswith(".patch") and not method.body.startswith("Update")
            found += self._value({"$ref": method.body}, body, "", partial=partial)
        return found

    def _value(self, schema: Mapping[str, Any], value: Any, path: str, *, partial: bool) -> Iterator[str]:
        schema = self._schemas[schema["$ref"]] if "$ref" in schema else schema
        if value is None:
            if not partial:
                yield f"{path}: is null"
            return
        kind = schema.get("type", "object")
        if kind == "object":
            yield from self._object(schema, value, path, partial=partial)
        elif kind == "array" and isinstance(value, list):
            for index, item in enumerate(value):
                yield from self._value(schema["items"], item, f"{path}[{index}]", partial=False)
        elif kind == "string" and isinstance(value, str):
            yield from _string(schema, value, path)
        elif not _is(kind, value):
            yield f"{path}: {value!r} is not of type {kind}"

    def _object(self, schema: Mapping[str, Any], value: Any, path: str, *, partial: bool) -> Iterator[str]:
        if not isinstance(value, Mapping):
            yield f"{path}: {value!r} is not an object"
            return
        fields: Mapping[str, Any] = schema.get("properties", {})
        others = schema.get("additionalProperties")
        for name, item in value.items():
            at = f"{path}.{name}" if path else str(name)
            if name in fields:
                if fields[name].get("readOnly"):
                    yield f"{at}: only the service sets it"
                yield from self._value(fields[name], item, at, partial=partial)
            elif others is not None:
                yield from self._value(others, item, at, partial=partial)
            else:
                yield f"{at}: {schema.get('id', 'this object')} has no such field; {_known(fields)}"
        if not partial:
            for name, one in fields.items():
                if _REQUIRED.match(str(one.get("description", ""))) and value.get(name) is None:
                    yield f"{path}.{name}: is required" if path else f"{name}: is required"


def _known(names: Mapping[str, Any]) -> str:
    return f"it has {', '.join(sorted(names)) or 'none'}"


def _string(schema: Mapping[str, Any], value: str, path: str) -> Iterator[str]:
    form = schema.get("format", "")
    if schema.get("enum") and value not in schema["enum"]:
        yield f"{path}: {value!r} is none of {', '.join(schema['enum'])}"
    elif schema.get("pattern") and not re.search(schema["pattern"], value):
        yield f"{path}: {value!r} does not match {schema['pattern']}"
    elif form in ("int64", "uint64") and not _WHOLE.fullmatch(value):
        yield f"{path}: {value!r} is not a whole number"
    elif form == "google-duration" and not _DURATION.fullmatch(value):
        yield f"{path}: {value!r} is not a duration in seconds, such as 3600s"
    elif form in ("google-datetime", "date-time", "date") and not _is_date(value):
        yield f"{path}: {value!r} is not a date, such as 2026-01-31 or 2026-01-31T12:00:00Z"


_KINDS: dict[str, tuple[type, ...]] = {"boolean": (bool,), "integer": (int,), "number": (int, float)}


def _is(kind: str, value: Any) -> bool:
    """Whether a value that is neither text nor nested is of a type of JSON schema."""
    return isinstance(value, _KINDS.get(kind, ())) and isinstance(value, bool) is (kind == "boolean")


def _is_date(value: str) -> bool:
    try:
        dt.datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _methods(document: Mapping[str, Any]) -> Iterator[Method]:
    for resource in document.get("resources", {}).values():
        for method in resource.get("methods", {}).values():
            body = method.get("request", {}).get("$ref", "")
            yield Method(id=method["id"], parameters=method.get("parameters", {}), body=body)
        yield from _methods(resource)


_VERSIONS = {
    "iam": "v1",
    "monitoring": "v3",
    "pubsub": "v1",
    "storage": "v1",
    "storagetransfer": "v1",
}


@cache
def description(service: str) -> Description:
    """The description of a service that the table speaks to, such as `storage`."""
    name = f"{service}.{_VERSIONS[service]}.json"
    folder = files("googleapiclient").joinpath("discovery_cache", "documents")
    return Description(json.loads(folder.joinpath(name).read_text(encoding="utf-8")))
