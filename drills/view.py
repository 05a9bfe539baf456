"""A workload over its zones as the API server tells it: pure, fed with a watch's events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ZONE_LABEL = "topology.kubernetes.io/zone"
GPU = "nvidia.com/gpu"
_REPELLING = frozenset({"NoSchedule", "NoExecute"})


@dataclass(frozen=True)
class Workload:
    """What is watched: the pods of a Deployment, by its selector, and the endpoints of a service, if any."""

    name: str
    namespace: str
    labels: Mapping[str, str]
    service: str = ""


@dataclass(frozen=True)
class NodeView:
    """`gpus` is what the node offers; `taints` are the keys of those that keep new pods away."""

    zone: str
    ready: bool
    gpus: int
    taints: frozenset[str] = frozenset()


@dataclass(frozen=True)
class PodView:
    """`waiting` is the scheduler's own message for a pod that it cannot place."""

    node: str
    ready: bool
    leaving: bool
    gpus: int
    waiting: str


@dataclass(frozen=True)
class Snapshot:
    """The state `at` seconds; counts are by zone. `ready` counts pods that are ready and not leaving."""

    at: float
    ready: Mapping[str, int]
    endpoints: Mapping[str, int]
    nodes_ready: Mapping[str, int]
    nodes: Mapping[str, int]
    pending: int = 0
    waiting: str = ""
    idle_gpus: Mapping[str, int] = field(default_factory=dict[str, int])


class View:
    """Nodes, and the pods and endpoints of one workload."""

    def __init__(self, workload: Workload) -> None:
        self._labels = workload.labels
        self._service = workload.service
        self.nodes: dict[str, NodeView] = {}
        self.pods: dict[str, PodView] = {}
        self.slices: dict[str, tuple[str, ...]] = {}

    def apply(self, event: str, manifest: dict[str, Any]) -> None:
        """Take one event of a watch into account; objects of other workloads are passed over."""
        name = manifest["metadata"]["name"]
        store, value = self._read(manifest)
        if store is None:
            return
        if event == "DELETED":
            store.pop(name, None)
        else:
            store[name] = value

    def _read(self, manifest: dict[str, Any]) -> tuple[dict[str, Any] | None, Any]:
        kind = manifest.get("kind")
        labels: dict[str, str] = manifest["metadata"].get("labels") or {}
        if kind == "Node":
            return self.nodes, node_view(manifest)
        if kind == "Pod" and self._labels.items() <= labels.items():
            return self.pods, pod_view(manifest)
        if kind == "EndpointSlice" and labels.get("kubernetes.io/service-name") == self._service:
            return self.slices, ready_endpoints(manifest)
        return None, None

    def snapshot(self, at: float) -> Snapshot:
        """The counts as they are now."""
        pods = list(self.pods.values())
        pending = [pod for pod in pods if not pod.node and not pod.leaving]
        return Snapshot(
            at=at,
            ready=self._by_zone(pod.node for pod in pods if pod.ready and not pod.leaving),
            endpoints=self._by_zone(node for nodes in self.slices.values() for node in nodes),
            nodes_ready=Counter(node.zone for node in self.nodes.values() if node.ready),
            nodes=Counter(node.zone for node in self.nodes.values()),
            pending=len(pending),
            waiting=next((pod.waiting for pod in pending if pod.waiting), ""),
            idle_gpus=self._idle_gpus(),
        )

    def _by_zone(self, nodes: Any) -> Counter[str]:
        return Counter(self.nodes[node].zone for node in nodes if node in self.nodes)

    def _idle_gpus(self) -> dict[str, int]:
        """GPUs that none of the workload's pods holds, on ready nodes without a taint."""
        held: Counter[str] = Counter()
        for pod in self.pods.values():
            held[pod.node] += pod.gpus
        idle: Counter[str] = Counter()
        for name, node in self.nodes.items():
            if node.ready and node.gpus and not node.taints:
                idle[node.zone] += max(0, node.gpus - held[name])
        return dict(idle)


def _condition(manifest: dict[str, Any], kind: str) -> dict[str, Any]:
    conditions: list[dict[str, Any]] = manifest.get("status", {}).get("conditions") or []
    return next((condition for condition in conditions if condition.get("type") == kind), {})


def node_view(manifest: dict[str, Any]) -> NodeView:
    """A node's zone, and whether Kubernetes holds it ready."""
    labels: dict[str, str] = manifest["metadata"].get("labels") or {}
    allocatable: dict[str, str] = manifest.get("status", {}).get("allocatable") or {}
    return NodeView(
        zone=labels.get(ZONE_LABEL, ""),
        ready=_condition(manifest, "Ready").get("status") == "True",
        gpus=int(allocatable.get(GPU, 0)),
        taints=frozenset(
            taint["key"] for taint in manifest["spec"].get("taints") or [] if taint["effect"] in _REPELLING
        ),
    )


def pod_view(manifest: dict[str, Any]) -> PodView:
    """Where a pod runs and whether it is ready, or why it cannot be placed."""
    scheduled = _condition(manifest, "PodScheduled")
    containers: list[dict[str, Any]] = manifest["spec"].get("containers") or []
    return PodView(
        node=manifest["spec"].get("nodeName") or "",
        ready=_condition(manifest, "Ready").get("status") == "True",
        leaving="deletionTimestamp" in manifest["metadata"],
        gpus=sum(int(((c.get("resources") or {}).get("limits") or {}).get(GPU, 0)) for c in containers),
        waiting=scheduled.get("message", "") if scheduled.get("status") == "False" else "",
    )


def ready_endpoints(manifest: dict[str, Any]) -> tuple[str, ...]:
    """The node of every endpoint that traffic is sent to; `ready` unset means yes, by the API's own rule.

    https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#ready
    """
    endpoints: list[dict[str, Any]] = manifest.get("endpoints") or []
    return tuple(
        endpoint.get("nodeName") or ""
        for endpoint in endpoints
        if (endpoint.get("conditions") or {}).get("ready") is not False
    )
