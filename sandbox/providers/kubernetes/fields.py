"""Which fields are whose: drift against what the program says, and ownership by managed fields.

https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from copy import deepcopy
from typing import Any

from sandbox.providers.base import Path

ABSENT: Any = object()
# What identifies the items of the API's associative lists, most telling first.
_ITEM_KEYS = ("name", "mountPath", "containerPort", "port", "ip", "topologyKey", "type", "key", "uid")
_STEP = re.compile(r'\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\.?([^.\[\]]+)')


def live_inputs(inputs: Any, known: Any, live: Any) -> Any:
    """`inputs` as a program would have to say them to get `live`.

    inputs: what the program last said; known: the object as it was last known; live: as it is now.
    A field is drift only if the program says it and its live value is not the last known one, so what the API
    server writes differently (`1000m` as `1`) and what controllers default does not show.
    """
    if live in (known, inputs):
        return deepcopy(inputs)
    if isinstance(inputs, dict) and isinstance(live, dict):
        before: dict[str, Any] = known if isinstance(known, dict) else {}
        result: dict[str, Any] = {}
        for key, said in inputs.items():
            now, then = live.get(key, ABSENT), before.get(key, ABSENT)
            if now is ABSENT and then is ABSENT:
                result[key] = deepcopy(said)
            elif now is not ABSENT:
                result[key] = live_inputs(said, then, now)
        return result
    if isinstance(inputs, list) and isinstance(live, list):
        return _live_list(inputs, known if isinstance(known, list) else [], live)
    return deepcopy(live)


def _live_list(inputs: list[Any], known: list[Any], live: list[Any]) -> list[Any]:
    key = _item_key([*inputs, *live])
    if key is None:
        if len(inputs) == len(known) == len(live):
            return [live_inputs(*each) for each in zip(inputs, known, live, strict=True)]
        return deepcopy(live)
    now = {item[key]: item for item in live}
    then = {item[key]: item for item in known if isinstance(item, dict) and key in item}
    return [live_inputs(said, then.get(said[key]), now[said[key]]) for said in inputs if said[key] in now]


def _item_key(items: list[Any]) -> str | None:
    """The field by which all `items` can be told apart, None if there is none."""
    for key in _ITEM_KEYS:
        if all(isinstance(item, dict) and isinstance(item.get(key), str | int) for item in items):
            return key
    return None


def live_secret_inputs(inputs: dict[str, Any], known: dict[str, Any], live: dict[str, Any]) -> dict[str, Any]:
    """As `live_inputs` for a Secret, whose `stringData` is read back as `data` only."""
    result = live_inputs(inputs, known, live)
    written = inputs.get("stringData")
    if not isinstance(written, dict):
        return result
    now, then = live.get("data") or {}, known.get("data") or {}
    text: dict[str, Any] = {}
    for key, said in written.items():
        if now.get(key) == then.get(key):
            text[key] = said
        elif key in now:
            text[key] = _decoded(now[key])
    return {**result, "stringData": text}


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value).decode()
    except (binascii.Error, UnicodeDecodeError):
        return value


def owned_by(manager: str, live: dict[str, Any], path: Path) -> bool:
    """Whether `manager` has applied the field at `path`, so that leaving it out would remove it."""
    for entry in live.get("metadata", {}).get("managedFields", []):
        if entry.get("manager") == manager and entry.get("operation") == "Apply":
            return _covers(entry.get("fieldsV1", {}), live, path)
    return False


def _covers(fields: dict[str, Any], live: Any, path: Path) -> bool:
    for step in path:
        if not fields:
            return True  # an atomic field is owned with all that is in it
        if isinstance(step, int):
            item = live[step] if isinstance(live, list) and step < len(live) else None
            child = next((value for key, value in fields.items() if _names_item(key, item)), None)
            live = item
        else:
            child = fields.get(f"f:{step}")
            live = live.get(step) if isinstance(live, dict) else None
        if child is None:
            return False
        fields = child
    return True


def _names_item(key: str, item: Any) -> bool:
    form, _, value = key.partition(":")
    if form == "k" and isinstance(item, dict):
        return all(item.get(name) == wanted for name, wanted in json.loads(value).items())
    return form == "v" and json.loads(value) == item


def parse_path(text: str) -> Path:
    """A property path as Pulumi writes it: `spec.containers[0]["odd key"]`."""
    steps: list[str | int] = []
    for index, quoted, plain in _STEP.findall(text):
        steps.append(int(index) if index else plain or re.sub(r"\\(.)", r"\1", quoted))
    return tuple(steps)


def keep_live(document: dict[str, Any], live: dict[str, Any], paths: tuple[str, ...]) -> dict[str, Any]:
    """`document` with the live values at `paths` (those of ignoreChanges).

    Applying the live value takes it from no other manager; applying the value that the state remembers would.
    """
    result = deepcopy(document)
    for text in paths:
        path = parse_path(text)
        value = value_at(live, path)
        if path and "*" not in path:
            _put(result, path, value)
    return result


def value_at(value: Any, path: Path) -> Any:
    """What is at `path`; `ABSENT` if there is nothing."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else ABSENT
        else:
            value = value.get(step, ABSENT) if isinstance(value, dict) else ABSENT
    return value


def _put(document: Any, path: Path, value: Any) -> None:
    """Set or, for an absent value, remove what is at `path`, where the way to it exists."""
    parent = value_at(document, path[:-1])
    last = path[-1]
    if isinstance(parent, dict) and isinstance(last, str):
        if value is ABSENT:
            parent.pop(last, None)
        else:
            parent[last] = deepcopy(value)
    elif isinstance(parent, list) and isinstance(last, int) and last < len(parent) and value is not ABSENT:
        parent[last] = deepcopy(value)
