"""Fault 1 on a real scheduler: a lost zone must not keep pods out of the zones that live."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from sandbox.kube import ApiError
from tests.lesson import manifest
from tests.sandbox.scheduling.conftest import INFERENCE, LIVING, LOST, Cluster

pytestmark = pytest.mark.engine

REPLICAS = INFERENCE.inference.replicas


def lesson() -> dict[str, Any]:
    """The lesson's Deployment as it is, in a namespace of its own."""
    found = copy.deepcopy(manifest("deployment"))
    found["metadata"]["namespace"] = "lesson"
    return found


def all_run_in_the_living_zones(cluster: Cluster, namespace: str) -> None:
    placed = cluster.placed(namespace)
    assert sum(placed.values()) == REPLICAS
    assert {zone: placed.get(zone, 0) for zone in LIVING} == dict.fromkeys(LIVING, REPLICAS // len(LIVING))


def test_all_pods_are_placed_evenly_in_the_living_zones(deployed: Cluster) -> None:
    def settled() -> bool:
        placed = deployed.placed("ml-serving")
        return sum(placed.values()) == REPLICAS and "" not in placed

    deployed.until(settled, "every pod has a node")
    all_run_in_the_living_zones(deployed, "ml-serving")
    assert LOST not in deployed.placed("ml-serving")


def test_they_become_ready_and_the_service_has_them(deployed: Cluster) -> None:
    def ready() -> bool:
        found = deployed.api.get("/apis/apps/v1/namespaces/ml-serving/deployments/inference-service")
        return found["status"].get("readyReplicas") == REPLICAS

    deployed.until(ready, "all replicas ready")
    slices = deployed.api.get(
        "/apis/discovery.k8s.io/v1/namespaces/ml-serving/endpointslices"
        "?labelSelector=kubernetes.io/service-name%3Dinference-service"
    )["items"]
    assert sum(len(found["endpoints"]) for found in slices) == REPLICAS


def test_the_budget_is_met_without_the_lost_zone(deployed: Cluster) -> None:
    def met() -> bool:
        status = deployed.api.get(
            "/apis/policy/v1/namespaces/ml-serving/poddisruptionbudgets/inference-pdb"
        ).get("status", {})
        return status.get("currentHealthy", 0) >= status.get("desiredHealthy", 1) == 4

    deployed.until(met, "the disruption budget")


def test_the_models_volume_is_bound_to_its_claim_and_to_no_other(deployed: Cluster) -> None:
    def bound() -> bool:
        claim = deployed.api.get("/api/v1/namespaces/ml-serving/persistentvolumeclaims/models")
        return claim["status"].get("phase") == "Bound"

    deployed.until(bound, "the claim")


def test_every_pod_leaves_a_lost_node_within_seconds(deployed: Cluster) -> None:
    """Fault 2: the API server adds 300 s where the manifest says nothing."""
    for pod in deployed.pods("ml-serving"):
        seconds = {
            t["key"]: t["tolerationSeconds"] for t in pod["spec"]["tolerations"] if "tolerationSeconds" in t
        }
        assert seconds == {"node.kubernetes.io/unreachable": 5, "node.kubernetes.io/not-ready": 5}


@pytest.fixture(scope="module")
def pending(cluster: Cluster) -> list[Any]:
    """What waits of the lesson's own Deployment, once the scheduler has judged every pod."""
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "lesson"}})
    cluster.apply(lesson())

    def judged() -> bool:
        pods = cluster.pods("lesson")
        conditions = [c for pod in pods for c in pod.get("status", {}).get("conditions", ())]
        return len(pods) == REPLICAS == sum(c["type"] == "PodScheduled" for c in conditions)

    cluster.until(judged, "the scheduler has judged every pod")
    return [pod for pod in cluster.pods("lesson") if not pod["spec"].get("nodeName")]


class TestTheLesson:
    def test_fault_1_its_pods_wait_for_ever_beside_idle_gpus(
        self, cluster: Cluster, pending: list[Any]
    ) -> None:
        with pytest.raises(AssertionError):
            all_run_in_the_living_zones(cluster, "lesson")
        # The lost zone counts as one with no pods, so each living zone may have one and no more.
        assert cluster.placed("lesson") == {**dict.fromkeys(LIVING, 1), "": REPLICAS - len(LIVING)}
        for pod in pending:
            (message,) = [c["message"] for c in pod["status"]["conditions"] if c["type"] == "PodScheduled"]
            assert "didn't match pod topology spread constraints" in message
            assert "Insufficient" not in message

    def test_fault_2_its_pods_stay_on_a_lost_node_for_five_minutes(
        self, cluster: Cluster, pending: list[Any]
    ) -> None:
        seconds = {
            t["tolerationSeconds"]
            for pod in cluster.pods("lesson")
            for t in pod["spec"]["tolerations"]
            if "tolerationSeconds" in t
        }
        assert seconds == {300}

    def test_its_pods_would_be_refused_where_ours_run(self, deployed: Cluster) -> None:
        """Pod Security Standard "restricted" is enforced, so a hole in our manifest would show here."""
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "lesson", "namespace": "ml-serving"},
            "spec": lesson()["spec"]["template"]["spec"],
        }
        with pytest.raises(ApiError, match="violates PodSecurity"):
            deployed.checked(pod)
