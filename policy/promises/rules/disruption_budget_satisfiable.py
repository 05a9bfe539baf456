"""https://kubernetes.io/docs/tasks/run-application/configure-pdb/"""

from __future__ import annotations

import math
from collections.abc import Iterator

from ..model import Finding, Resource, Severity, Stack, StackRule
from ..network import zones
from ..pods import pods, replicas
from ..values import UNKNOWN, at, number, selects


def _count(value: object, of: float) -> float | None:
    """Pods of a number or a percentage, which Kubernetes rounds up."""
    if isinstance(value, str) and value.endswith("%"):
        share = number(value[:-1])
        return None if share is None else math.ceil(share * of / 100)
    return number(value)


def _faults(budget: Resource, workload: Resource, floor: float, zone_count: int) -> Iterator[str]:
    spec = at(budget.props, "spec")
    least, most = _count(at(spec, "minAvailable"), floor), _count(at(spec, "maxUnavailable"), floor)
    if at(spec, "minAvailable") is UNKNOWN or at(spec, "maxUnavailable") is UNKNOWN:
        return
    if most is not None:
        least = floor - most
        if most < 1:
            yield f"{budget.title} lets no pod go: maxUnavailable is {most:g}"
            return
    if least is None or least < 1:
        yield f"{budget.title} keeps no pod of {workload.title}"
        return
    if least >= floor:
        yield f"{budget.title} keeps {least:g} of {floor:g} replicas: no node could ever be drained"
    elif zone_count > 1:
        left = floor - math.ceil(floor / zone_count)
        if left < least:
            yield (
                f"{budget.title} keeps {least:g}, and of {floor:g} replicas over {zone_count} zones "
                f"{left:g} are left when one goes"
            )


def _check(stack: Stack) -> Iterator[Finding]:
    zone_count = len(zones(stack))
    for budget in stack.of("PodDisruptionBudget"):
        for workload in stack.of("Deployment", "StatefulSet"):
            template = pods(workload)
            if template is None or budget.namespace != workload.namespace:
                continue
            if not selects(at(budget.props, "spec", "selector"), template.labels):
                continue
            floors = [
                number(at(scaler.props, "spec", "minReplicas"))
                for scaler in stack.of("HorizontalPodAutoscaler")
                if scaler.namespace == workload.namespace
                and at(scaler.props, "spec", "scaleTargetRef", "name") == workload.title
            ]
            floor = min([replicas(workload), *(f for f in floors if f is not None)])
            for message in _faults(budget, workload, floor, zone_count):
                yield Finding(message, budget.urn)


RULE = StackRule(
    id="disruption-budget-satisfiable",
    severity=Severity.HIGH,
    title="A PodDisruptionBudget holds with a zone gone, and still lets nodes be drained",
    reason="A budget at the number of replicas blocks every drain; one that N-1 zones cannot meet is "
    "broken by the "
    "very loss that it is for.",
    remedy="Set minAvailable below the replicas (and the autoscaler's minimum), and at most what is left "
    "without the "
    "largest zone.",
    check=_check,
)
