"""https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/"""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Resource, ResourceRule, Severity
from ..pods import pods, replicas
from ..values import at, differs, mapping, selects, sequence

ZONE = "topology.kubernetes.io/zone"


def _check(resource: Resource) -> Iterator[str]:
    template = pods(resource)
    if template is None or replicas(resource) < 2:
        return
    over_zones = [
        each
        for each in map(mapping, sequence(template.spec.get("topologySpreadConstraints")))
        if each.get("topologyKey") == ZONE
    ]
    if not over_zones:
        yield f"{resource.title} has replicas and nothing that spreads them over zones"
    for each in over_zones:
        if differs(at(each, "maxSkew"), 1):
            yield f"{resource.title} may be {each.get('maxSkew')} pods out of balance between zones, not 1"
        if differs(at(each, "whenUnsatisfiable"), "DoNotSchedule"):
            yield f"{resource.title} may be scheduled against its spread over zones"
        if differs(at(each, "nodeTaintsPolicy"), "Honor"):
            yield (
                f"{resource.title} counts zones whose nodes are tainted: after a zone is lost its "
                "pods stay Pending"
            )
        if not selects(at(each, "labelSelector"), template.labels):
            yield f"{resource.title} spreads other pods than its own"


RULE = ResourceRule(
    id="zone-spread",
    severity=Severity.HIGH,
    title="Replicas are spread over zones, by the zones that can take them",
    reason="With the default nodeTaintsPolicy a lost zone counts as an empty one, and no replacement pod "
    "is ever "
    "scheduled in the living zones.",
    remedy="Add a topologySpreadConstraint on topology.kubernetes.io/zone with maxSkew 1, whenUnsatisfiable "
    "DoNotSchedule, nodeTaintsPolicy Honor and the pods' own labels.",
    kinds=frozenset({"Deployment", "StatefulSet"}),
    check=_check,
)
