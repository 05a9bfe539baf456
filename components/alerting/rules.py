"""``ml-ha-alerts``: the lesson's three alerts, mended, and those that failover and backup need."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from components.alerting import expressions as e
from components.alerting.args import (
    NAMESPACE,
    OWN_JOB,
    PEER_DOWN,
    PEER_JOB,
    PEER_RECOVERED,
    RULES,
    RUNBOOK,
    STORAGE_JOB,
    AlertingArgs,
)
from components.shared.labels import labels
from config.timings import ALERT_EVALUATION, PEER_DOWN_FOR, PEER_RECORD
from config.types import duration_text

_OPEN_RUNBOOK = f"kubectl -n ml-serving get configmap {RUNBOOK} -o yaml"


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One alert; ``lasts`` is how long ``expr`` must hold before it fires."""

    name: str
    expr: str
    lasts: timedelta
    summary: str
    description: str
    severity: str = "critical"

    def rule(self) -> dict[str, Any]:
        return {
            "alert": self.name,
            "expr": self.expr,
            "for": duration_text(self.lasts),
            "labels": {"severity": self.severity, "runbook": RUNBOOK},
            "annotations": {
                "summary": self.summary,
                "description": self.description,
                "runbook": _OPEN_RUNBOOK,
            },
        }


def _minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


def serving(args: AlertingArgs) -> list[Alert]:
    """Whether this region serves, and would still if a zone went."""
    return [
        Alert(
            name="InferenceServiceDown",
            expr=f"{e.ready_replicas()} < {args.min_available}",
            lasts=_minutes(2),
            summary="Inference service replicas below minimum",
            description=f"{{{{ $value }}}} replicas serve in {args.region}; {args.min_available} must.",
        ),
        Alert(
            name="ZoneFailure",
            expr=f"{e.NODES_RECORD} < 1 and {e.CLUSTER_SEEN}",
            lasts=_minutes(5),
            summary="Zone {{ $labels.zone }} has no ready nodes",
            description="Pods of the zone start again in the others, which keep warm GPUs for them.",
        ),
        Alert(
            name="ClusterStateUnknown",
            expr="absent(kube_node_info)",
            lasts=_minutes(5),
            summary="kube-state-metrics says nothing about nodes",
            description=f"Alerts about zones, replicas and GPUs of {args.region} rest on its metrics.",
        ),
        Alert(
            name="GpuHeadroomLost",
            expr=f"(sum({e.GPUS_RECORD}) - max({e.GPUS_RECORD})) < {args.replicas} and {e.CLUSTER_SEEN}",
            lasts=_minutes(10),
            severity="warning",
            summary="GPUs would not carry all replicas if the largest zone went",
            description=f"Without it {{{{ $value }}}} ready GPUs are left for {args.replicas} replicas.",
        ),
        Alert(
            name="DisruptionBudgetViolated",
            expr=(
                'kube_poddisruptionbudget_status_current_healthy{namespace="ml-serving"}\n'
                '< kube_poddisruptionbudget_status_desired_healthy{namespace="ml-serving"}\n'
                'or absent(kube_poddisruptionbudget_status_current_healthy{namespace="ml-serving"})'
            ),
            lasts=_minutes(5),
            summary="Fewer pods are healthy than inference-pdb asks for",
            description="No node can be drained until pods are back.",
        ),
        Alert(
            name="ModelStorageUnavailable",
            expr=(
                f'probe_success{{job="{STORAGE_JOB}"}} == 0 or absent(probe_success{{job="{STORAGE_JOB}"}})'
            ),
            lasts=_minutes(3),
            summary="Model storage is unreachable",
            description="Running pods keep their models; a new node could not load any.",
        ),
        Alert(
            name="GatewayDown",
            expr=f'probe_success{{job="{OWN_JOB}"}} == 0 or absent(probe_success{{job="{OWN_JOB}"}})',
            lasts=_minutes(2),
            summary=f"{args.host} does not answer",
            description="Route 53 sends clients to the other regions while its own health check fails.",
        ),
    ]


def peers(args: AlertingArgs) -> list[Alert]:
    """What failover and failback act on: a region without peers has none of it."""
    if not args.peers:
        return []
    behind = e.replication_behind(args.replication_limit)
    raised = f"on () {e.FLOOR} != {args.replicas}"
    well = f"{e.PEER_RECORD} == 1 and {e.all_peers_up(len(args.peers))}"
    return [
        Alert(
            name=PEER_DOWN,
            expr=f"{e.PEER_RECORD} == 0",
            lasts=PEER_DOWN_FOR,
            summary="Region {{ $labels.region }} does not answer",
            description=f"{args.region} raises its floor to carry the load of {{{{ $labels.region }}}}.",
        ),
        Alert(
            name="PeerUnwatched",
            expr=f'count({e.PEER_RECORD}) < {len(args.peers)} or absent(probe_success{{job="{PEER_JOB}"}})',
            lasts=_minutes(5),
            summary="A peer's gateway is not being probed",
            description="Its loss would raise no floor here; look at the blackbox exporter.",
        ),
        Alert(
            name=PEER_RECOVERED,
            # The floor is part of the condition, so that it is put back until it is where it should be,
            # also when an event was lost, and when the steady size of the configuration has changed.
            expr=f"{well}\nand {raised}\nunless on () ({behind})",
            lasts=args.failback_hold,
            # Alertmanager of the add-on mutes "info" while nothing worse fires beside it (InfoInhibitor).
            severity="none",
            summary="Region {{ $labels.region }} has been well; the floor goes back",
            description=f"The floor of {args.region} returns to {args.replicas} replicas.",
        ),
        Alert(
            name="FailbackHeldBack",
            expr=f"({behind})\nand {raised}\nand {e.all_peers_up(len(args.peers))}",
            lasts=args.failback_hold,
            severity="warning",
            summary="Replication to {{ $labels.dimension_DestinationBucket }} holds failback back",
            description="Peers are well, but {{ $value }} s of models are not there yet.",
        ),
        Alert(
            name="ReplicationLag",
            expr=behind,
            lasts=_minutes(5),
            summary="Replication to {{ $labels.dimension_DestinationBucket }} is behind its promise",
            description=(f"{{{{ $value }}}} s behind; {e.seconds(args.replication_limit)} s are promised."),
        ),
        Alert(
            name="ReplicationUnwatched",
            expr=f"(count({e.PENDING} >= 0) or vector(0)) < 1",
            lasts=_minutes(60),
            severity="warning",
            summary="No metrics of model replication arrive",
            description="Neither lag nor failback can be judged; look at the CloudWatch exporter.",
        ),
    ]


def recovery(args: AlertingArgs) -> list[Alert]:
    """Backups and certificates: what a recovery needs that nobody looks at until then."""
    done = "velero_backup_last_successful_timestamp"
    too_old = "\nor ".join(
        f'(time() - max by (schedule) ({done}{{schedule="{schedule}"}})) > {e.seconds(limit)}\n'
        f'or absent({done}{{schedule="{schedule}"}})'
        for schedule, limit in sorted(args.schedules.items())
    )
    copied = "kube_cronjob_status_last_successful_time"
    jobs_too_old = "\nor ".join(
        f'(time() - max by (cronjob) ({copied}{{namespace="ml-serving",cronjob="{job}"}})) > '
        f"{e.seconds(limit)}\n"
        f'or absent({copied}{{namespace="ml-serving",cronjob="{job}"}})'
        for job, limit in sorted(args.cronjobs.items())
    )
    failures = " + ".join(
        f'increase(velero_backup_{kind}_total{{schedule!=""}}[1h])'
        for kind in ("failure", "partial_failure", "validation_failure")
    )
    return [
        Alert(
            name="BackupTooOld",
            expr=too_old,
            lasts=_minutes(5),
            summary="The last good backup of {{ $labels.schedule }} is too old",
            description="Restoring now would lose more than is promised.",
        ),
        Alert(
            name="RegistryBackupTooOld",
            expr=jobs_too_old,
            lasts=_minutes(15),
            summary="{{ $labels.cronjob }} has not succeeded lately",
            description="What S3 replication does not protect from, a wrong delete, is not in the copy.",
        ),
        Alert(
            name="BackupFailed",
            expr=f"sum by (schedule) ({failures}) > 0",
            lasts=_minutes(1),
            severity="warning",
            summary="A backup of {{ $labels.schedule }} failed",
            description="The next one may succeed; BackupTooOld says when it matters.",
        ),
        Alert(
            name="CertificateExpiresSoon",
            expr=(
                "min by (instance) (probe_ssl_earliest_cert_expiry"
                f'{{job=~"{OWN_JOB}|{PEER_JOB}"}}) - time() < {e.seconds(timedelta(days=14))}'
            ),
            lasts=_minutes(60),
            severity="warning",
            summary="The certificate of {{ $labels.instance }} expires soon",
            description="ACM renews 60 days ahead; its validation record may be missing.",
        ),
        Alert(
            name="MeshCaExpiresSoon",
            expr=(
                'label_replace(min(citadel_server_cert_chain_expiry_timestamp), "part", "chain", "", "")'
                f" - time() < {e.seconds(timedelta(days=30))}\n"
                'or label_replace(min(citadel_server_root_cert_expiry_timestamp), "part", "root", "", "")'
                f" - time() < {e.seconds(timedelta(days=90))}"
            ),
            lasts=_minutes(60),
            summary="The mesh's CA certificate ({{ $labels.part }}) expires soon",
            description="After it no proxy gets a certificate, and regions stop trusting each other.",
        ),
    ]


def machinery(_: AlertingArgs) -> list[Alert]:
    """Whether the way from an alert to a raised floor is there at all."""
    deployments = {
        "event source": "prometheus-alerts-eventsource-.*",
        "failover-trigger": "failover-trigger-sensor-.*",
        "failover-failback": "failover-failback-sensor-.*",
    }
    available = 'kube_deployment_status_replicas_available{namespace="argo-events",deployment=~'
    parts = "\nor ".join(
        f'label_replace((sum({available}"{pattern}"}}) or vector(0)) < 1, "part", "{part}", "", "")'
        for part, pattern in deployments.items()
    )
    bus = 'kube_statefulset_status_replicas_ready{namespace="argo-events",statefulset="eventbus-default-js"}'
    return [
        Alert(
            name="FailoverMachineryDown",
            expr=f'{parts}\nor label_replace((sum({bus}) or vector(0)) < 2, "part", "event bus", "", "")',
            lasts=_minutes(5),
            summary="{{ $labels.part }} of the failover is not running",
            description="If a peer went now, this region's floor would not rise by itself.",
        ),
        Alert(
            name="FailoverNotificationsFail",
            expr='sum(increase(alertmanager_notifications_failed_total{integration="webhook"}[5m])) > 0',
            lasts=_minutes(1),
            summary="Alertmanager cannot reach the failover event source",
            description="Look at the event source's log: a refused token answers 401.",
        ),
    ]


def records(args: AlertingArgs) -> list[dict[str, Any]]:
    """What several alerts and the dashboard read."""
    found = [
        {"record": e.NODES_RECORD, "expr": e.ready_nodes(args.zones)},
        {"record": e.GPUS_RECORD, "expr": e.ready_gpus(args.zones)},
    ]
    return [*found, {"record": e.PEER_RECORD, "expr": e.peer_up()}] if args.peers else found


def prometheus_rule(args: AlertingArgs) -> dict[str, Any]:
    """The PrometheusRule, with the lesson's group ``high-availability`` first."""
    groups = {
        "high-availability": serving(args),
        "peer-regions": peers(args),
        "recovery": recovery(args),
        "failover-machinery": machinery(args),
    }
    rendered = [
        {
            "name": name,
            "interval": duration_text(ALERT_EVALUATION),
            "rules": [alert.rule() for alert in alerts],
        }
        for name, alerts in groups.items()
        if alerts
    ]
    recording = {"name": "standfast-records", "interval": duration_text(PEER_RECORD), "rules": records(args)}
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {
            "name": RULES,
            "namespace": NAMESPACE,
            "labels": {**labels(RULES, "alerting"), "release": args.release},
        },
        "spec": {"groups": [recording, *rendered]},
    }
