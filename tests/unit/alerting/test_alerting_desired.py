"""Monitors, probes and routing."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from components.alerting.desired import manifests
from components.alerting.rules import prometheus_rule
from tests.unit.alerting.arguments import ARGS

FIRING = {"PeerRegionDown", "PeerRegionRecovered"}


def ours(key: str) -> dict[str, Any]:
    return dict(manifests(ARGS))[key]


def test_the_inference_job_has_the_lessons_name_and_reads_the_merged_metrics() -> None:
    monitor = ours("monitor-inference")
    # Without jobLabel the job is named after the Service that is scraped.
    assert "jobLabel" not in monitor["spec"]
    assert monitor["spec"]["selector"]["matchLabels"] == {"app": "inference"}
    (endpoint,) = monitor["spec"]["endpoints"]
    (relabeling,) = endpoint["relabelings"]
    assert (endpoint["path"], relabeling["targetLabel"]) == ("/stats/prometheus", "__address__")
    assert relabeling["replacement"].endswith(":15020")


def test_each_peer_is_asked_at_its_own_name_and_carries_its_own_region() -> None:
    for peer in ARGS.peers:
        spec = ours(f"probe-peer-{peer.region}")["spec"]
        assert spec["jobName"] == "peer-gateway"
        assert spec["targets"]["staticConfig"] == {
            "static": [f"https://{peer.host}/v2/health/ready"],
            "labels": {"region": peer.region},
        }


def test_the_storage_probe_is_the_job_that_the_lesson_waits_for() -> None:
    spec = ours("probe-model-storage-probe")["spec"]
    assert spec["jobName"] == "model-storage-probe"
    assert spec["module"] == "storage_reachable"


def test_objects_for_each_region_do_not_grow_but_by_a_probe_for_each_peer() -> None:
    alone = manifests(replace(ARGS, peers=()))
    assert len(manifests(ARGS)) == len(alone) + len(ARGS.peers)


class TestRouting:
    def route(self, **labels: str) -> list[str]:
        """The receivers of an alert with ``labels``; Alertmanager anchors its regexes."""

        root = ours("routing")["spec"]["route"]
        reached: list[str] = []
        for child in root["routes"]:
            if all(re.fullmatch(m["value"], labels.get(m["name"], "")) for m in child["matchers"]):
                reached.append(child["receiver"])
                if not child.get("continue"):
                    return reached
        return reached or [root["receiver"]]

    def test_what_failover_acts_on_reaches_the_event_source_and_people(self) -> None:
        assert self.route(alertname="PeerRegionDown", severity="critical") == ["failover", "people"]

    def test_the_failback_is_no_reason_to_wake_anybody(self) -> None:
        assert self.route(alertname="PeerRegionRecovered", severity="none") == ["failover", "nobody"]

    def test_all_else_reaches_people(self) -> None:
        assert self.route(alertname="InferenceServiceDown", severity="critical") == ["people"]
        assert self.route(alertname="Watchdog", severity="none") == ["nobody"]

    def test_every_receiver_is_defined(self) -> None:
        spec = ours("routing")["spec"]
        used = {spec["route"]["receiver"], *(child["receiver"] for child in spec["route"]["routes"])}
        assert used == {receiver["name"] for receiver in spec["receivers"]}

    def test_only_alerts_that_exist_are_routed_to_the_event_source(self) -> None:
        names = {
            rule["alert"]
            for group in prometheus_rule(ARGS)["spec"]["groups"]
            for rule in group["rules"]
            if "alert" in rule
        }
        (child,) = [r for r in ours("routing")["spec"]["route"]["routes"] if r["receiver"] == "failover"]
        assert set(child["matchers"][0]["value"].split("|")) == FIRING
        assert names >= FIRING

    def test_a_notification_carries_one_alert_since_the_sensor_reads_the_first(self) -> None:
        (child,) = [r for r in ours("routing")["spec"]["route"]["routes"] if r["receiver"] == "failover"]
        assert {"alertname", "region"} <= set(child["groupBy"])

    def test_the_event_source_is_spoken_to_with_the_token(self) -> None:
        (receiver,) = [r for r in ours("routing")["spec"]["receivers"] if r["name"] == "failover"]
        (webhook,) = receiver["webhookConfigs"]
        authorization = webhook["httpConfig"]["authorization"]
        secret = ours("token")
        assert authorization["type"] == "Bearer"
        assert authorization["credentials"]["name"] == secret["metadata"]["name"]
        assert list(secret["stringData"]) == [authorization["credentials"]["key"]]
        assert secret["metadata"]["namespace"] == ours("routing")["metadata"]["namespace"]


def test_the_dashboard_shows_what_the_alerts_compare() -> None:
    (text,) = ours("dashboard")["data"].values()
    board = json.loads(text)
    assert ours("dashboard")["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert [panel["id"] for panel in board["panels"]] == list(range(1, len(board["panels"]) + 1))
    positions = {(p["gridPos"]["x"], p["gridPos"]["y"]) for p in board["panels"]}
    assert len(positions) == len(board["panels"])
    shown = " ".join(target["expr"] for panel in board["panels"] for target in panel["targets"])
    for record in ("zone:nodes_ready:sum", "zone:gpus_ready:sum", "region:peer_gateway_up:max30s"):
        assert record in shown
