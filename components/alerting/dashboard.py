"""A small dashboard: the questions of an incident, in the order in which they are asked."""

from __future__ import annotations

import json
from typing import Any

from components.alerting import expressions as e
from components.alerting.args import NAMESPACE, AlertingArgs
from components.shared.labels import labels

NAME = "standfast-region"


def _panel(index: int, title: str, expr: str, legend: str, *, unit: str = "short") -> dict[str, Any]:
    return {
        "id": index + 1,
        "type": "timeseries",
        "title": title,
        "datasource": {"type": "prometheus", "uid": "prometheus"},
        "gridPos": {"x": 12 * (index % 2), "y": 8 * (index // 2), "w": 12, "h": 8},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "targets": [{"refId": "A", "expr": expr, "legendFormat": legend}],
    }


def panels(args: AlertingArgs) -> list[dict[str, Any]]:
    """Panels over the same expressions that the alerts compare."""
    shown = [
        ("Replicas that serve", e.ready_replicas(), "ready", "short"),
        ("Floor of the autoscaler", e.FLOOR, "minReplicas", "short"),
        ("Ready nodes by zone", e.NODES_RECORD, "{{zone}}", "short"),
        ("GPUs on ready nodes by zone", e.GPUS_RECORD, "{{zone}}", "short"),
        (
            "Age of the last good backup",
            'time() - max by (schedule) (velero_backup_last_successful_timestamp{schedule!=""})',
            "{{schedule}}",
            "s",
        ),
    ]
    if args.peers:
        behind = f"max by (dimension_DestinationBucket) ({e.LATENCY})"
        shown += [
            ("Peers that answer", e.PEER_RECORD, "{{region}}", "short"),
            ("Replication latency", behind, "{{dimension_DestinationBucket}}", "s"),
        ]
    return [
        _panel(index, title, expr, legend, unit=unit)
        for index, (title, expr, legend, unit) in enumerate(shown)
    ]


def config_map(args: AlertingArgs) -> dict[str, Any]:
    """The ConfigMap that Grafana's sidecar loads by its label."""
    board = {
        "uid": NAME,
        "title": f"standfast: {args.region}",
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "tags": ["standfast"],
        "panels": panels(args),
    }
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": NAME,
            "namespace": NAMESPACE,
            "labels": {**labels(NAME, "alerting"), "grafana_dashboard": "1"},
        },
        "data": {f"{NAME}.json": json.dumps(board, indent=1)},
    }
