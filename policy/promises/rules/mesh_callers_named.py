"""https://istio.io/latest/docs/ops/best-practices/security/#use-default-deny-patterns"""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Finding, Severity, Stack, StackRule
from ..values import absent, at, known, sequence


def _check(stack: Stack) -> Iterator[Finding]:
    policies = stack.of("AuthorizationPolicy")
    for namespace in stack.of("Namespace"):
        if namespace.labels.get("istio-injection") == "enabled" and not any(
            policy.namespace == namespace.title
            and absent(at(policy.props, "spec", "rules"))
            and absent(at(policy.props, "spec", "selector"))
            and at(policy.props, "spec", "action") in {None, "ALLOW"}
            for policy in policies
        ):
            yield Finding(
                f"namespace {namespace.title} has no AuthorizationPolicy that denies by default",
                namespace.urn,
            )
    for policy in policies:
        if at(policy.props, "spec", "action") not in {None, "ALLOW"}:
            continue
        for rule in sequence(at(policy.props, "spec", "rules")):
            sources = [at(entry, "source") for entry in sequence(at(rule, "from"))]
            if not known(at(rule, "from")):
                continue
            named = [
                [*sequence(at(source, "principals")), *sequence(at(source, "namespaces"))]
                for source in sources
            ]
            if not sources or any(not names or "*" in names for names in named):
                yield Finding(f"{policy.title} lets anybody in", policy.urn)


RULE = StackRule(
    id="mesh-callers-named",
    severity=Severity.HIGH,
    title="Who may call the service is named, and all others are denied",
    reason="Mutual TLS says who calls, not whether they may: a trainer's pod has a certificate too.",
    remedy="An AuthorizationPolicy without rules in the namespace, and others that name principals.",
    check=_check,
)
