"""PromQL that is true about a region, also when a series is missing.

A lost zone or a dead exporter takes its series away. An expression over them alone is then empty, and an
empty alert is silent: so every one here says what no series means.
Source: https://prometheus.io/docs/prometheus/latest/querying/operators/
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from components.alerting.args import PEER_JOB
from components.shared.labels import ZONE_LABEL
from config.timings import PEER_WINDOW
from config.types import duration_text

ZONE = "label_" + ZONE_LABEL.replace(".", "_").replace("/", "_")
"""The zone as kube-state-metrics names it, once its label allowlist holds the node label."""

NODES_RECORD = "zone:nodes_ready:sum"
GPUS_RECORD = "zone:gpus_ready:sum"
PEER_RECORD = "region:peer_gateway_up:max30s"

SERVING = 'namespace="ml-serving",deployment="inference-service"'
FLOOR = (
    "max(kube_horizontalpodautoscaler_spec_min_replicas"
    '{namespace="ml-serving",horizontalpodautoscaler="inference-service"})'
)
LATENCY = "aws_s3_replication_latency_maximum"
PENDING = "aws_s3_operations_pending_replication_maximum"
"""Published also when nothing waits, so that its absence means that nobody looks."""


def seconds(duration: timedelta) -> int:
    """Whole seconds, as PromQL compares them."""
    return int(duration.total_seconds())


def or_zero_for(expression: str, label: str, values: Sequence[str]) -> str:
    """``expression``, and 0 for each of ``values`` of ``label`` that it has no series for."""
    zeros = (f'label_replace(vector(0), "{label}", "{value}", "", "")' for value in values)
    return "\nor ".join([expression, *zeros])


_READY = 'max by (node) (kube_node_status_condition{condition="Ready",status="true"})'
_NODE_ZONE = (
    f'max by (node, zone) (label_replace(kube_node_labels{{{ZONE}!=""}}, "zone", "$1", "{ZONE}", "(.+)"))'
)


def ready_nodes(zones: Sequence[str]) -> str:
    """Ready nodes of each zone, 0 for a zone that has none; by ``zone``.

    The condition metric has no zone: it is joined from the node's labels.
    """
    joined = f"sum by (zone) ({_READY} * on (node) group_left (zone) {_NODE_ZONE})"
    return or_zero_for(joined, "zone", zones)


def ready_gpus(zones: Sequence[str]) -> str:
    """GPUs on ready nodes of each zone, 0 for a zone that has none; by ``zone``."""
    gpus = 'max by (node) (kube_node_status_allocatable{resource="nvidia_com_gpu"})'
    joined = f"sum by (zone) ({gpus} * on (node) {_READY} * on (node) group_left (zone) {_NODE_ZONE})"
    return or_zero_for(joined, "zone", zones)


CLUSTER_SEEN = "on () count(kube_node_info) > 0"
"""Whether kube-state-metrics is there to say anything about nodes."""


def ready_replicas() -> str:
    """Pods that serve: by the API, else by who answers a scrape, else none."""
    return (
        f"(sum(kube_deployment_status_replicas_ready{{{SERVING}}})\n"
        'or sum(up{job="inference-service"}) or vector(0))'
    )


def peer_up() -> str:
    """1 for each peer whose gateway was ready once within the window: Route 53 is as patient."""
    window = duration_text(PEER_WINDOW)
    return f'max by (region) (max_over_time(probe_success{{job="{PEER_JOB}"}}[{window}]))'


def all_peers_up(count: int) -> str:
    """True only when each of ``count`` peers is known to be up."""
    return f"on () sum({PEER_RECORD}) == {count}"


def replication_behind(limit: timedelta) -> str:
    """Destinations that are further behind than promised; by ``dimension_DestinationBucket``.

    S3 publishes latency only while there is something to replicate: no number (NaN, or no series) is no lag.
    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/repl-metrics.html
    """
    return f"max by (dimension_DestinationBucket) ({LATENCY}) > {seconds(limit)}"
