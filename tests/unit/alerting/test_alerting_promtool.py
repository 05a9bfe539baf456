"""The rules as Prometheus evaluates them, by promtool's own rule tests."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.alerting.rules import prometheus_rule
from sandbox.tools import ensure
from tests.lesson import manifest
from tests.unit.alerting.arguments import ARGS

pytestmark = pytest.mark.engine

Series = Mapping[str, str]
OURS = prometheus_rule(ARGS)
LESSON = manifest("prometheus-rule")

FLOOR = (
    "kube_horizontalpodautoscaler_spec_min_replicas"
    '{namespace="ml-serving",horizontalpodautoscaler="inference-service"}'
)
LATENCY = 'aws_s3_replication_latency_maximum{dimension_DestinationBucket="models-eu-west"}'
SERVING = 'kube_deployment_status_replicas_ready{namespace="ml-serving",deployment="inference-service"}'
ALWAYS = "x720"
NO_NUMBERS = " ".join(["NaN"] * 720)


def probe(region: str) -> str:
    return f'probe_success{{job="peer-gateway",region="{region}",instance="https://{region}"}}'


def node(zone: str, ready: str = f"1{ALWAYS}", gpus: int = 3) -> Series:
    """A zone with one node; ``ready`` are its condition's values in promtool's notation."""
    name = f"node-{zone}"
    return {
        f'kube_node_status_condition{{condition="Ready",status="true",node="{name}"}}': ready,
        f'kube_node_labels{{node="{name}",label_topology_kubernetes_io_zone="{zone}"}}': f"1{ALWAYS}",
        f'kube_node_status_allocatable{{resource="nvidia_com_gpu",node="{name}"}}': f"{gpus}{ALWAYS}",
        f'kube_node_info{{node="{name}"}}': f"1{ALWAYS}",
    }


A, B, C = ARGS.zones
LIVING: Series = {**node(B), **node(C)}
PEERS_WELL: Series = {probe("eu-west"): f"1{ALWAYS}", probe("ap-south"): f"1{ALWAYS}"}
RAISED: Series = {FLOOR: f"10{ALWAYS}"}


@dataclass(frozen=True)
class Promtool:
    program: Path
    folder: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program, *arguments], cwd=self.folder, capture_output=True, text=True, check=False
        )

    def write(self, name: str, document: object) -> None:
        (self.folder / name).write_text(yaml.safe_dump(document))

    def fires(
        self,
        alert: str,
        series: Series,
        expected: Sequence[str | None],
        *,
        at: str,
        by: str = "severity",
        rules: Mapping[str, Any] = OURS,
    ) -> None:
        """Assert that ``alert`` fires ``at`` a time for each of the ``expected`` values of label ``by``.

        Samples of ``series`` are 10 s apart.
        """
        self.write("rules.yaml", {"groups": rules["spec"]["groups"]})
        samples = [{"labels": f'{{{by}="{value}"}}', "value": 1} for value in expected]
        firing = f'count by ({by}) (ALERTS{{alertname="{alert}",alertstate="firing"}})'
        question = {"expr": firing, "eval_time": at, "exp_samples": samples}
        inputs = [{"series": name, "values": values} for name, values in series.items()]
        test = {"interval": "10s", "input_series": inputs, "promql_expr_test": [question]}
        self.write("test.yaml", {"rule_files": ["rules.yaml"], "evaluation_interval": "10s", "tests": [test]})
        outcome = self.run("test", "rules", "test.yaml")
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.fixture(scope="module")
def program() -> Path:
    return ensure(["prometheus"]).program("promtool")


@pytest.fixture
def promtool(program: Path, tmp_path: Path) -> Promtool:
    return Promtool(program, tmp_path)


def test_prometheus_takes_the_rules_without_a_remark(promtool: Promtool) -> None:
    promtool.write("rules.yaml", {"groups": OURS["spec"]["groups"]})
    outcome = promtool.run("check", "rules", "--lint-fatal", "rules.yaml")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


class TestZone:
    """Fault 4: the lesson's alert counts a label that is not there, and waits for a count below one."""

    def test_its_nodes_stop_answering(self, promtool: Promtool) -> None:
        series = {**LIVING, **node(A, ready="1x30 0x720")}
        promtool.fires("ZoneFailure", series, [A], at="15m", by="zone")
        promtool.fires("ZoneFailure", series, [], at="15m", rules=LESSON)

    def test_its_nodes_are_deleted(self, promtool: Promtool) -> None:
        promtool.fires("ZoneFailure", LIVING, [A], at="15m", by="zone")
        promtool.fires("ZoneFailure", LIVING, [], at="15m", rules=LESSON)

    def test_all_is_well(self, promtool: Promtool) -> None:
        promtool.fires("ZoneFailure", {**LIVING, **node(A)}, [], at="15m", by="zone")

    def test_a_dead_exporter_is_no_dead_zone(self, promtool: Promtool) -> None:
        promtool.fires("ZoneFailure", {}, [], at="15m", by="zone")
        promtool.fires("ClusterStateUnknown", {}, ["critical"], at="15m")


class TestService:
    def test_too_few_replicas(self, promtool: Promtool) -> None:
        promtool.fires("InferenceServiceDown", {SERVING: "6x6 3x60"}, ["critical"], at="5m")
        promtool.fires("InferenceServiceDown", {SERVING: f"4{ALWAYS}"}, [], at="5m")

    def test_fault_4_nothing_left_to_count(self, promtool: Promtool) -> None:
        gone = {'up{job="inference-service",instance="a"}': "1x6 stale"}
        promtool.fires("InferenceServiceDown", gone, ["critical"], at="10m")
        promtool.fires("InferenceServiceDown", gone, [], at="10m", rules=LESSON)

    def test_without_the_api_the_scraped_pods_count(self, promtool: Promtool) -> None:
        up = {f'up{{job="inference-service",instance="{i}"}}': f"1{ALWAYS}" for i in range(4)}
        promtool.fires("InferenceServiceDown", up, [], at="10m")

    def test_fault_4_a_storage_probe_that_is_gone(self, promtool: Promtool) -> None:
        promtool.fires("ModelStorageUnavailable", {}, ["critical"], at="10m")
        promtool.fires("ModelStorageUnavailable", {}, [], at="10m", rules=LESSON)

    def test_headroom_without_the_largest_zone(self, promtool: Promtool) -> None:
        promtool.fires("GpuHeadroomLost", {**LIVING, **node(A)}, [], at="30m")
        promtool.fires("GpuHeadroomLost", {**LIVING, **node(A, gpus=2)}, ["warning"], at="30m")
        promtool.fires("GpuHeadroomLost", LIVING, ["warning"], at="30m")


class TestPeers:
    def test_only_the_peer_that_is_down_and_within_a_minute_and_a_half(self, promtool: Promtool) -> None:
        series = {probe("eu-west"): "1x60 0x720", probe("ap-south"): f"1{ALWAYS}"}
        promtool.fires("PeerRegionDown", series, [], at="10m", by="region")
        promtool.fires("PeerRegionDown", series, ["eu-west"], at="11m30s", by="region")

    def test_one_lost_answer_is_no_lost_region(self, promtool: Promtool) -> None:
        series = {probe("eu-west"): "1x60 0 1x720", probe("ap-south"): f"1{ALWAYS}"}
        for at in ("10m10s", "10m30s", "11m"):
            promtool.fires("PeerRegionDown", series, [], at=at, by="region")

    def test_a_peer_that_nobody_asks_is_not_down_but_unwatched(self, promtool: Promtool) -> None:
        series = {probe("ap-south"): f"1{ALWAYS}"}
        promtool.fires("PeerRegionDown", series, [], at="15m", by="region")
        promtool.fires("PeerUnwatched", series, ["critical"], at="15m")
        promtool.fires("PeerUnwatched", {}, ["critical"], at="15m")

    def test_the_floor_returns_when_all_have_been_well_for_the_hold(self, promtool: Promtool) -> None:
        series = {probe("eu-west"): "0x59 1x720", probe("ap-south"): f"1{ALWAYS}", **RAISED}
        promtool.fires("PeerRegionRecovered", series, [], at="39m", by="region")
        promtool.fires("PeerRegionRecovered", series, ["eu-west", "ap-south"], at="41m", by="region")

    def test_a_floor_that_is_where_it_should_be_is_left_alone(self, promtool: Promtool) -> None:
        steady = {**PEERS_WELL, FLOOR: f"6{ALWAYS}"}
        promtool.fires("PeerRegionRecovered", steady, [], at="1h", by="region")

    def test_no_floor_falls_while_any_peer_is_down_or_unknown(self, promtool: Promtool) -> None:
        down = {probe("eu-west"): f"1{ALWAYS}", probe("ap-south"): f"0{ALWAYS}", **RAISED}
        promtool.fires("PeerRegionRecovered", down, [], at="1h", by="region")
        unknown = {probe("eu-west"): f"1{ALWAYS}", **RAISED}
        promtool.fires("PeerRegionRecovered", unknown, [], at="1h", by="region")

    def test_replication_that_lags_holds_failback_back_and_says_so(self, promtool: Promtool) -> None:
        lagging = {**PEERS_WELL, **RAISED, LATENCY: "1200x240 0x480"}
        promtool.fires("PeerRegionRecovered", lagging, [], at="39m", by="region")
        promtool.fires(
            "FailbackHeldBack", lagging, ["models-eu-west"], at="39m", by="dimension_DestinationBucket"
        )
        # The hold begins when replication has caught up, at 40 minutes.
        promtool.fires("PeerRegionRecovered", lagging, [], at="1h9m", by="region")
        promtool.fires("PeerRegionRecovered", lagging, ["ap-south", "eu-west"], at="1h11m", by="region")

    def test_replication_that_nobody_looks_at(self, promtool: Promtool) -> None:
        pending = (
            'aws_s3_operations_pending_replication_maximum{dimension_DestinationBucket="models-eu-west"}'
        )
        promtool.fires("ReplicationUnwatched", {}, ["warning"], at="90m")
        promtool.fires("ReplicationUnwatched", {pending: NO_NUMBERS}, ["warning"], at="90m")
        promtool.fires("ReplicationUnwatched", {pending: f"0{ALWAYS}"}, [], at="90m")

    def test_no_number_is_no_lag(self, promtool: Promtool) -> None:
        idle = {**PEERS_WELL, **RAISED, LATENCY: NO_NUMBERS}
        promtool.fires("ReplicationLag", idle, [], at="90m")
        promtool.fires("PeerRegionRecovered", idle, ["ap-south", "eu-west"], at="90m", by="region")


class TestRecovery:
    AGE = "velero_backup_last_successful_timestamp"

    def test_a_backup_that_is_old_or_never_was(self, promtool: Promtool) -> None:
        series = {f'{self.AGE}{{schedule="ml-backup-rpo"}}': f"60{ALWAYS}"}
        promtool.fires("BackupTooOld", series, ["ml-backup-daily"], at="20m", by="schedule")
        promtool.fires("BackupTooOld", series, ["ml-backup-daily", "ml-backup-rpo"], at="40m", by="schedule")

    def test_a_failed_backup(self, promtool: Promtool) -> None:
        kinds = ("failure", "partial_failure", "validation_failure")
        counters = {f'velero_backup_{kind}_total{{schedule="ml-backup-rpo"}}': "0x240" for kind in kinds}
        promtool.fires("BackupFailed", counters, [], at="10m", by="schedule")
        counters['velero_backup_partial_failure_total{schedule="ml-backup-rpo"}'] = "0x30 1x210"
        promtool.fires("BackupFailed", counters, ["ml-backup-rpo"], at="10m", by="schedule")

    def test_a_certificate_near_its_end(self, promtool: Promtool) -> None:
        expiry = 'probe_ssl_earliest_cert_expiry{job="own-gateway",instance="https://us-east.example.com"}'
        promtool.fires("CertificateExpiresSoon", {expiry: f"{13 * 86400}{ALWAYS}"}, ["warning"], at="90m")
        promtool.fires("CertificateExpiresSoon", {expiry: f"{15 * 86400}{ALWAYS}"}, [], at="90m")


BUS = 'kube_statefulset_status_replicas_ready{namespace="argo-events",statefulset="eventbus-default-js"}'
WORKING: Series = {
    f'kube_deployment_status_replicas_available{{namespace="argo-events",deployment="{name}-x7k"}}': (
        f"2{ALWAYS}"
    )
    for name in ("prometheus-alerts-eventsource", "failover-trigger-sensor", "failover-failback-sensor")
}


class TestMachinery:
    def test_all_parts_run(self, promtool: Promtool) -> None:
        series = {**WORKING, BUS: f"2{ALWAYS}"}
        promtool.fires("FailoverMachineryDown", series, [], at="15m", by="part")

    def test_each_part_that_is_missing_is_named(self, promtool: Promtool) -> None:
        everything = ["event bus", "event source", "failover-failback", "failover-trigger"]
        promtool.fires("FailoverMachineryDown", {}, everything, at="15m", by="part")
        promtool.fires(
            "FailoverMachineryDown",
            {**WORKING, BUS: f"1{ALWAYS}"},
            ["event bus"],
            at="15m",
            by="part",
        )
