"""The objects of Argo Events by its own JSON schema: its definitions at the API server check no field."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import pytest

from components.failover.desired import manifests
from sandbox.tools import ensure
from tests.lesson import manifest
from tests.unit.failover.arguments import ARGS

pytestmark = pytest.mark.engine

_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "boolean": bool,
    "number": (int, float),
    "object": dict,
    "array": list,
}

OBJECTS = {
    key: found
    for stage in manifests(ARGS)
    for key, found in stage.items()
    if found["apiVersion"] == "argoproj.io/v1alpha1"
}


@cache
def definitions() -> dict[str, Any]:
    folder = ensure(["crds"]).folder("crds")
    (file,) = (folder / "argo-events-schema").rglob("schema.json")
    return json.loads(file.read_text())["definitions"]


def problems(document: Mapping[str, Any]) -> list[str]:
    schema = {"$ref": f"#/definitions/io.argoproj.events.v1alpha1.{document['kind']}"}
    return list(_problems(document, schema, document["kind"]))


def _problems(value: Any, schema: Mapping[str, Any], at: str) -> Iterator[str]:
    while "$ref" in schema:
        schema = definitions()[schema["$ref"].rpartition("/")[2]]
    kind = schema.get("type")
    if kind == "object" and isinstance(value, Mapping):
        yield from _object(value, schema, at)
    elif kind == "array" and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _problems(item, schema["items"], f"{at}[{index}]")
    elif kind is not None and not _is(value, [kind] if isinstance(kind, str) else kind):
        yield f"{at}: {value!r} is no {kind}"


def _is(value: Any, kinds: Sequence[str]) -> bool:
    return any(isinstance(value, _TYPES[kind]) for kind in kinds)


def _object(value: Mapping[str, Any], schema: Mapping[str, Any], at: str) -> Iterator[str]:
    known, rest = schema.get("properties", {}), schema.get("additionalProperties")
    for key in schema.get("required", ()):
        if key not in value:
            yield f"{at}: {key} is missing"
    for key, item in value.items():
        inner = known.get(key, rest)
        if inner is None and known:
            yield f"{at}: {key} is unknown"
        elif isinstance(inner, Mapping):
            yield from _problems(item, inner, f"{at}.{key}")


@pytest.mark.parametrize("key", sorted(OBJECTS))
def test_argo_events_knows_every_field(key: str) -> None:
    assert problems(OBJECTS[key]) == []


def test_bus_source_and_both_sensors_are_among_them() -> None:
    assert sorted(found["kind"] for found in OBJECTS.values()) == [
        "EventBus",
        "EventSource",
        "Sensor",
        "Sensor",
    ]


def test_a_mistake_is_found() -> None:
    wrong = copy.deepcopy(OBJECTS["source"])
    webhook = wrong["spec"]["webhook"]["inference-down"]
    webhook["port"] = 12000
    webhook["authSecrets"] = webhook.pop("authSecret")
    del webhook["endpoint"]
    assert len(problems(wrong)) == 3


def test_the_lessons_sensor_is_no_mistake_of_form() -> None:
    """Its path to the region is a string like any other: only a notification shows that it leads nowhere."""
    assert problems(manifest("sensor")) == []
