"""The lesson's own service, to be deployed beside the program's: what is mended, and what it was before."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from drills.view import GPU, ZONE_LABEL

NAMESPACE = "lesson"
GPUS_PER_NODE = 8

_MARK = {"standfast.dev/drill": "as-in-the-lesson"}


def manifests() -> list[dict[str, Any]]:
    """Its namespace, and its Deployment and budget moved there; all else is as the lesson has it."""
    text = (Path(__file__).parent / "inference.yaml").read_text(encoding="utf-8")
    documents: list[dict[str, Any]] = list(yaml.safe_load_all(text))
    for document in documents:
        document["metadata"]["namespace"] = NAMESPACE
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": _MARK}}
    return [namespace, *documents]


def nodes(zones: Sequence[str]) -> list[dict[str, Any]]:
    """One node with GPUs for each zone, open to any pod: the lesson's pods tolerate no taint."""
    return [_node(zone) for zone in zones]


def _node(zone: str) -> dict[str, Any]:
    resources = {"cpu": "96", "memory": "1000Gi", "pods": "110", GPU: str(GPUS_PER_NODE)}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": f"lesson-{zone}",
            "labels": {
                **_MARK,
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/hostname": f"lesson-{zone}",
                "kubernetes.io/os": "linux",
                "node.kubernetes.io/instance-type": "g6e.48xlarge",
                "topology.kubernetes.io/region": zone[:-1],
                ZONE_LABEL: zone,
            },
        },
        "spec": {},
        "status": {"allocatable": resources, "capacity": resources},
    }
