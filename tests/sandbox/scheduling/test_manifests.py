"""Every manifest of inference, alerting and failover, as the API server's schemas see it."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from components.alerting.desired import manifests as alerting
from components.alerting.replication_aws import ReplicationWatchArgs, Stream
from components.alerting.replication_aws import manifests as replication
from components.failover.desired import manifests as failover
from components.inference.desired import manifests as inference
from sandbox.kube import ApiError
from tests.lesson import manifest
from tests.sandbox.scheduling.conftest import INFERENCE, Cluster
from tests.unit.alerting.arguments import ARGS as ALERTING
from tests.unit.failover.arguments import ARGS as FAILOVER

pytestmark = pytest.mark.engine

REPLICATION = ReplicationWatchArgs(
    cluster_name="standfast-us-east",
    account="123456789012",
    location="us-east-1",
    streams=[Stream(source="a", destination="b", rule="to-eu-west", location="eu-west-1")],
)
ALL: dict[str, dict[str, Any]] = {
    **{f"inference-{key}": found for key, found in inference(INFERENCE).items()},
    **{f"alerting-{key}": found for key, found in alerting(ALERTING).items()},
    **{f"replication-{key}": found for key, found in replication(REPLICATION).items()},
    **{f"failover-{key}": found for stage in failover(FAILOVER) for key, found in stage.items()},
}


@pytest.fixture(scope="module", autouse=True)
def _namespaces(cluster: Cluster) -> None:
    for name in ("ml-serving", "monitoring", "argo-events"):
        cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})


@pytest.mark.parametrize("key", sorted(ALL))
def test_the_api_server_takes_it_and_knows_every_field(cluster: Cluster, key: str) -> None:
    kept = cluster.checked(ALL[key])
    assert ALL[key]["metadata"]["name"] == kept["metadata"]["name"]
    for part in ("spec", "rules", "data"):
        if part in ALL[key]:
            assert _contains(kept[part], ALL[key][part]), part


def _contains(whole: Any, part: Any) -> bool:
    """Whether all of ``part`` is in ``whole``, which may have defaults beside it and drop what is empty."""
    if isinstance(part, dict):
        return all(v in ({}, [], "") or _contains(whole.get(k), v) for k, v in part.items())
    if isinstance(part, list):
        return len(whole) == len(part) and all(_contains(w, p) for w, p in zip(whole, part, strict=True))
    return str(whole) == str(part)


@pytest.mark.parametrize(
    ("key", "at", "value"),
    [
        ("failover-service", ("spec", "ports", 0, "port"), 120000),
        ("alerting-routing", ("spec", "receivers", 0, "snsConfigs", 0, "topicArn"), "arn:aws:sns:x"),
        ("alerting-rules", ("spec", "groups", 1, "rules", 0, "for"), "2 minutes"),
        ("inference-deployment", ("spec", "template", "spec", "topologySpreadConstraint"), []),
        ("inference-pdb", ("spec", "unhealthyPodEvictionPolicy"), "Always"),
    ],
)
def test_a_mistake_is_refused(cluster: Cluster, key: str, at: tuple[str | int, ...], value: Any) -> None:
    wrong = copy.deepcopy(ALL[key])
    inside: Any = wrong
    for step in at[:-1]:
        inside = inside[step]
    inside[at[-1]] = value
    with pytest.raises(ApiError):
        cluster.checked(wrong)


def test_the_lessons_rules_are_syntactically_fine_which_is_why_nobody_noticed(cluster: Cluster) -> None:
    rules = manifest("prometheus-rule")
    rules["metadata"]["namespace"] = "monitoring"
    assert cluster.checked(rules)
