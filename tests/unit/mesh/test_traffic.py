"""Routes and failover, by what they must do when pods, a zone or a region are gone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.mesh.args import Hosts
from components.mesh.traffic import (
    destination_rule,
    east_west_gateway,
    entry_route,
    ingress_gateway,
    region_route,
)
from config.timings import NODE_GRACE
from tests.lesson import manifest
from tests.unit.mesh.given import ARGS

OURS = destination_rule(ARGS)
LESSON = manifest("destination-rule")
LOCATIONS = {"us-east-1", "eu-west-1"}
OVERPROVISIONING = 1.4


def policy(rule: dict[str, Any]) -> dict[str, Any]:
    return rule["spec"]["trafficPolicy"]


def seconds(duration: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)s", duration)
    assert found, duration
    return float(found[1])


def share_kept_by_dead_pods(rule: dict[str, Any]) -> float:
    """How much traffic stays in the region when all its pods are dead and as many are ejected as may be.

    Envoy: a locality gets its healthy share times 1.4, at most all, before the next one gets anything.
    """
    healthy = 1 - policy(rule)["outlierDetection"]["maxEjectionPercent"] / 100
    return min(1.0, healthy * OVERPROVISIONING)


def no_dead_pod_keeps_traffic(rule: dict[str, Any]) -> None:
    assert share_kept_by_dead_pods(rule) == 0


def dead_pods_are_out_within_seconds(rule: dict[str, Any]) -> None:
    assert seconds(policy(rule)["outlierDetection"]["interval"]) <= 1


def no_panic_keeps_traffic_in_a_dead_region(rule: dict[str, Any]) -> None:
    assert policy(rule)["outlierDetection"]["minHealthPercent"] == 0


def pairs(rule: dict[str, Any]) -> list[tuple[str, str]]:
    return [(p["from"], p["to"]) for p in policy(rule)["loadBalancer"]["localityLbSetting"]["failover"]]


def failover_goes_where_pods_run(rule: dict[str, Any]) -> None:
    assert {place for pair in pairs(rule) for place in pair} <= LOCATIONS


def host_means_the_same_everywhere(rule: dict[str, Any]) -> None:
    assert rule["spec"]["host"].endswith(".svc.cluster.local")


def a_silent_zone_is_not_waited_for(rule: dict[str, Any]) -> None:
    assert seconds(policy(rule)["connectionPool"]["tcp"]["connectTimeout"]) <= 1


def a_lost_zone_stays_out_until_kubernetes_drops_it(rule: dict[str, Any]) -> None:
    assert seconds(policy(rule)["outlierDetection"]["baseEjectionTime"]) > NODE_GRACE.total_seconds()


MENDED = [
    no_dead_pod_keeps_traffic,
    dead_pods_are_out_within_seconds,
    no_panic_keeps_traffic_in_a_dead_region,
    failover_goes_where_pods_run,
    host_means_the_same_everywhere,
    a_silent_zone_is_not_waited_for,
    a_lost_zone_stays_out_until_kubernetes_drops_it,
]


@pytest.mark.parametrize("holds", MENDED)
class TestMendedFaults:
    def test_ours_holds(self, holds: Callable[[dict[str, Any]], None]) -> None:
        holds(OURS)

    def test_the_lessons_does_not(self, holds: Callable[[dict[str, Any]], None]) -> None:
        with pytest.raises((AssertionError, KeyError)):
            holds(LESSON)


def test_the_lessons_rule_keeps_seventy_percent_on_dead_pods() -> None:
    assert share_kept_by_dead_pods(LESSON) == pytest.approx(0.7)


class TestLessonsNumbersAreKept:
    def test_name_and_namespace(self) -> None:
        for key in ("name", "namespace"):
            assert OURS["metadata"][key] == LESSON["metadata"][key]

    def test_http_pool(self) -> None:
        ours = dict(policy(OURS)["connectionPool"]["http"])
        assert ours.pop("maxRequestsPerConnection") > 1
        assert ours == policy(LESSON)["connectionPool"]["http"]

    def test_outlier_detection(self) -> None:
        key = "consecutive5xxErrors"
        assert policy(OURS)["outlierDetection"][key] == policy(LESSON)["outlierDetection"][key]

    def test_balancing(self) -> None:
        assert policy(OURS)["loadBalancer"]["simple"] == policy(LESSON)["loadBalancer"]["simple"]
        assert policy(OURS)["loadBalancer"]["localityLbSetting"]["enabled"] is True


@given(
    st.dictionaries(
        st.sampled_from([f"r-{n}" for n in range(24)]), st.sampled_from([f"t-{n}" for n in range(24)])
    )
)
def test_failover_pairs_are_the_platforms(failover: dict[str, str]) -> None:
    rule = destination_rule(replace(ARGS, failover=failover))
    assert dict(pairs(rule)) == failover
    assert pairs(rule) == sorted(pairs(rule))


def test_failover_pairs_of_ours_are_the_platforms_and_mutual() -> None:
    assert pairs(OURS) == [("eu-west-1", "us-east-1"), ("us-east-1", "eu-west-1")]


class TestRoutes:
    def test_predictions_may_be_tried_in_another_region(self) -> None:
        for route in (entry_route(ARGS), region_route(ARGS)):
            predictions = route["spec"]["http"][-1]
            assert "match" not in predictions
            assert predictions["retries"]["retryRemoteLocalities"] is True
            assert "connect-failure" in predictions["retries"]["retryOn"]

    @given(st.integers(min_value=1, max_value=300))
    def test_the_timeout_leaves_room_for_every_attempt(self, length: int) -> None:
        predictions = entry_route(replace(ARGS, attempt=timedelta(seconds=length)))["spec"]["http"][-1]
        assert seconds(predictions["retries"]["perTryTimeout"]) == length
        attempts = predictions["retries"]["attempts"] + 1
        assert seconds(predictions["timeout"]) == attempts * seconds(predictions["retries"]["perTryTimeout"])

    def test_a_region_answers_for_its_own_health_with_its_own_pods(self) -> None:
        health = region_route(ARGS)["spec"]["http"][0]
        (destination,) = health["route"]
        assert destination["destination"]["subset"] == "this-region"
        (subset,) = OURS["spec"]["subsets"]
        assert subset == {
            "name": "this-region",
            "labels": {"topology.istio.io/cluster": "standfast-us-east"},
        }
        assert "retryRemoteLocalities" not in health["retries"]

    def test_the_entry_is_healthy_while_any_region_is(self) -> None:
        health = entry_route(ARGS)["spec"]["http"][0]
        (destination,) = health["route"]
        assert "subset" not in destination["destination"]

    @pytest.mark.parametrize("route", [entry_route(ARGS), region_route(ARGS)])
    def test_health_comes_before_all_else(self, route: dict[str, Any]) -> None:
        health = route["spec"]["http"][0]
        paths = {match["uri"]["exact"] for match in health["match"]}
        assert paths == {"/v2/health/ready", "/v2/health/live"}
        assert seconds(health["timeout"]) <= 3

    def test_every_route_goes_to_the_service_in_full(self) -> None:
        for route in (entry_route(ARGS), region_route(ARGS)):
            for http in route["spec"]["http"]:
                (only,) = http["route"]
                assert only["destination"]["host"] == "inference-service.ml-serving.svc.cluster.local"
                assert only["destination"]["port"] == {"number": 8080}

    @pytest.mark.parametrize("disaster", [None, "inference-dr.example.com"])
    def test_the_gateway_answers_to_every_name_that_is_routed(self, disaster: str | None) -> None:
        hosts = Hosts(entry="inference.example.com", region="us-east.example.com", disaster=disaster)
        args = replace(ARGS, hosts=hosts)
        routed = [*entry_route(args)["spec"]["hosts"], *region_route(args)["spec"]["hosts"]]
        (server,) = ingress_gateway(args)["spec"]["servers"]
        assert sorted(server["hosts"]) == sorted(f"ml-serving/{host}" for host in routed)
        assert len(routed) == (3 if disaster else 2)

    def test_routes_name_the_gateway_that_there_is(self) -> None:
        gateway = ingress_gateway(ARGS)["metadata"]
        for route in (entry_route(ARGS), region_route(ARGS)):
            assert route["spec"]["gateways"] == [f"{gateway['namespace']}/{gateway['name']}"]


def test_peers_come_in_by_sni_and_only_to_the_service() -> None:
    spec = east_west_gateway()["spec"]
    (server,) = spec["servers"]
    assert spec["selector"] == {"istio": "eastwestgateway"}
    assert server["port"] == {"number": 15443, "name": "tls", "protocol": "TLS"}
    assert server["tls"] == {"mode": "AUTO_PASSTHROUGH"}
    assert server["hosts"] == ["inference-service.ml-serving.svc.cluster.local"]
