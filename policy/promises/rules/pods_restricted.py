"""https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..model import Resource, ResourceRule, Severity
from ..pods import EVENTS, WORKLOADS, Pods, named, pods
from ..values import at, differs, known, mapping, sequence

_VOLUMES = frozenset(
    {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
)
_HOST = ("hostNetwork", "hostPID", "hostIPC")


def _check(resource: Resource) -> Iterator[str]:
    template = pods(resource)
    if template is None:
        return
    for said in [*_of_pod(template), *_of_containers(template)]:
        yield f"{resource.title}: {said}"


def _of_pod(template: Pods) -> Iterator[str]:
    for key in _HOST:
        if template.spec.get(key) is True:
            yield f"the pod shares the host's {key.removeprefix('host')}"
    for volume in map(mapping, sequence(template.spec.get("volumes"))):
        if not _VOLUMES & set(volume):
            yield f"volume {volume.get('name')} is none that restricted pods may have"


def _of_containers(template: Pods) -> Iterator[str]:
    for name, container in named(template.containers):
        own = at(container, "securityContext")
        if differs(at(own, "allowPrivilegeEscalation"), False):
            yield f"{name} may gain privileges (allowPrivilegeEscalation)"
        if at(own, "privileged") is True:
            yield f"{name} is privileged"
        dropped = at(own, "capabilities", "drop")
        if known(dropped) and "ALL" not in sequence(dropped):
            yield f"{name} keeps capabilities"
        if set(sequence(at(own, "capabilities", "add"))) - {"NET_BIND_SERVICE"}:
            yield f"{name} adds capabilities"
        if differs(_either(own, template, "runAsNonRoot"), True):
            yield f"{name} may run as root"
        if _either(own, template, "runAsUser") == 0:
            yield f"{name} runs as user 0"
        profile = _either(own, template, "seccompProfile")
        if differs(at(profile, "type"), "RuntimeDefault", "Localhost"):
            yield f"{name} has no seccomp profile"
        if differs(at(own, "readOnlyRootFilesystem"), True):
            yield f"{name} may write its own root filesystem"


def _either(own: Any, template: Pods, key: str) -> Any:
    """A container's own setting, else the pod's."""
    value = at(own, key)
    return at(template.spec, "securityContext", key) if value is None else value


RULE = ResourceRule(
    id="pods-restricted",
    severity=Severity.HIGH,
    title="Pods keep to the restricted Pod Security Standard, with a read-only root",
    reason="A model server runs other people's models: what breaks out of one must find nothing to use.",
    remedy="runAsNonRoot, seccompProfile RuntimeDefault, allowPrivilegeEscalation false, drop ALL, "
    "readOnlyRootFilesystem, and no host namespaces or host paths.",
    kinds=WORKLOADS | EVENTS,
    check=_check,
)
