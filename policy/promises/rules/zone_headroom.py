"""https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/static-stability.html"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from ..model import Finding, Severity, Stack, StackRule
from ..network import gpu_groups, group_zones, warm_gpus, zones
from ..pods import GPU, pods, replicas
from ..values import at, number


def _check(stack: Stack) -> Iterator[Finding]:
    wanted = 0.0
    for workload in stack.of("Deployment", "StatefulSet"):
        template = pods(workload)
        if template is not None:
            each = sum(number(at(c, "resources", "limits", GPU)) or 0 for c in template.containers)
            wanted += replicas(workload) * each
    if not wanted:
        return
    warm: dict[str, float] = defaultdict(float)
    for group in gpu_groups(stack):
        there = group_zones(stack, group)
        if len(there) > 1:
            yield Finding(
                f"{group.title} spans {len(there)} zones: nothing says where its nodes will be", group.urn
            )
        for zone in there:
            warm[zone] += warm_gpus(group) / len(there)
    for zone in sorted(zones(stack) - set(warm)):
        yield Finding(f"{zone} has no GPU node group")
    left = sum(warm.values()) - max(warm.values(), default=0)
    if left < wanted:
        yield Finding(f"without its largest zone {left:g} warm GPUs are left for {wanted:g} replicas")


RULE = StackRule(
    id="zone-headroom",
    severity=Severity.HIGH,
    title="Warm GPUs in N-1 zones carry all replicas",
    reason="When a zone goes everybody asks for the same instance types: capacity that is not running is "
    "not there.",
    remedy="One GPU node group for each zone, with minSize so that the others' sum is at least the "
    "replicas' GPUs.",
    check=_check,
)
