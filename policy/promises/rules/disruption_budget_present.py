"""https://kubernetes.io/docs/tasks/run-application/configure-pdb/"""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Finding, Severity, Stack, StackRule
from ..pods import pods, replicas
from ..values import at, selects


def _check(stack: Stack) -> Iterator[Finding]:
    budgets = stack.of("PodDisruptionBudget")
    for workload in stack.of("Deployment", "StatefulSet"):
        template = pods(workload)
        if template is None or replicas(workload) < 2:
            continue
        mine = [
            budget
            for budget in budgets
            if budget.namespace == workload.namespace
            and selects(at(budget.props, "spec", "selector"), template.labels)
        ]
        if len(mine) != 1:
            said = (
                "no PodDisruptionBudget"
                if not mine
                else f"{len(mine)} PodDisruptionBudgets, of which it obeys none"
            )
            yield Finding(f"{workload.title} has {said}", workload.urn)


RULE = StackRule(
    id="disruption-budget-present",
    severity=Severity.HIGH,
    title="What has replicas has one PodDisruptionBudget",
    reason="Without one a node upgrade may drain every replica at once; with two the eviction API refuses "
    "all.",
    remedy="Give the workload one PodDisruptionBudget in its namespace whose selector matches its pods.",
    check=_check,
)
