"""The rules by their text, and the lesson's faults that they mend."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.alerting.args import AlertingArgs
from components.alerting.expressions import or_zero_for
from components.alerting.rules import prometheus_rule
from tests.lesson import manifest
from tests.unit.alerting.arguments import ARGS

Rule = dict[str, Any]


def rules(document: dict[str, Any]) -> Iterator[Rule]:
    for group in document["spec"]["groups"]:
        yield from group["rules"]


def alerts(document: dict[str, Any]) -> dict[str, Rule]:
    return {rule["alert"]: rule for rule in rules(document) if "alert" in rule}


def expanded(document: dict[str, Any], alert: str) -> str:
    """The expression with the recording rules that it reads written out."""
    text = alerts(document)[alert]["expr"]
    for rule in rules(document):
        if "record" in rule:
            text = text.replace(rule["record"], f"({rule['expr']})")
    return text


def speaks_without_series(expression: str) -> bool:
    """Whether the alert can still fire when the metric that it counts has no series left."""
    return "absent(" in expression or "vector(0)" in expression


def mends_fault_4_service(document: dict[str, Any]) -> None:
    assert speaks_without_series(expanded(document, "InferenceServiceDown"))


def mends_fault_4_zone(document: dict[str, Any]) -> None:
    expression = expanded(document, "ZoneFailure")
    # count() of a group is never below one: a group without members is no group.
    assert not re.search(r"count\([^()]*\) by \([^)]*\) < 1", expression)
    # The condition metric has no zone label; the node's own labels do.
    assert "kube_node_labels" in expression
    assert speaks_without_series(expression)


def mends_fault_4_storage(document: dict[str, Any]) -> None:
    assert speaks_without_series(expanded(document, "ModelStorageUnavailable"))


@pytest.mark.parametrize("check", [mends_fault_4_service, mends_fault_4_zone, mends_fault_4_storage])
def test_fault_4_is_mended_and_in_the_lesson(check: Any) -> None:
    check(prometheus_rule(ARGS))
    with pytest.raises(AssertionError):
        check(manifest("prometheus-rule"))


def test_the_lessons_alerts_keep_name_group_patience_and_severity() -> None:
    mine, theirs = alerts(prometheus_rule(ARGS)), alerts(manifest("prometheus-rule"))
    assert prometheus_rule(ARGS)["metadata"]["name"] == manifest("prometheus-rule")["metadata"]["name"]
    assert "high-availability" in [group["name"] for group in prometheus_rule(ARGS)["spec"]["groups"]]
    for name, rule in theirs.items():
        assert mine[name]["for"] == rule["for"]
        assert rule["labels"].items() <= mine[name]["labels"].items()


def test_every_alert_says_what_it_is_and_where_to_read_on() -> None:
    for rule in alerts(prometheus_rule(ARGS)).values():
        assert rule["labels"]["severity"] in {"critical", "warning", "none"}
        assert rule["labels"]["runbook"] == "dr-runbook"
        assert {"summary", "description", "runbook"} <= set(rule["annotations"])
        assert all(rule["annotations"].values())


def test_alert_names_are_unique() -> None:
    names = [rule["alert"] for rule in rules(prometheus_rule(ARGS)) if "alert" in rule]
    assert len(names) == len(set(names))


def test_failback_waits_for_the_hold_and_failover_does_not() -> None:
    found = alerts(prometheus_rule(ARGS))
    assert found["PeerRegionDown"]["for"] == "30s"
    assert found["PeerRegionRecovered"]["for"] == "30m"


def test_no_alert_is_of_a_kind_that_the_add_on_mutes() -> None:
    """kube-prometheus-stack's Alertmanager inhibits "info" alerts while nothing worse fires beside them."""
    assert "info" not in {rule["labels"]["severity"] for rule in alerts(prometheus_rule(ARGS)).values()}


def test_a_region_without_peers_has_no_rule_about_them() -> None:
    alone = prometheus_rule(replace(ARGS, peers=()))
    text = str(alone["spec"])
    assert "peer-gateway" not in text.replace("own-gateway|peer-gateway", "")
    assert "Peer" not in "".join(alerts(alone))


@given(st.lists(st.from_regex(r"[a-z]{2}-[a-z]{4}-\d[a-h]", fullmatch=True), min_size=2, unique=True))
def test_every_zone_of_the_region_has_a_number_of_its_own(zones: list[str]) -> None:
    args: AlertingArgs = replace(ARGS, zones=zones)
    records = [rule["expr"] for rule in rules(prometheus_rule(args)) if "zone:" in rule.get("record", "")]
    assert len(records) == 2
    for zone in zones:
        zero = f'label_replace(vector(0), "zone", "{zone}", "", "")'
        assert all(zero in expression for expression in records)


def test_a_zero_for_nobody_changes_nothing() -> None:
    assert or_zero_for("up", "zone", []) == "up"
