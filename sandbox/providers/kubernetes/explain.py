"""What pods and events say about an object that does not get ready."""

from __future__ import annotations

from typing import Any

from sandbox.providers.base import ProviderError
from sandbox.providers.kubernetes.api import Cluster

_SHOWN = 3


def explanations(cluster: Cluster, live: dict[str, Any]) -> list[str]:
    """Short sentences, most telling first; none when the API server has nothing to say (or is gone)."""
    try:
        return [*_pods(cluster, live), *_events(cluster, live)]
    except ProviderError:
        return []


def _pods(cluster: Cluster, live: dict[str, Any]) -> list[str]:
    namespace = live["metadata"].get("namespace")
    selector = live.get("spec", {}).get("selector")
    labels = selector.get("matchLabels") if isinstance(selector, dict) else None
    if not labels or not namespace:
        return _pod(live) if live.get("kind") == "Pod" else []
    text = ",".join(f"{key}={value}" for key, value in labels.items())
    pods = cluster.list(f"/api/v1/namespaces/{namespace}/pods", labelSelector=text)
    told: dict[str, list[str]] = {}
    for pod in pods:
        for reason in _pod(pod):
            told.setdefault(reason, []).append(pod["metadata"]["name"])
    if not pods:
        return ["it has no pods"]
    return [f"{len(names)} pod(s), {names[0]} first: {reason}" for reason, names in told.items()][:_SHOWN]


def _pod(pod: dict[str, Any]) -> list[str]:
    status = pod.get("status", {})
    reasons: list[str] = []
    for each in status.get("conditions", []):
        if each["type"] == "PodScheduled" and each["status"] == "False":
            reasons.append(f"{each.get('reason')}: {each.get('message')}")
    for each in [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]:
        waiting = each.get("state", {}).get("waiting")
        ended = each.get("state", {}).get("terminated")
        if waiting:
            reasons.append(
                f"container {each['name']} waits: {waiting.get('reason')} {waiting.get('message', '')}"
            )
        elif ended and ended.get("exitCode"):
            reasons.append(f"container {each['name']} ended with {ended['exitCode']}: {ended.get('reason')}")
    return [reason.strip() for reason in reasons]


def _events(cluster: Cluster, live: dict[str, Any]) -> list[str]:
    metadata = live["metadata"]
    namespace = metadata.get("namespace", "default")
    chosen = f"involvedObject.name={metadata['name']},involvedObject.kind={live['kind']},type=Warning"
    events = cluster.list(f"/api/v1/namespaces/{namespace}/events", fieldSelector=chosen)
    texts = {f"{each.get('reason')}: {each.get('message')}" for each in events}
    return [f"event {text}" for text in sorted(texts)][:_SHOWN]
