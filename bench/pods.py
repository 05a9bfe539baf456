"""The pod that the program's Deployment makes, and the same pod without parts of it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from bench.bare import inference
from components.inference.args import NAMESPACE
from components.inference.desired import manifests
from components.shared.labels import GPU_RESOURCE

HASH = "pod-template-hash"


def ours(replicas: int) -> dict[str, Any]:
    """The pod that the Deployment's ReplicaSet would make, without a name."""
    template = manifests(inference(replicas))["deployment"]["spec"]["template"]
    labels = {**template["metadata"]["labels"], HASH: "bench"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**template["metadata"], "labels": labels, "namespace": NAMESPACE},
        "spec": template["spec"],
    }


def _spread(spec: dict[str, Any]) -> None:
    del spec["topologySpreadConstraints"]


def _apart(spec: dict[str, Any]) -> None:
    del spec["affinity"]["podAntiAffinity"]


def _pools(spec: dict[str, Any]) -> None:
    del spec["affinity"]["nodeAffinity"]


def _gpu(spec: dict[str, Any]) -> None:
    for container in spec["containers"]:
        del container["resources"]["limits"][GPU_RESOURCE]


PARTS: Mapping[str, Callable[[dict[str, Any]], None]] = {
    "the spread over zones": _spread,
    "the wish to be apart": _apart,
    "the affinity to the GPU pools": _pools,
    "the GPU": _gpu,
}
"""What the program asks of a place, and how to take it off a pod's spec."""


def without(pod: Mapping[str, Any], *parts: str) -> dict[str, Any]:
    """The same pod without those of `PARTS`. It still tolerates GPU nodes, and mounts the models."""
    found = copy.deepcopy(dict(pod))
    for part in parts:
        PARTS[part](found["spec"])
    if not found["spec"]["affinity"]:
        del found["spec"]["affinity"]
    return found
