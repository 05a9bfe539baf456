"""https://istio.io/latest/docs/tasks/security/authentication/mtls-migration/"""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Finding, Severity, Stack, StackRule
from ..values import UNKNOWN, absent, at, mapping, walk

ROOT = "istio-system"


def _check(stack: Stack) -> Iterator[Finding]:
    policies = stack.of("PeerAuthentication")
    meshed = stack.of("DestinationRule", "VirtualService", "Gateway")
    whole = [p for p in policies if p.namespace == ROOT and absent(at(p.props, "spec", "selector"))]
    if meshed and not whole:
        yield Finding(f"no PeerAuthentication for the whole mesh in {ROOT}")
    for policy in policies:
        modes = {at(policy.props, "spec", "mtls", "mode")}
        modes |= {at(port, "mode") for port in mapping(at(policy.props, "spec", "portLevelMtls")).values()}
        if policy in whole:
            modes -= {UNKNOWN}
        else:
            # Unset is the mesh's own.
            modes -= {UNKNOWN, None, "UNSET"}
        for mode in modes - {"STRICT"}:
            yield Finding(f"{policy.title} in {policy.namespace} is {mode or 'not set'}", policy.urn)
    for rule in stack.of("DestinationRule"):
        for path, value in walk(at(rule.props, "spec")):
            if path[-2:] == ("tls", "mode") and value in {"DISABLE", "SIMPLE"}:
                yield Finding(f"{rule.title} speaks {value} to its host", rule.urn)


RULE = StackRule(
    id="mtls-strict",
    severity=Severity.CRITICAL,
    title="The mesh speaks mutual TLS only",
    reason="PERMISSIVE lets any pod, and whoever reaches the pod network of a region, ask a model server "
    "in plain text.",
    remedy=f"A PeerAuthentication in {ROOT} without selector, mode STRICT, and none that weakens it.",
    check=_check,
)
