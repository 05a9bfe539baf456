"""The conditions of the annotation `pulumi.com/waitFor`.

`jsonpath={.status.phase}=Running`, `jsonpath={.status.ready}` (is there), `condition=Ready`,
`condition=Ready=False`, or a JSON list of such, all of which must hold (pulumi-kubernetes'
provider/pkg/await/condition). JSONPath is the part of https://kubernetes.io/docs/reference/kubectl/jsonpath/
that names fields: `.a.b`, `['a']`, `[0]`, `[*]` and `[?(@.type=="Ready")]`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, TypeAlias

from sandbox.providers.base import ProviderError

Step: TypeAlias = Callable[[list[Any]], list[Any]]
_STEP = re.compile(
    r"""\.(?P<field>[\w\-/]+(?:\\\.[\w\-/]+)*)
    |\['(?P<quoted>[^']+)'\]
    |\[(?P<index>-?\d+|\*)\]
    |\[\?\(@\.(?P<key>[\w.]+)\s*==\s*["'](?P<value>[^"']*)["']\)\]""",
    re.VERBOSE,
)


class WaitFor:
    """One or more conditions on an object."""

    def __init__(self, annotation: str) -> None:
        self._conditions = [(text, _parse(text)) for text in _texts(annotation)]

    def missing(self, live: dict[str, Any]) -> list[str]:
        """Those conditions, as written, that `live` does not meet."""
        return [text for text, holds in self._conditions if not holds(live)]


def _texts(annotation: str) -> list[str]:
    if not annotation.lstrip().startswith("["):
        return [annotation.strip()]
    try:
        texts = json.loads(annotation)
    except ValueError:
        texts = None
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise _refused(annotation, "a list of conditions is a JSON list of strings")
    return texts


def _parse(text: str) -> Callable[[dict[str, Any]], bool]:
    form, _, rest = text.partition("=")
    if form == "condition" and rest:
        name, _, status = rest.partition("=")
        return lambda live: condition(live, name) == (status or "True").capitalize()
    if form == "jsonpath" and rest.startswith("{"):
        path, closed, value = rest[1:].partition("}")
        steps = _steps(text, path)
        if closed and (not value or value.startswith("=")):
            return lambda live: _holds(_walk(live, steps), value[1:] if value else None)
    raise _refused(text, "write jsonpath={.path}, jsonpath={.path}=value or condition=Type")


def _holds(found: list[Any], value: str | None) -> bool:
    if value is None:
        return bool(found)
    return any(json.dumps(each) == value or str(each) == value for each in found)


def _steps(text: str, path: str) -> list[Step]:
    steps: list[Step] = []
    place = 0
    while place < len(path):
        match = _STEP.match(path, place)
        if match is None:
            raise _refused(text, f"'{path[place:]}' is no JSONPath that is understood")
        steps.append(_step(match))
        place = match.end()
    if not steps:
        raise _refused(text, "the path is empty")
    return steps


def _step(match: re.Match[str]) -> Step:
    name = match["field"] or match["quoted"]
    if name is not None:
        field = name.replace("\\.", ".")
        return lambda found: [each[field] for each in found if isinstance(each, dict) and field in each]
    if match["index"] == "*":
        return lambda found: [item for each in found if isinstance(each, list) for item in each]
    if match["index"] is not None:
        index = int(match["index"])
        return lambda found: [
            each[index] for each in found if isinstance(each, list) and -len(each) <= index < len(each)
        ]
    key, value = match["key"], match["value"]
    return lambda found: [
        item
        for each in found
        if isinstance(each, list)
        for item in each
        if isinstance(item, dict) and str(item.get(key)) == value
    ]


def _walk(live: dict[str, Any], steps: list[Step]) -> list[Any]:
    found: list[Any] = [live]
    for step in steps:
        found = step(found)
    return found


def _refused(text: str, why: str) -> ProviderError:
    return ProviderError(f"annotation pulumi.com/waitFor: '{text}': {why}")


def condition(live: dict[str, Any], name: str) -> str | None:
    """The status (`True`, `False`, `Unknown`) of the condition of type `name`, None if it is not there."""
    for each in (live.get("status") or {}).get("conditions") or []:
        if each.get("type", "").lower() == name.lower():
            return each.get("status")
    return None
