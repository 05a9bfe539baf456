"""https://istio.io/latest/docs/ops/best-practices/deployment/"""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Resource, ResourceRule, Severity
from ..values import absent, at, differs, mapping

_PREFIX = "service.beta.kubernetes.io/aws-load-balancer-"


def _check(resource: Resource) -> Iterator[str]:
    spec, kind = at(resource.props, "spec"), at(resource.props, "spec", "type")
    if kind not in {"LoadBalancer", "NodePort"}:
        return
    if "istio" not in mapping(at(spec, "selector")):
        yield f"{resource.title} is a {kind} that leads past the mesh's gateway"
    if kind == "LoadBalancer" and differs(at(spec, "externalTrafficPolicy"), "Cluster", None):
        yield f"{resource.title} drops traffic that reaches a node without a pod of its own"
    notes = mapping(at(resource.props, "metadata", "annotations"))
    public = notes.get(f"{_PREFIX}scheme") == "internet-facing"
    if public and absent(at(spec, "loadBalancerSourceRanges")):
        if absent(notes.get(f"{_PREFIX}ssl-cert")) or absent(notes.get(f"{_PREFIX}ssl-ports")):
            yield f"{resource.title} is open to the world without a certificate"
        if differs("TLS13" in str(notes.get(f"{_PREFIX}ssl-negotiation-policy")), True):
            yield f"{resource.title} still speaks TLS older than 1.2"
    attributes = str(notes.get(f"{_PREFIX}attributes", ""))
    if "load_balancing.cross_zone.enabled=true" not in attributes:
        yield f"{resource.title} sends a zone's clients to that zone's targets alone"


RULE = ResourceRule(
    id="mesh-entry-only",
    severity=Severity.HIGH,
    title="Clients enter through the mesh's gateway, by TLS, whichever zone they reach",
    reason="A load balancer in front of the pods knows neither their health nor the other region.",
    remedy="Make the Service a ClusterIP behind the gateway's; give that a certificate, a TLS 1.3 policy and "
    "cross-zone load balancing.",
    kinds=frozenset({"Service"}),
    check=_check,
)
