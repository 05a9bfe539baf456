"""https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html"""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Resource, ResourceRule, Severity
from ..values import at, known, sequence

ALL = frozenset({"api", "audit", "authenticator", "controllerManager", "scheduler"})


def _check(resource: Resource) -> Iterator[str]:
    kinds = at(resource.props, "enabledClusterLogTypes")
    if known(kinds) and all(map(known, sequence(kinds))):
        for kind in sorted(ALL - set(sequence(kinds))):
            yield f"{resource.title} keeps no {kind} log"


RULE = ResourceRule(
    id="eks-logs-on",
    severity=Severity.MEDIUM,
    title="All logs of the control plane are kept",
    reason="After a failover the question is who did what and why pods were not placed: audit and "
    "scheduler know.",
    remedy="enabledClusterLogTypes: api, audit, authenticator, controllerManager, scheduler.",
    kinds=frozenset({"aws:eks/cluster:Cluster"}),
    check=_check,
)
