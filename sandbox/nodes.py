"""Takes a node out of service as `kubectl drain` does, and back in.

https://kubernetes.io/docs/tasks/administer-cluster/safely-drain-node/ and
https://kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/
"""

from __future__ import annotations

import http
import time
from typing import Any

from sandbox.errors import SandboxError
from sandbox.kube import Api, ApiError

_DRAINED = "sandbox.standfast.dev/drained"
_MERGE = "application/merge-patch+json"
_SECONDS = 120.0


def drain(api: Api, node: str) -> None:
    """Cordon the node and evict its pods as their budgets allow; returns when none is left.

    Pods of DaemonSets stay, as with `--ignore-daemonsets`. SandboxError when a budget allows no eviction for
    two minutes.
    """
    _mark(api, node, unschedulable=True)
    deadline = time.monotonic() + _SECONDS
    while pods := _evictable(api, node):
        for pod in pods:
            _evict(api, pod)
        if time.monotonic() > deadline:
            left = ", ".join(pod["metadata"]["name"] for pod in pods)
            raise SandboxError(
                f"{node} is not drained after {_SECONDS:.0f} s: {left} cannot be evicted",
                remedy="look at the PodDisruptionBudgets and at pods that are Pending",
            )
        time.sleep(0.5)


def uncordon(api: Api, node: str) -> None:
    """Pods may be placed on the node again."""
    _mark(api, node, unschedulable=False)


def uncordon_drained(api: Api) -> None:
    """Uncordon what `drain` has cordoned; what a person cordoned stays so."""
    for node in api.get("/api/v1/nodes")["items"]:
        if _DRAINED in node["metadata"].get("annotations", {}):
            uncordon(api, node["metadata"]["name"])


def _mark(api: Api, node: str, *, unschedulable: bool) -> None:
    patch = {
        "metadata": {"annotations": {_DRAINED: "true" if unschedulable else None}},
        "spec": {"unschedulable": unschedulable or None},
    }
    api.call("PATCH", f"/api/v1/nodes/{node}", patch, content_type=_MERGE)


def _evictable(api: Api, node: str) -> list[dict[str, Any]]:
    pods = api.get(f"/api/v1/pods?fieldSelector=spec.nodeName%3D{node}")["items"]
    return [
        pod
        for pod in pods
        if not any(owner["kind"] == "DaemonSet" for owner in pod["metadata"].get("ownerReferences", []))
    ]


def _evict(api: Api, pod: dict[str, Any]) -> None:
    meta = pod["metadata"]
    if "deletionTimestamp" in meta:
        return
    path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}/eviction"
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": meta["name"], "namespace": meta["namespace"]},
    }
    try:
        api.call("POST", path, eviction)
    except ApiError as error:
        # A budget that allows none now answers 429: it is asked again.
        if error.status not in {http.HTTPStatus.TOO_MANY_REQUESTS, http.HTTPStatus.NOT_FOUND}:
            raise
