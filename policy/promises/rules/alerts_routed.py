"""https://prometheus.io/docs/alerting/latest/configuration/#route"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..model import Finding, Severity, Stack, StackRule
from ..values import UNKNOWN, absent, at, mapping, sequence

_QUIET = ("none", "info")


def _check(stack: Stack) -> Iterator[Finding]:
    rules, configs = stack.of("PrometheusRule"), stack.of("AlertmanagerConfig")
    if rules and not configs:
        yield Finding("there are alerts and no AlertmanagerConfig: nobody is told")
        return
    reached: set[str] = set()
    for group in (group for rule in rules for group in sequence(at(rule.props, "spec", "groups"))):
        for alert in sequence(at(group, "rules")):
            if absent(at(alert, "alert")):
                continue
            labels = {**mapping(at(alert, "labels")), "alertname": at(alert, "alert")}
            receivers = [each for config in configs for each in _receivers(config.props, labels)]
            reached.update(
                str(at(alert, "alert")) for each in receivers if not absent(at(each, "webhookConfigs"))
            )
            if labels.get("severity") not in _QUIET and not any(_tells_people(each) for each in receivers):
                yield Finding(f"alert {labels['alertname']} reaches nobody", configs[0].urn)
    for sensor in stack.of("Sensor"):
        for name in _waits_for(sensor.props):
            if rules and name not in reached:
                yield Finding(
                    f"{sensor.title} waits for alert {name}, which is not sent to a webhook", sensor.urn
                )


def _receivers(config: Any, labels: Mapping[str, Any]) -> Iterator[Any]:
    by_name = {at(receiver, "name"): receiver for receiver in sequence(at(config, "spec", "receivers"))}
    for name in _route(at(config, "spec", "route"), labels):
        if name in by_name:
            yield by_name[name]


def _route(route: Any, labels: Mapping[str, Any]) -> list[Any]:
    """The receivers that Alertmanager would choose: the first child that matches, more while it says "
    "continue."""
    found: list[Any] = []
    for child in sequence(at(route, "routes")):
        if all(_matches(matcher, labels) for matcher in sequence(at(child, "matchers"))):
            found += _route({"receiver": at(route, "receiver"), **mapping(child)}, labels)
            if at(child, "continue") is not True:
                return found
    return found or [at(route, "receiver")]


def _matches(matcher: Any, labels: Mapping[str, Any]) -> bool:
    value, wanted = labels.get(str(at(matcher, "name")), ""), at(matcher, "value")
    if value is UNKNOWN or wanted is UNKNOWN:
        return True
    kind = at(matcher, "matchType") or ("=~" if at(matcher, "regex") is True else "=")
    same = re.fullmatch(str(wanted), str(value)) is not None if "~" in kind else value == wanted
    return same != str(kind).startswith("!")


def _tells_people(receiver: Any) -> bool:
    """Any configuration but a webhook, which tells a program."""
    return any(
        key.endswith("Configs") and key != "webhookConfigs" and not absent(value)
        for key, value in mapping(receiver).items()
    )


def _waits_for(props: Any) -> Iterator[str]:
    for dependency in sequence(at(props, "spec", "dependencies")):
        for entry in sequence(at(dependency, "filters", "data")):
            if str(at(entry, "path")).endswith("labels.alertname"):
                yield from (str(value).strip("^$") for value in sequence(at(entry, "value")))


RULE = StackRule(
    id="alerts-routed",
    severity=Severity.HIGH,
    title="Every alert reaches somebody, and those of failover reach the event source",
    reason="An alert without a receiver is a log line; a Sensor without its alert is a promise that nobody "
    "keeps.",
    remedy="Route it in the AlertmanagerConfig to a receiver with a configuration, failover's with "
    "continue: true.",
    check=_check,
)
