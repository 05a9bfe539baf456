"""https://argoproj.github.io/argo-events/service-accounts/"""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Finding, Severity, Stack, StackRule
from ..values import absent, at, known, sequence

_MAY = frozenset({"get", "patch", "update"})


def _check(stack: Stack) -> Iterator[Finding]:
    accounts = set[tuple[str, str]]()
    for sensor in stack.of("Sensor"):
        account = at(sensor.props, "spec", "template", "serviceAccountName")
        if absent(account):
            yield Finding(f"{sensor.title} acts as its namespace's default account", sensor.urn)
        else:
            accounts.add((sensor.namespace, str(account)))
    for binding in stack.of("RoleBinding", "ClusterRoleBinding"):
        subjects = sequence(at(binding.props, "subjects"))
        if not any((str(at(s, "namespace")), str(at(s, "name"))) in accounts for s in subjects):
            continue
        if binding.kind == "ClusterRoleBinding":
            yield Finding(f"{binding.title} gives Sensors rights in every namespace", binding.urn)
        for role in stack.of("Role", "ClusterRole"):
            if role.title != at(binding.props, "roleRef", "name") or role.kind != at(
                binding.props, "roleRef", "kind"
            ):
                continue
            for rule in sequence(at(role.props, "rules")):
                if absent(at(rule, "resourceNames")):
                    yield Finding(
                        f"{role.title} lets Sensors change every {at(rule, 'resources', 0)}", role.urn
                    )
                extra = {str(verb) for verb in sequence(at(rule, "verbs")) if known(verb)} - _MAY
                if extra:
                    yield Finding(f"{role.title} lets Sensors {', '.join(sorted(extra))}", role.urn)


RULE = StackRule(
    id="sensor-least-privilege",
    severity=Severity.CRITICAL,
    title="Sensors may get and patch the objects that they are for, by name",
    reason="A Sensor acts on a web request: whoever forges one gets what its account may do.",
    remedy="A Role with resourceNames and the verbs get and patch, bound in the serving namespace alone.",
    check=_check,
)
