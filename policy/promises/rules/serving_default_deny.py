"""https://kubernetes.io/docs/concepts/services-networking/network-policies/#default-policies"""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Finding, Severity, Stack, StackRule
from ..values import absent, at, mapping, sequence


def _check(stack: Stack) -> Iterator[Finding]:
    policies = stack.of("NetworkPolicy")
    for namespace in stack.of("Namespace"):
        if namespace.labels.get("istio-injection") != "enabled":
            continue
        whole = [
            p
            for p in policies
            if p.namespace == namespace.title and absent(at(p.props, "spec", "podSelector"))
        ]
        denied = {kind for policy in whole for kind in sequence(at(policy.props, "spec", "policyTypes"))}
        for kind in sorted({"Ingress", "Egress"} - denied):
            yield Finding(
                f"namespace {namespace.title} does not deny {kind.lower()} by default", namespace.urn
            )
        for policy in policies:
            if policy.namespace != namespace.title:
                continue
            for entry in map(mapping, sequence(at(policy.props, "spec", "ingress"))):
                if absent(entry.get("from")):
                    yield Finding(f"{policy.title} lets everybody reach its pods", policy.urn)


RULE = StackRule(
    id="serving-default-deny",
    severity=Severity.HIGH,
    title="Where models are served, network traffic is denied unless it is named",
    reason="A model server that was taken over should find no way out, and no other pod a way in past the "
    "mesh.",
    remedy="A NetworkPolicy with an empty podSelector for Ingress and Egress, and others that name peers.",
    check=_check,
)
