"""Bus, event source, Sensors and rights; the lesson's fault 5."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.failover.args import EVENT_SOURCE_URL
from components.failover.desired import manifests
from tests.lesson import manifest
from tests.unit.failover.arguments import ARGS

Manifest = dict[str, Any]


def everything(args: Any = ARGS) -> dict[str, Manifest]:
    return {key: found for stage in manifests(args) for key, found in stage.items()}


def ours(key: str) -> Manifest:
    return everything()[key]


def notification(alert: str, region: str, status: str = "firing") -> dict[str, Any]:
    """What Alertmanager posts, as the event source passes it on.

    Source: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
    """
    labels = {"alertname": alert, "region": region, "severity": "critical"}
    return {
        "header": {"Content-Type": ["application/json"]},
        "body": {
            "version": "4",
            "status": status,
            "receiver": "monitoring/ml-ha-alerts/failover",
            "groupLabels": {"alertname": alert, "region": region},
            "alerts": [{"status": status, "labels": labels, "annotations": {}}],
        },
    }


def gjson(document: Any, path: str) -> Any:
    """The value at a gjson path of names and indices; KeyError when there is none.

    Source: https://github.com/tidwall/gjson/blob/master/SYNTAX.md
    """
    for part in path.split("."):
        if isinstance(document, list):
            if not part.isdigit():
                raise KeyError(path)
            document = document[int(part)]
        else:
            document = document[part]
    return document


def accepts(sensor: Manifest, event: Mapping[str, Any]) -> bool:
    """Whether the Sensor's data filters let the event through; values are unanchored regexes."""
    (dependency,) = sensor["spec"]["dependencies"]
    return all(
        any(re.search(value, gjson(event, f["path"])) for value in f["value"])
        for f in dependency["filters"]["data"]
    )


def patches(sensor: Manifest) -> Iterator[Manifest]:
    for trigger in sensor["spec"]["triggers"]:
        yield trigger["template"]["k8s"]


def mends_fault_5_path(sensor: Manifest) -> None:
    """Every path that is read exists in a notification."""
    event = notification("PeerRegionDown", "eu-west")
    read = [parameter for patch in patches(sensor) for parameter in patch.get("parameters", ())]
    assert read
    for parameter in read:
        assert gjson(event, parameter["src"]["dataKey"]) == "eu-west"


def mends_fault_5_effect(sensor: Manifest) -> None:
    """Something is patched that changes what runs, and it is named with its namespace."""
    found = [patch["source"]["resource"] for patch in patches(sensor)]
    assert all(resource["metadata"].get("namespace") == "ml-serving" for resource in found)
    assert [r["spec"]["minReplicas"] for r in found if r["kind"] == "HorizontalPodAutoscaler"] == [
        ARGS.raised
    ]


@pytest.mark.parametrize("check", [mends_fault_5_path, mends_fault_5_effect])
def test_fault_5_is_mended_and_in_the_lesson(check: Any) -> None:
    check(ours("trigger"))
    with pytest.raises((AssertionError, KeyError)):
        check(manifest("sensor"))


def test_what_the_lessons_sensor_waits_for_is_there() -> None:
    lesson = manifest("sensor")
    (mine,), (theirs,) = (m["spec"]["dependencies"] for m in (ours("trigger"), lesson))
    assert ours("trigger")["metadata"]["name"] == lesson["metadata"]["name"]
    assert {key: mine[key] for key in theirs} == theirs
    assert ours("source")["metadata"]["name"] == theirs["eventSourceName"]
    assert list(ours("source")["spec"]["webhook"]) == [theirs["eventName"]]
    assert ours("source")["spec"]["eventBusName"] == ours("bus")["metadata"]["name"]


def test_the_lessons_record_is_still_written() -> None:
    (lesson,) = manifest("sensor")["spec"]["triggers"]
    (mine,) = [
        t for t in ours("trigger")["spec"]["triggers"] if t["template"]["name"] == lesson["template"]["name"]
    ]
    resource, theirs = (t["template"]["k8s"]["source"]["resource"] for t in (mine, lesson))
    assert (resource["kind"], resource["metadata"]["name"]) == (theirs["kind"], theirs["metadata"]["name"])
    (parameter,), (wanted,) = (t["template"]["k8s"]["parameters"] for t in (mine, lesson))
    assert parameter["dest"] == wanted["dest"]


class TestWhatIsBelieved:
    def test_a_peer_that_is_down(self) -> None:
        assert accepts(ours("trigger"), notification("PeerRegionDown", "eu-west"))

    def test_a_peer_that_has_recovered(self) -> None:
        assert accepts(ours("failback"), notification("PeerRegionRecovered", "ap-south"))

    @pytest.mark.parametrize("sensor", ["trigger", "failback"])
    @pytest.mark.parametrize(
        "event",
        [
            notification("PeerRegionDown", "eu-west", "resolved"),
            notification("PeerRegionRecovered", "eu-west", "resolved"),
            notification("InferenceServiceDown", "eu-west"),
            notification("PeerRegionDown", "us-east"),
            notification("PeerRegionDown", "eu-west-2"),
            notification("PeerRegionRecovered", "us-east"),
            notification("NotPeerRegionDown", "eu-west"),
        ],
    )
    def test_nothing_else(self, sensor: str, event: Mapping[str, Any]) -> None:
        assert not accepts(ours(sensor), event)

    @given(st.sampled_from(["PeerRegionDown", "PeerRegionRecovered"]), st.sampled_from(ARGS.peers))
    def test_no_event_moves_both(self, alert: str, region: str) -> None:
        event = notification(alert, region)
        assert accepts(ours("trigger"), event) != accepts(ours("failback"), event)


class TestFloors:
    def floors(self, sensor: str) -> list[int]:
        resources = [patch["source"]["resource"] for patch in patches(ours(sensor))]
        return [r["spec"]["minReplicas"] for r in resources if "spec" in r]

    def test_up_to_the_dr_size_and_back_to_the_steady_one(self) -> None:
        assert (self.floors("trigger"), self.floors("failback")) == ([10], [6])

    def test_a_patch_names_only_the_floor(self) -> None:
        for sensor in ("trigger", "failback"):
            for patch in patches(ours(sensor)):
                resource = patch["source"]["resource"]
                if resource["kind"] == "HorizontalPodAutoscaler":
                    assert set(resource["spec"]) == {"minReplicas"}
                assert patch["patchStrategy"] == "application/merge-patch+json"

    def test_the_record_of_the_failover_is_closed_by_the_failback(self) -> None:
        (record,) = [p for p in patches(ours("failback")) if p["source"]["resource"]["kind"] == "Service"]
        assert record["source"]["resource"]["metadata"]["annotations"] == {"failover-region": ""}


class TestRights:
    def test_the_role_covers_exactly_what_the_sensors_patch(self) -> None:
        allowed = {
            (group, kind, name)
            for rule in ours("role")["rules"]
            for group in rule["apiGroups"]
            for kind in rule["resources"]
            for name in rule["resourceNames"]
        }
        patched: set[tuple[str, str, str]] = set()
        for sensor in ("trigger", "failback"):
            for patch in patches(ours(sensor)):
                resource = patch["source"]["resource"]
                group = resource["apiVersion"].rpartition("/")[0]
                patched.add((group, f"{resource['kind'].lower()}s", resource["metadata"]["name"]))
        assert allowed == patched

    def test_nothing_is_allowed_by_a_wildcard_or_to_make_or_delete(self) -> None:
        for rule in ours("role")["rules"]:
            assert rule["verbs"] == ["get", "patch"]
            assert "*" not in str(rule)

    def test_only_the_sensors_have_the_role(self) -> None:
        (subject,) = ours("role-binding")["subjects"]
        assert subject["name"] == ours("account-sensors")["metadata"]["name"]
        for key in ("trigger", "failback"):
            assert ours(key)["spec"]["template"]["serviceAccountName"] == subject["name"]
        source = ours("source")["spec"]["template"]["serviceAccountName"]
        assert source == ours("account-source")["metadata"]["name"] != subject["name"]
        assert ours("account-source")["automountServiceAccountToken"] is False


class TestTheWayIn:
    def test_a_token_is_asked_for(self) -> None:
        (webhook,) = ours("source")["spec"]["webhook"].values()
        secret = ours("token")
        assert webhook["authSecret"] == {"name": secret["metadata"]["name"], "key": "token"}
        assert secret["stringData"] == {"token": "hush"}
        assert secret["metadata"]["namespace"] == ours("source")["metadata"]["namespace"]

    def test_the_address_is_that_of_the_service(self) -> None:
        service, (webhook,) = ours("service"), ours("source")["spec"]["webhook"].values()
        (port,) = service["spec"]["ports"]
        name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
        assert f"http://{name}.{namespace}.svc:{port['port']}{webhook['endpoint']}" == EVENT_SOURCE_URL
        assert str(port["targetPort"]) == webhook["port"]

    def test_alertmanager_alone_may_post(self) -> None:
        spec = ours("network-source")["spec"]
        assert spec["podSelector"]["matchLabels"] == ours("service")["spec"]["selector"]
        (posting,) = [rule for rule in spec["ingress"] if {"port": 12000, "protocol": "TCP"} in rule["ports"]]
        (peer,) = posting["from"]
        assert peer["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": "alertmanager"}

    def test_only_the_sensors_reach_the_api_server(self) -> None:
        reaching = {
            key
            for key in ("network-source", "network-sensors", "network-bus")
            for rule in ours(key)["spec"]["egress"]
            if {"port": 443, "protocol": "TCP"} in rule["ports"]
        }
        assert reaching == {"network-sensors"}

    def test_no_policy_lets_everybody_through(self) -> None:
        for key in ("network-source", "network-sensors", "network-bus"):
            spec = ours(key)["spec"]
            assert set(spec["policyTypes"]) == {"Ingress", "Egress"}
            for rule in spec["ingress"] + spec["egress"]:
                assert rule["ports"]
                assert rule.get("from") or rule.get("to")


class TestStanding:
    def test_the_bus_keeps_its_quorum_when_a_zone_goes(self) -> None:
        jetstream = ours("bus")["spec"]["jetstream"]
        assert jetstream["replicas"] == 3
        assert "replicas: 3" in jetstream["streamConfig"]
        assert jetstream["persistence"]["volumeSize"]
        terms = jetstream["affinity"]["podAntiAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
        heaviest = max(terms, key=lambda term: term["weight"])
        assert heaviest["podAffinityTerm"]["topologyKey"] == "topology.kubernetes.io/zone"
        assert ours("bus-budget")["spec"]["maxUnavailable"] == 1

    def test_the_version_is_pinned_by_whoever_installs_the_controller(self) -> None:
        assert everything(replace(ARGS, event_bus_version="9.9.9"))["bus"]["spec"]["jetstream"][
            "version"
        ] == ("9.9.9")

    @pytest.mark.parametrize("key", ["source", "trigger", "failback"])
    def test_each_part_runs_twice_and_apart(self, key: str) -> None:
        spec = ours(key)["spec"]
        assert spec["replicas"] == 2
        assert "podAntiAffinity" in spec["template"]["affinity"]
        assert spec["template"]["securityContext"]["runAsNonRoot"]

    def test_a_lost_patch_is_tried_again(self) -> None:
        for key in ("trigger", "failback"):
            for trigger in ours(key)["spec"]["triggers"]:
                assert trigger["atLeastOnce"]
                assert trigger["retryStrategy"]["steps"] > 1
