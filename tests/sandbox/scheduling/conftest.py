"""One real control plane with nodes in three zones, of which one is lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from components.inference.args import InferenceArgs
from components.inference.desired import manifests
from config.platform import Cloud, Inference
from sandbox.bare import add_node, bare_region, object_path, ready_nodes
from sandbox.crds import install_crds
from sandbox.kube import Api
from sandbox.tools import ensure
from sandbox.zones import pod_blocks

REGION = "us-east"
ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
LOST, LIVING = ZONES[0], ZONES[1:]
POOL = "main"

_GPU_TAINT = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}
# What the node lifecycle controller puts on a node that stopped answering.
_LOST_TAINTS = [
    {"key": "node.kubernetes.io/unreachable", "effect": "NoSchedule"},
    {"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"},
]

Manifest = Mapping[str, Any]

INFERENCE = InferenceArgs(
    inference=Inference(image="inference:v1.0.0", replicas=6, min_available=4, peak_replicas=10),
    cloud=Cloud.AWS,
    location="us-east-1",
    pool_names=[POOL],
    model_bucket="standfast-model-registry-us-east-123456789012",
    model_size=20 * 2**30,
)


@dataclass(frozen=True)
class Cluster:
    """A region's API server, asked as its administrator."""

    api: Api
    endpoint: str
    ca: str

    def apply(self, manifest: Manifest) -> Any:
        return self.api.apply(object_path(manifest), manifest)

    def checked(self, manifest: Manifest) -> Any:
        """A dry run in which an unknown field is an error too."""
        return self.api.call(
            "PATCH",
            f"{object_path(manifest)}?fieldManager=test&force=true&dryRun=All&fieldValidation=Strict",
            manifest,
            content_type="application/apply-patch+yaml",
        )

    def pods(self, namespace: str) -> list[Any]:
        return self.api.get(f"/api/v1/namespaces/{namespace}/pods")["items"]

    def placed(self, namespace: str) -> dict[str, int]:
        """Pods by the zone of their node; those that wait are under ``""``."""
        zones = {
            node["metadata"]["name"]: node["metadata"]["labels"]["topology.kubernetes.io/zone"]
            for node in self.api.get("/api/v1/nodes")["items"]
        }
        counts: dict[str, int] = {}
        for pod in self.pods(namespace):
            zone = zones.get(pod["spec"].get("nodeName", ""), "")
            counts[zone] = counts.get(zone, 0) + 1
        return counts

    def until(self, true: Callable[[], bool], what: str, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
            time.sleep(0.2)


def _node(zone: str, name: str, *, gpu_pool: bool) -> dict[str, Any]:
    labels = {
        "kubernetes.io/hostname": name,
        "topology.kubernetes.io/zone": zone,
        "topology.kubernetes.io/region": "us-east-1",
    }
    pool = {"standfast.dev/pool": POOL} if gpu_pool else {}
    taints = [_GPU_TAINT] if gpu_pool else []
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {**labels, **pool},
            "annotations": {"kwok.x-k8s.io/node": "fake"},
        },
        "spec": {"taints": taints + (_LOST_TAINTS if zone == LOST else [])},
        "status": {
            resources: {
                "cpu": "32",
                "memory": "128Gi",
                "pods": "110",
                "ephemeral-storage": "200Gi",
                "nvidia.com/gpu": "8",
            }
            for resources in ("allocatable", "capacity")
        },
    }


def _add_nodes(api: Api) -> None:
    """Two nodes of the pool in each zone, and two without taints, for a manifest that tolerates none."""
    for zone in ZONES:
        for number in range(4):
            node = _node(zone, f"node-{zone}-{number}", gpu_pool=number < 2)
            if zone == LOST:
                node["status"]["conditions"] = [
                    {"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown"}
                ]
            add_node(api, node, node["status"])


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    blocks = pod_blocks({REGION: ZONES})
    living = {zone: blocks[REGION, zone] for zone in LIVING}
    with bare_region(REGION, tmp_path_factory.mktemp("scheduling"), living) as region:
        api = region.access.api()
        install_crds(api, ensure(["crds"]).folder("crds"))
        _add_nodes(api)
        cluster = Cluster(api, region.access.endpoint, region.access.ca)
        cluster.until(lambda: ready_nodes(api) == 4 * len(LIVING), "the living zones' nodes are ready")
        yield cluster


@pytest.fixture(scope="module")
def deployed(cluster: Cluster) -> Iterator[Cluster]:
    """All objects of the inference component, in their order, in a namespace that enforces "restricted"."""
    wanted = manifests(INFERENCE)
    for found in wanted.values():
        cluster.apply(found)
    yield cluster
    for key in ("autoscaler", "deployment", "service"):
        cluster.api.call("DELETE", object_path(wanted[key]))
    cluster.until(lambda: not cluster.pods("ml-serving"), "the pods are gone")
