"""Failover on a real cluster: what the Sensors patch, with exactly their rights, and what follows."""

from __future__ import annotations

from typing import Any

import pytest

from components.failover.args import SERVING_NAMESPACE
from components.failover.desired import manifests as failover
from components.inference.desired import manifests as inference
from sandbox.bare import object_path
from sandbox.kube import Api, ApiError
from tests.sandbox.scheduling.conftest import INFERENCE, Cluster
from tests.unit.failover.arguments import ARGS as FAILOVER

pytestmark = pytest.mark.engine

OBJECTS: dict[str, dict[str, Any]] = {k: m for stage in failover(FAILOVER) for k, m in stage.items()}
SERVING = {k: inference(INFERENCE)[k] for k in ("service", "deployment", "autoscaler")}


@pytest.fixture(scope="module")
def sensors(deployed: Cluster) -> Api:
    """The API server as the Sensors' service account reaches it."""
    cluster = deployed
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argo-events"}})
    for key in ("account-sensors", "role", "role-binding"):
        cluster.apply(OBJECTS[key])
    token = cluster.api.call(
        "POST",
        f"{object_path(OBJECTS['account-sensors'])}/token",
        {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}},
    )["status"]["token"]
    return Api(cluster.endpoint, cluster.ca, token)


def run(sensors: Api, sensor: str, region: str) -> None:
    """What Argo Events does with each trigger of a Sensor: fill in parameters, get, then merge-patch."""
    for trigger in OBJECTS[sensor]["spec"]["triggers"]:
        k8s = trigger["template"]["k8s"]
        resource: dict[str, Any] = {**k8s["source"]["resource"]}
        resource["metadata"] = {**resource["metadata"]}
        for parameter in k8s.get("parameters", ()):
            _, kind, annotation = parameter["dest"].split(".")
            resource["metadata"][kind] = {**resource["metadata"].get(kind, {}), annotation: region}
        sensors.get(object_path(resource))
        sensors.call("PATCH", object_path(resource), resource, content_type=k8s["patchStrategy"])


def _replicas(cluster: Cluster) -> int:
    return cluster.api.get(object_path(SERVING["deployment"]))["spec"]["replicas"]


def _floor(cluster: Cluster) -> int:
    return cluster.api.get(object_path(SERVING["autoscaler"]))["spec"]["minReplicas"]


def _annotations(cluster: Cluster) -> dict[str, str]:
    """What the Sensors wrote, beside what the program says."""
    said = SERVING["service"]["metadata"]["annotations"]
    found = cluster.api.get(object_path(SERVING["service"]))["metadata"]["annotations"]
    assert said.items() <= found.items()
    return {key: value for key, value in found.items() if key not in said}


def test_a_lost_peer_raises_the_floor_and_pods_follow_without_any_metric(
    cluster: Cluster, sensors: Api
) -> None:
    assert (_floor(cluster), _replicas(cluster)) == (6, 6)
    run(sensors, "trigger", "eu-west")
    assert _floor(cluster) == FAILOVER.raised
    assert _annotations(cluster)["failover-region"] == "eu-west"
    cluster.until(lambda: _replicas(cluster) == FAILOVER.raised, "the autoscaler follows its floor")

    def placed() -> bool:
        counts = cluster.placed(SERVING_NAMESPACE)
        return sum(counts.values()) == FAILOVER.raised and "" not in counts

    cluster.until(placed, "every pod of the raised floor has a node")


def test_the_failback_gives_the_floor_back_and_closes_the_record(cluster: Cluster, sensors: Api) -> None:
    run(sensors, "trigger", "eu-west")
    run(sensors, "failback", "eu-west")
    assert _floor(cluster) == FAILOVER.steady
    assert _annotations(cluster) == {"failover-region": "", "failback-region": "eu-west"}


def test_acting_twice_changes_nothing(cluster: Cluster, sensors: Api) -> None:
    run(sensors, "trigger", "eu-west")
    before = cluster.api.get(object_path(SERVING["autoscaler"]))["metadata"]["resourceVersion"]
    run(sensors, "trigger", "eu-west")
    after = cluster.api.get(object_path(SERVING["autoscaler"]))["metadata"]["resourceVersion"]
    assert before == after


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("PATCH", "/apis/apps/v1/namespaces/ml-serving/deployments/inference-service"),
        ("PATCH", "/apis/policy/v1/namespaces/ml-serving/poddisruptionbudgets/inference-pdb"),
        ("PATCH", "/apis/autoscaling/v2/namespaces/ml-serving/horizontalpodautoscalers/another"),
        ("PATCH", "/apis/autoscaling/v2/namespaces/argo-events/horizontalpodautoscalers/inference-service"),
        ("DELETE", "/apis/autoscaling/v2/namespaces/ml-serving/horizontalpodautoscalers/inference-service"),
        ("DELETE", "/api/v1/namespaces/ml-serving/services/inference-service"),
        ("GET", "/api/v1/namespaces/ml-serving/secrets"),
        ("GET", "/apis/autoscaling/v2/namespaces/ml-serving/horizontalpodautoscalers"),
    ],
)
def test_the_sensors_may_do_nothing_else(sensors: Api, method: str, target: str) -> None:
    body = {"spec": {"replicas": 0}} if method == "PATCH" else None
    with pytest.raises(ApiError) as refused:
        sensors.call(method, target, body, content_type="application/merge-patch+json")
    assert refused.value.status == 403
