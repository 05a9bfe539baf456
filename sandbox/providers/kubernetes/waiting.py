"""Waiting by watch for an object to get ready, or to be gone."""

from __future__ import annotations

import time
from typing import Any, Final

from sandbox.providers.base import Call, ProviderError
from sandbox.providers.kubernetes.api import Cluster, Kind
from sandbox.providers.kubernetes.explain import explanations
from sandbox.providers.kubernetes.jsonpath import WaitFor
from sandbox.providers.kubernetes.readiness import DEFAULT_SECONDS, READY, RULES, SECONDS, Verdict

SKIP: Final = "pulumi.com/skipAwait"
WAIT_FOR: Final = "pulumi.com/waitFor"
TIMEOUT: Final = "pulumi.com/timeoutSeconds"


class NotReadyError(ProviderError):
    """Not ready in time. live: the object as it is."""

    def __init__(self, message: str, live: dict[str, Any]) -> None:
        super().__init__(message)
        self.live = live


def annotations_of(document: dict[str, Any]) -> dict[str, Any]:
    """The annotations of an object, also of one that has no metadata to speak of."""
    metadata = document.get("metadata")
    found = metadata.get("annotations") if isinstance(metadata, dict) else None
    return found if isinstance(found, dict) else {}


def check_annotations(document: dict[str, Any]) -> None:
    """Raise ProviderError for a waitFor or a timeoutSeconds that cannot be understood."""
    given = annotations_of(document)
    if isinstance(given.get(WAIT_FOR), str):
        WaitFor(given[WAIT_FOR])
    if isinstance(given.get(TIMEOUT), str):
        _seconds(given[TIMEOUT])


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ProviderError(f"annotation {TIMEOUT}: '{text}' is no number of seconds") from error


def label(kind: Kind, live: dict[str, Any]) -> str:
    """How messages name an object: `Deployment ml-serving/inference-service`."""
    metadata = live["metadata"]
    namespace = metadata.get("namespace")
    return f"{kind.kind} {namespace}/{metadata['name']}" if namespace else f"{kind.kind} {metadata['name']}"


def timeout_of(call: Call[Any], document: dict[str, Any], default: float) -> float:
    """Seconds to wait: customTimeouts, else the annotation, else `default`."""
    given = annotations_of(document).get(TIMEOUT)
    return call.timeout or (_seconds(given) if given else default)


def await_ready(call: Call[Any], cluster: Cluster, kind: Kind, live: dict[str, Any]) -> dict[str, Any]:
    """The object once it is ready. Raises NotReadyError, when it is hopeless at once."""
    given = annotations_of(live)
    if given.get(SKIP) == "true":
        return live
    seconds = timeout_of(call, live, SECONDS.get((kind.group, kind.kind), DEFAULT_SECONDS))
    deadline = time.monotonic() + seconds
    verdict = _verdict(cluster, kind, live)
    if verdict.ready:
        return live
    collection = kind.path(live["metadata"].get("namespace"))
    version, name = live["metadata"]["resourceVersion"], live["metadata"]["name"]

    def remaining() -> float:
        return 0.0 if call.cancelled.is_set() or verdict.hopeless else deadline - time.monotonic()

    told = ""
    for state in cluster.watch(collection, name, version, remaining):
        if state is None:
            raise ProviderError(_vanished(kind, live))
        live = {"apiVersion": kind.api_version, "kind": kind.kind, **state}
        verdict = _verdict(cluster, kind, live)
        if verdict.ready:
            return live
        if verdict.missing[0] != told and not verdict.hopeless:
            told = verdict.missing[0]
            call.status(told)
    if call.cancelled.is_set():
        when = "when it was interrupted"
    else:
        when = "and will not become so by waiting" if verdict.hopeless else f"after {seconds:g} s"
    parts = [f"{label(kind, live)} is not ready {when}: {', '.join(verdict.missing)}"]
    parts += explanations(cluster, live)
    message = "; ".join(parts) + f". It stays as it is, and the next `up` waits again (annotation {TIMEOUT})"
    raise NotReadyError(message, live)


def _vanished(kind: Kind, live: dict[str, Any]) -> str:
    account = annotations_of(live).get("kubernetes.io/service-account.name")
    hint = f" (its service account {account} must exist first: depends_on)" if account else ""
    return f"{label(kind, live)} was deleted while it was waited for{hint}"


def _verdict(cluster: Cluster, kind: Kind, live: dict[str, Any]) -> Verdict:
    given = annotations_of(live).get(WAIT_FOR)
    if given:
        return Verdict(missing=tuple(f"{text} does not hold" for text in WaitFor(given).missing(live)))
    rule = RULES.get((kind.group, kind.kind))
    verdict = rule(live) if rule else READY
    if not verdict.ready and kind.kind == "PersistentVolumeClaim" and _binds_late(cluster, live):
        return READY
    return verdict


def _binds_late(cluster: Cluster, claim: dict[str, Any]) -> bool:
    """Whether the claim is only bound once a pod uses it."""
    root = "/apis/storage.k8s.io/v1/storageclasses"
    name = claim["spec"].get("storageClassName")
    class_ = cluster.find(f"{root}/{name}") if name else None
    return bool(class_) and class_.get("volumeBindingMode") == "WaitForFirstConsumer"


def unready(cluster: Cluster, kind: Kind, live: dict[str, Any]) -> str | None:
    """What an object that is only looked at lacks, None if it is ready or is not to be waited for."""
    verdict = READY if annotations_of(live).get(SKIP) == "true" else _verdict(cluster, kind, live)
    return None if verdict.ready else f"{label(kind, live)} is not ready: {', '.join(verdict.missing)}"


def await_gone(call: Call[Any], cluster: Cluster, kind: Kind, live: dict[str, Any]) -> None:
    """Return once `live`, whose deletion has begun, is gone. Raises ProviderError that says what holds it."""
    if annotations_of(live).get(SKIP) == "true":
        return
    seconds = timeout_of(call, live, SECONDS.get((kind.group, kind.kind), DEFAULT_SECONDS))
    deadline = time.monotonic() + seconds
    metadata = live["metadata"]
    current = cluster.find(kind.path(metadata.get("namespace"), metadata["name"]))
    if current is None or current["metadata"]["uid"] != metadata["uid"]:
        return

    def remaining() -> float:
        return 0.0 if call.cancelled.is_set() else deadline - time.monotonic()

    version = current["metadata"]["resourceVersion"]
    collection = kind.path(metadata.get("namespace"))
    for state in cluster.watch(collection, metadata["name"], version, remaining):
        if state is None or state["metadata"]["uid"] != metadata["uid"]:
            return
        current = state
    when = "when it was interrupted" if call.cancelled.is_set() else f"after {seconds:g} s"
    raise ProviderError(f"{label(kind, live)} is not gone {when}: {_holders(current)}")


def _holders(live: dict[str, Any]) -> str:
    metadata = live["metadata"]
    parts = [f"finalizers {', '.join(metadata['finalizers'])}"] if metadata.get("finalizers") else []
    if "kubernetes" in live.get("spec", {}).get("finalizers", []):
        parts += [
            each.get("message", each["type"])
            for each in live.get("status", {}).get("conditions", [])
            if each["status"] == "True"
        ]
    return "; ".join(parts) or "nothing is named that holds it"
