"""When an object is ready: pure functions of the live object.

The rules of `kubectl rollout status`
(https://github.com/kubernetes/kubectl/blob/master/pkg/polymorphichelpers/rollout_status.go) and of
pulumi-kubernetes' awaiters (provider/pkg/await). A kind that is not here is ready as soon as it exists.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sandbox.providers.kubernetes.jsonpath import condition

Object: TypeAlias = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """missing: what readiness still lacks, empty when ready. hopeless: it will not come by waiting."""

    missing: tuple[str, ...] = ()
    hopeless: bool = False

    @property
    def ready(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing


READY: Final = Verdict()


def _waits(*missing: str) -> Verdict:
    return Verdict(missing=missing)


def _observed(live: Object) -> Verdict | None:
    seen = live.get("status", {}).get("observedGeneration", 0)
    if seen < live["metadata"].get("generation", 0):
        return _waits("its controller has not seen this version yet")
    return None


def _deployment(live: Object) -> Verdict:
    spec, status = live["spec"], live.get("status", {})
    if spec.get("paused"):
        return READY
    if unseen := _observed(live):
        return unseen
    for each in status.get("conditions", []):
        if each["type"] == "Progressing" and each.get("reason") == "ProgressDeadlineExceeded":
            return Verdict(missing=(f"the rollout made no progress: {each.get('message')}",), hopeless=True)
    wanted = spec.get("replicas", 1)
    updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    missing: list[str] = []
    if updated < wanted:
        missing.append(f"{updated} of {wanted} replicas are of this version")
    if status.get("replicas", 0) > updated:
        missing.append(f"{status.get('replicas', 0) - updated} replicas of the version before are not gone")
    if available < wanted:
        missing.append(f"{available} of {wanted} replicas are available")
    return _waits(*missing)


def _stateful_set(live: Object) -> Verdict:
    spec, status = live["spec"], live.get("status", {})
    if unseen := _observed(live):
        return unseen
    wanted, ready = spec.get("replicas", 1), status.get("readyReplicas", 0)
    missing: list[str] = []
    strategy = spec.get("updateStrategy", {})
    if strategy.get("type", "RollingUpdate") == "RollingUpdate":
        held_back = (strategy.get("rollingUpdate") or {}).get("partition", 0)
        updated = status.get("updatedReplicas", 0)
        if updated < wanted - held_back:
            missing.append(f"{updated} of {wanted - held_back} replicas are of this version")
    if ready < wanted:
        missing.append(f"{ready} of {wanted} replicas are ready")
    return _waits(*missing)


def _daemon_set(live: Object) -> Verdict:
    spec, status = live["spec"], live.get("status", {})
    if unseen := _observed(live):
        return unseen
    wanted = status.get("desiredNumberScheduled", 0)
    updated, available = status.get("updatedNumberScheduled", 0), status.get("numberAvailable", 0)
    missing: list[str] = []
    if spec.get("updateStrategy", {}).get("type") != "OnDelete" and updated < wanted:
        missing.append(f"{updated} of {wanted} nodes have this version")
    if available < wanted:
        missing.append(f"it is available on {available} of {wanted} nodes")
    return _waits(*missing)


def _job(live: Object) -> Verdict:
    if live["spec"].get("suspend") or condition(live, "Complete") == "True":
        return READY
    for each in live.get("status", {}).get("conditions", []):
        if each["type"] == "Failed" and each["status"] == "True":
            why = f"the job failed: {each.get('reason')}: {each.get('message')}"
            return Verdict(missing=(why,), hopeless=True)
    status = live.get("status", {})
    done, wanted = status.get("succeeded", 0), live["spec"].get("completions", 1)
    return _waits(f"{done} of {wanted} pods have succeeded, {status.get('failed', 0)} failed")


def _pod(live: Object) -> Verdict:
    phase = live.get("status", {}).get("phase", "Pending")
    if phase == "Succeeded" or condition(live, "Ready") == "True":
        return READY
    if phase == "Failed":
        return Verdict(missing=(f"the pod failed: {live['status'].get('message', '')}",), hopeless=True)
    return _waits(f"the pod is {phase} and not ready")


def _service(live: Object) -> Verdict:
    if live["spec"].get("type") != "LoadBalancer":
        return READY
    if live.get("status", {}).get("loadBalancer", {}).get("ingress"):
        return READY
    class_ = live["spec"].get("loadBalancerClass")
    return _waits("it has no load-balancer address yet" + (f" (class {class_})" if class_ else ""))


def _claim(live: Object) -> Verdict:
    phase = live.get("status", {}).get("phase", "Pending")
    return READY if phase == "Bound" else _waits(f"the claim is {phase}, not Bound")


def _secret(live: Object) -> Verdict:
    if live.get("type") != "kubernetes.io/service-account-token" or (live.get("data") or {}).get("token"):
        return READY
    account = live["metadata"].get("annotations", {}).get("kubernetes.io/service-account.name")
    return _waits(f"it holds no token of the service account {account} yet")


def _definition(live: Object) -> Verdict:
    if condition(live, "NamesAccepted") == "False":
        return Verdict(missing=("its names are taken by another definition",), hopeless=True)
    return READY if condition(live, "Established") == "True" else _waits("it is not Established")


RULES: Final[dict[tuple[str, str], Callable[[Object], Verdict]]] = {
    ("apps", "Deployment"): _deployment,
    ("apps", "StatefulSet"): _stateful_set,
    ("apps", "DaemonSet"): _daemon_set,
    ("batch", "Job"): _job,
    ("", "Pod"): _pod,
    ("", "Service"): _service,
    ("", "PersistentVolumeClaim"): _claim,
    ("", "Secret"): _secret,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _definition,
}

# Seconds, as pulumi-kubernetes has them, but for a service account's token, which a busy controller-manager
# may not fill within its 5 s.
SECONDS: Final[dict[tuple[str, str], float]] = {
    ("apps", "Deployment"): 600,
    ("apps", "StatefulSet"): 600,
    ("apps", "DaemonSet"): 600,
    ("batch", "Job"): 600,
    ("", "Service"): 600,
    ("", "Secret"): 60,
}
DEFAULT_SECONDS: Final = 300.0
