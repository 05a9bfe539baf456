"""Where pods of add-ons run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from components.shared.labels import GPU_TAINT_KEY, HOSTNAME_LABEL, POOL_LABEL, ZONE_LABEL

CRITICAL = "system-cluster-critical"


def spread(match: Mapping[str, str]) -> list[dict[str, Any]]:
    """Replicas apart from each other, over zones first.

    Soft: with a zone gone, a second replica beside the first is better than none.
    """
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": dict(match)},
        }
        for key in (ZONE_LABEL, HOSTNAME_LABEL)
    ]


def gpu_tolerations() -> list[dict[str, Any]]:
    """For what must run beside the GPUs; all else stays off those nodes by their taint."""
    return [{"key": GPU_TAINT_KEY, "operator": "Exists", "effect": "NoSchedule"}]


def on_gpu_nodes(pool_names: Sequence[str]) -> dict[str, Any]:
    """Only nodes of these pools."""
    return {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [
                    {
                        "matchExpressions": [
                            {"key": POOL_LABEL, "operator": "In", "values": sorted(pool_names)}
                        ]
                    }
                ]
            }
        }
    }


def resources(cpu: str, memory: str) -> dict[str, Any]:
    """Requests, and a limit on memory alone: a CPU limit throttles controllers just when a zone is lost."""
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": memory}}
