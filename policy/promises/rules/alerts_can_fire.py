"""https://prometheus.io/docs/prometheus/latest/querying/operators/#aggregation-operators"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..model import Resource, ResourceRule, Severity
from ..values import absent, at, sequence

_AGGREGATE = re.compile(
    r"^\s*\(?\s*(count|sum)\s*(by\s*\([^)]*\)\s*)?\(.*?\)\s*(by\s*\([^)]*\)\s*)?\)?\s*(<=?|==)\s*\d+(\.\d+)?\s*$",
    re.S,
)
_UP = re.compile(r"^\s*(up|probe_success)\s*(\{[^}]*\})?\s*==\s*0\s*$")


def _check(resource: Resource) -> Iterator[str]:
    for group in sequence(at(resource.props, "spec", "groups")):
        for alert in sequence(at(group, "rules")):
            name, text = at(alert, "alert"), at(alert, "expr")
            if absent(name) or not isinstance(text, str):
                continue
            if _AGGREGATE.match(text) and " or " not in f" {' '.join(text.split())} ":
                yield f"alert {name} counts series that are gone when it should fire: {text.strip()}"
            elif _UP.match(text):
                yield f"alert {name} is silent when its target is no longer probed at all: {text.strip()}"


RULE = ResourceRule(
    id="alerts-can-fire",
    severity=Severity.HIGH,
    title="Alerts on what is lost do not rest on the series that are lost with it",
    reason="With no series left, count(…) < 1 has no result rather than 0, and the alert is silent in the "
    "very case.",
    remedy="Add `or vector(0)`, `or absent(…)`, or a recording rule that knows every zone.",
    kinds=frozenset({"PrometheusRule"}),
    check=_check,
)
