"""How far behind replication is, as Prometheus reads it: from CloudWatch, through its exporter."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.alerting.args import NAMESPACE
from components.shared.identity_aws import PodIdentity, PodIdentityArgs
from components.shared.labels import BEFORE_ITS_PODS, labels
from components.shared.manifests import register
from components.shared.pod_security import restricted_container, restricted_pod

NAME = "replication-exporter"
PORT = 5000
IMAGE = "quay.io/prometheuscommunity/yet-another-cloudwatch-exporter:v0.62.1"

_METRICS = ("ReplicationLatency", "OperationsPendingReplication")


@dataclass(frozen=True, kw_only=True)
class Stream:
    """One replication rule between two buckets; ``location`` is the destination's, where S3 publishes.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/repl-metrics.html
    """

    source: str
    destination: str
    rule: str
    location: str


@dataclass(frozen=True, kw_only=True)
class ReplicationWatchArgs:
    """The region's cluster, and the streams to and from its peers. ``release`` is Prometheus' release."""

    cluster_name: pulumi.Input[str]
    account: str
    location: str
    streams: Sequence[Stream]
    release: str = "kube-prometheus-stack"
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


def configuration(streams: Sequence[Stream]) -> str:
    """The exporter's file: one static job a stream. A minute's maximum, looked for five minutes back.

    Source: https://github.com/prometheus-community/yet-another-cloudwatch-exporter/blob/master/docs/configuration.md
    """

    def job(stream: Stream) -> dict[str, Any]:
        dimensions = {
            "SourceBucket": stream.source,
            "DestinationBucket": stream.destination,
            "RuleId": stream.rule,
        }
        return {
            "name": f"{stream.source}-{stream.rule}",
            "namespace": "AWS/S3",
            "regions": [stream.location],
            "dimensions": [{"name": name, "value": value} for name, value in dimensions.items()],
            "metrics": [
                {"name": name, "statistics": ["Maximum"], "period": 60, "length": 300} for name in _METRICS
            ],
        }

    document = {"apiVersion": "v1alpha1", "static": [job(stream) for stream in streams]}
    return json.dumps(document, indent=1)


def statements(streams: Sequence[Stream]) -> list[dict[str, Any]]:
    """Reading metrics, in the streams' regions alone; CloudWatch knows no narrower resource than all.

    Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
    """
    return [
        {
            "Effect": "Allow",
            "Action": [
                "cloudwatch:GetMetricData",
                "cloudwatch:GetMetricStatistics",
                "cloudwatch:ListMetrics",
            ],
            "Resource": "*",
            "Condition": {
                "StringEquals": {"aws:RequestedRegion": sorted({stream.location for stream in streams})}
            },
        }
    ]


def _metadata(name: str = NAME) -> dict[str, Any]:
    return {"name": name, "namespace": NAMESPACE, "labels": labels(NAME, "alerting")}


def _selector() -> dict[str, str]:
    return {"app.kubernetes.io/name": NAME}


def deployment(config: str) -> dict[str, Any]:
    """One exporter; another file starts another pod."""
    probe = {"httpGet": {"path": "/healthz", "port": PORT}, "periodSeconds": 10}
    container = {
        "name": "exporter",
        "image": IMAGE,
        "args": [
            "--config.file=/config/config.yml",
            f"--listen-address=0.0.0.0:{PORT}",
            "--scraping-interval=60",
        ],
        "ports": [{"name": "http-metrics", "containerPort": PORT}],
        "resources": {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
        "livenessProbe": probe,
        "readinessProbe": probe,
        "securityContext": restricted_container(),
        "volumeMounts": [{"name": "config", "mountPath": "/config", "readOnly": True}],
    }
    checksum = hashlib.sha256(config.encode()).hexdigest()
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(),
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": _selector()},
            "template": {
                "metadata": {
                    "labels": labels(NAME, "alerting"),
                    "annotations": {"standfast.dev/config": checksum},
                },
                "spec": {
                    "serviceAccountName": NAME,
                    "automountServiceAccountToken": False,
                    "securityContext": restricted_pod(65534),
                    "containers": [container],
                    "volumes": [{"name": "config", "configMap": {"name": NAME}}],
                },
            },
        },
    }


def manifests(args: ReplicationWatchArgs) -> dict[str, dict[str, Any]]:
    """All objects by the short name that they have in the stack."""
    config = configuration(args.streams)
    monitor = _metadata()
    monitor["labels"] = {**monitor["labels"], "release": args.release}
    return {
        "account": {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": _metadata(),
            "automountServiceAccountToken": False,
        },
        "config": {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": _metadata(),
            "data": {"config.yml": config},
        },
        "deployment": deployment(config),
        "service": {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {**_metadata(), "annotations": dict(BEFORE_ITS_PODS)},
            "spec": {
                "type": "ClusterIP",
                "selector": _selector(),
                "ports": [{"name": "http-metrics", "protocol": "TCP", "port": PORT, "targetPort": PORT}],
            },
        },
        "monitor": {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "ServiceMonitor",
            "metadata": monitor,
            "spec": {
                "selector": {"matchLabels": _selector()},
                # The metrics carry AWS' own region, which is no region of the platform.
                "endpoints": [
                    {
                        "port": "http-metrics",
                        "interval": "60s",
                        "metricRelabelings": [
                            {"action": "labelmap", "regex": "region", "replacement": "location"},
                            {"action": "labeldrop", "regex": "region"},
                        ],
                    }
                ],
            },
        },
    }


class ReplicationWatch(pulumi.ComponentResource):
    """The exporter of the replication metrics of this region's streams, and its right to read them."""

    def __init__(
        self, name: str, args: ReplicationWatchArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("standfast:alerting:ReplicationWatch", name, None, opts)
        identity = PodIdentity(
            f"{name}-identity",
            PodIdentityArgs(
                cluster_name=args.cluster_name,
                account=args.account,
                location=args.location,
                namespace=NAMESPACE,
                service_account=NAME,
                statements=statements(args.streams),
                tags=args.tags,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        earlier: list[pulumi.Resource] = [identity]
        for key, manifest in manifests(args).items():
            made = register(
                f"{name}-{key}", manifest, pulumi.ResourceOptions(parent=self, depends_on=list(earlier))
            )
            if key in ("account", "config"):
                earlier.append(made)
        self.register_outputs({})
