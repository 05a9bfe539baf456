"""A pod's status as a kubelet writes it: pure.

https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-conditions
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_CONDITIONS = ("Ready", "ContainersReady")


@dataclass(frozen=True, kw_only=True)
class Health:
    """What is to be said of a pod's containers."""

    ready: bool
    started: bool
    restarts: int


def said(pod: Mapping[str, Any]) -> Health | None:
    """What a pod's status says now; None when it is not one thing, as when only a part was marked."""
    status = pod.get("status", {})
    conditions = {entry["type"]: entry["status"] for entry in status.get("conditions", [])}
    readiness = {conditions.get(name) for name in _CONDITIONS}
    containers = status.get("containerStatuses", [])
    readiness |= {"True" if entry.get("ready") else "False" for entry in containers}
    if len(readiness) != 1 or not containers:
        return None
    return Health(
        ready=readiness == {"True"},
        started=all(entry.get("started", False) for entry in containers),
        restarts=containers[0].get("restartCount", 0),
    )


def patch(pod: Mapping[str, Any], health: Health, now: str) -> dict[str, Any]:
    """A strategic merge patch of a pod's status. `now` is RFC 3339; the uid guards against a namesake."""
    status = pod["status"]
    before = {entry["type"]: entry for entry in status.get("conditions", [])}
    names = [entry["name"] for entry in status.get("containerStatuses", [])]
    conditions: list[dict[str, Any]] = []
    for name in _CONDITIONS:
        value = "True" if health.ready else "False"
        same = before.get(name, {}).get("status") == value
        why = f"containers with unready status: [{' '.join(names)}]"
        conditions.append(
            {
                "type": name,
                "status": value,
                "lastTransitionTime": before[name].get("lastTransitionTime", now) if same else now,
                "reason": None if health.ready else "ContainersNotReady",
                "message": None if health.ready else why,
            }
        )
    containers: list[dict[str, Any]] = []
    for entry in status.get("containerStatuses", []):
        restarted = entry.get("restartCount", 0) != health.restarts
        state = {"running": {"startedAt": now}} if restarted else entry.get("state", {})
        containers.append(
            {
                **entry,
                "ready": health.ready,
                "started": health.started,
                "restartCount": health.restarts,
                "state": state,
            }
        )
    return {
        "metadata": {"uid": pod["metadata"]["uid"]},
        "status": {"conditions": conditions, "containerStatuses": containers},
    }
