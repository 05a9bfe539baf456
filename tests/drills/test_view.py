"""The API server's objects, read into counts."""

from __future__ import annotations

from typing import Any

from drills import lesson
from drills.observe import Recorder
from drills.view import View, Workload, node_view
from tests.lesson import manifest

WORKLOAD = Workload("inference-service", "ml-serving", {"app": "inference"}, "inference-service")


def node(name: str, zone: str, *, ready: bool = True, gpus: int = 1, tainted: bool = False) -> dict[str, Any]:
    taints = [{"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}] if tainted else []
    return {
        "kind": "Node",
        "metadata": {"name": name, "labels": {"topology.kubernetes.io/zone": zone}},
        "spec": {"taints": taints},
        "status": {
            "allocatable": {"nvidia.com/gpu": str(gpus)} if gpus else {},
            "conditions": [{"type": "Ready", "status": "True" if ready else "Unknown"}],
        },
    }


def pod(name: str, on: str = "", *, ready: bool = True, leaving: bool = False) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": "True" if ready and on else "False"}]
    if not on:
        conditions.append({"type": "PodScheduled", "status": "False", "message": "0/5 nodes are available"})
    metadata: dict[str, Any] = {"name": name, "labels": {"app": "inference", "pod-template-hash": "x"}}
    if leaving:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return {
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"nodeName": on, "containers": [{"resources": {"limits": {"nvidia.com/gpu": "1"}}}]},
        "status": {"conditions": conditions},
    }


def endpoint_slice(*nodes: str, ready: bool | None = True) -> dict[str, Any]:
    return {
        "kind": "EndpointSlice",
        "metadata": {"name": "s-1", "labels": {"kubernetes.io/service-name": "inference-service"}},
        "endpoints": [{"nodeName": name, "conditions": {"ready": ready}} for name in nodes],
    }


def view(*manifests: dict[str, Any]) -> View:
    result = View(WORKLOAD)
    for item in manifests:
        result.apply("ADDED", item)
    return result


def test_counts_are_by_zone_and_leave_out_what_leaves() -> None:
    seen = view(
        node("n1", "a"),
        node("n2", "b", ready=False),
        pod("p1", "n1"),
        pod("p2", "n1", leaving=True),
        pod("p3", "n2", ready=False),
        pod("p4"),
        endpoint_slice("n1", "n2"),
    ).snapshot(3.0)
    assert dict(seen.ready) == {"a": 1}
    assert dict(seen.endpoints) == {"a": 1, "b": 1}
    assert dict(seen.nodes_ready) == {"a": 1}
    assert dict(seen.nodes) == {"a": 1, "b": 1}
    assert (seen.at, seen.pending, seen.waiting) == (3.0, 1, "0/5 nodes are available")


def test_endpoints_without_a_word_are_ready_and_unready_ones_are_not() -> None:
    assert view(node("n1", "a"), endpoint_slice("n1", ready=None)).snapshot(0).endpoints == {"a": 1}
    assert view(node("n1", "a"), endpoint_slice("n1", ready=False)).snapshot(0).endpoints == {}


def test_idle_gpus_are_those_of_ready_untainted_nodes_that_no_pod_holds() -> None:
    seen = view(
        node("n1", "a", gpus=8),
        node("n2", "b", gpus=8, ready=False),
        node("n3", "b", gpus=1, tainted=True),
        node("n4", "c", gpus=0),
        pod("p1", "n1"),
        pod("p2", "n1"),
    ).snapshot(0)
    assert dict(seen.idle_gpus) == {"a": 6}


def test_others_pods_and_services_are_passed_over() -> None:
    stranger = pod("other", "n1")
    stranger["metadata"]["labels"] = {"app": "other"}
    strange_slice = endpoint_slice("n1")
    strange_slice["metadata"]["labels"] = {"kubernetes.io/service-name": "other"}
    seen = view(node("n1", "a"), stranger, strange_slice).snapshot(0)
    assert (dict(seen.ready), dict(seen.endpoints)) == ({}, {})


def test_what_is_deleted_is_gone() -> None:
    seen = view(node("n1", "a"), pod("p1", "n1"))
    seen.apply("DELETED", pod("p1", "n1"))
    assert seen.snapshot(0).ready == {}


def test_a_timeline_begins_anew_and_holds_only_changes() -> None:
    now = [10.0]
    recorder = Recorder(WORKLOAD, clock=lambda: now[0])
    recorder.take("ADDED", node("n1", "a"))
    recorder.take("ADDED", pod("p1", "n1"))
    now[0] = 20.0
    recorder.restart()
    now[0] = 21.0
    recorder.take("MODIFIED", node("n1", "a"))
    now[0] = 25.0
    recorder.take("MODIFIED", pod("p1", "n1", ready=False))
    timeline = recorder.timeline()
    assert [(s.at, s.ready.get("a", 0)) for s in timeline] == [(0.0, 1), (5.0, 0), (5.0, 0)]


def test_the_drill_deploys_the_lessons_own_manifests() -> None:
    namespace, deployment, budget = lesson.manifests()
    assert namespace["metadata"]["name"] == lesson.NAMESPACE
    for ours, theirs in ((deployment, manifest("deployment")), (budget, manifest("pdb"))):
        assert ours["metadata"].pop("namespace") == lesson.NAMESPACE
        theirs["metadata"].pop("namespace")
        assert ours == theirs


def test_the_lessons_nodes_take_any_pod_and_hold_all_replicas_when_one_zone_is_gone() -> None:
    nodes = lesson.nodes(["us-east-1a", "us-east-1b"])
    assert all(node_view(item).taints == frozenset() for item in nodes)
    assert all("standfast.dev/pool" not in item["metadata"]["labels"] for item in nodes)
    assert node_view(nodes[0]).gpus >= manifest("deployment")["spec"]["replicas"]
