"""https://argoproj.github.io/argo-events/webhook-authentication/"""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Finding, Resource, Severity, Stack, StackRule
from ..values import absent, at, known, mapping, selects, sequence


def _check(stack: Stack) -> Iterator[Finding]:
    for source in stack.of("EventSource"):
        for name, hook in mapping(at(source.props, "spec", "webhook")).items():
            if absent(at(hook, "authSecret", "name")):
                yield Finding(f"{source.title}: anybody may send {name}", source.urn)
        yield from _reachable(stack, source)
    for config in stack.of("AlertmanagerConfig"):
        for receiver in sequence(at(config.props, "spec", "receivers")):
            for hook in sequence(at(receiver, "webhookConfigs")):
                if known(hook) and absent(at(hook, "httpConfig", "authorization", "credentials")):
                    yield Finding(
                        f"{config.title}: {at(receiver, 'name')} sends without its token", config.urn
                    )


def _reachable(stack: Stack, source: Resource) -> Iterator[Finding]:
    pods = {"eventsource-name": source.title}
    policies = [
        policy
        for policy in stack.of("NetworkPolicy")
        if policy.namespace == source.namespace
        and not absent(at(policy.props, "spec", "podSelector"))
        and selects(at(policy.props, "spec", "podSelector"), pods)
    ]
    if not policies:
        yield Finding(f"{source.title} is reached by every pod: no NetworkPolicy", source.urn)
    for policy in policies:
        for entry in sequence(at(policy.props, "spec", "ingress")):
            if absent(at(entry, "from")):
                yield Finding(f"{policy.title} lets every pod reach {source.title}", policy.urn)


RULE = StackRule(
    id="event-source-authenticated",
    severity=Severity.CRITICAL,
    title="Only Alertmanager, by token, can say that a region is lost",
    reason="The event changes what runs: an unauthenticated webhook is a remote control for the platform.",
    remedy="authSecret on every webhook, its token at Alertmanager, and a NetworkPolicy that names "
    "Alertmanager.",
    check=_check,
)
