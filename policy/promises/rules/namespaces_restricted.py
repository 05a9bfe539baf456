"""https://kubernetes.io/docs/concepts/security/pod-security-admission/"""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Finding, Severity, Stack, StackRule
from ..pods import WORKLOADS, pods
from ..values import UNKNOWN, at

ENFORCE = "pod-security.kubernetes.io/enforce"
_RANK = {"privileged": 0, "baseline": 1, "restricted": 2}
_HOST_AGENTS = frozenset({"velero", "kube-prometheus-stack"})
"""Charts with an agent on each node that reads the host: Velero's node agent, the node exporter."""


def _check(stack: Stack) -> Iterator[Finding]:
    agents = {
        at(release.props, "namespace")
        for release in stack.of("Release")
        if at(release.props, "chart") in _HOST_AGENTS
    }
    serving = {
        workload.namespace
        for workload in stack.of(*sorted(WORKLOADS))
        if (template := pods(workload)) is not None and template.uses_gpu()
    }
    for namespace in stack.of("Namespace"):
        level = namespace.labels.get(ENFORCE)
        if level is UNKNOWN:
            continue
        inside = namespace.title in serving or namespace.labels.get("istio-injection") == "enabled"
        least = "restricted" if inside else "privileged" if namespace.title in agents else "baseline"
        if _RANK.get(str(level), -1) < _RANK[least]:
            yield Finding(
                f"namespace {namespace.title} enforces {level or 'nothing'}, not {least} or more",
                namespace.urn,
            )


RULE = StackRule(
    id="namespaces-restricted",
    severity=Severity.HIGH,
    title="Namespaces enforce a Pod Security Standard: restricted where models are served",
    reason="What a manifest promises of itself an exec, a debug container or another manifest can break; "
    "admission "
    "holds for all.",
    remedy=f"Label the namespace {ENFORCE}: restricted; baseline elsewhere, and privileged only beside an "
    "agent that "
    "reads its host.",
    check=_check,
)
