"""https://kubernetes.io/docs/concepts/security/rbac-good-practices/"""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Resource, ResourceRule, Severity
from ..values import at, sequence

_GRANTING = frozenset({"escalate", "bind", "impersonate"})
_BINDINGS = frozenset({"RoleBinding", "ClusterRoleBinding"})


def _check(resource: Resource) -> Iterator[str]:
    if resource.kind in _BINDINGS:
        if at(resource.props, "roleRef", "name") in {"cluster-admin", "admin", "edit"}:
            yield f"{resource.title} hands out {at(resource.props, 'roleRef', 'name')}"
        for subject in sequence(at(resource.props, "subjects")):
            if at(subject, "name") in {"system:authenticated", "system:unauthenticated", "system:anonymous"}:
                yield f"{resource.title} gives rights to everybody ({at(subject, 'name')})"
        return
    for rule in sequence(at(resource.props, "rules")):
        for key in ("verbs", "resources", "apiGroups", "nonResourceURLs"):
            if any(str(value) == "*" or str(value).endswith("/*") for value in sequence(at(rule, key))):
                yield f"{resource.title} says * for {key}"
        for verb in sorted(_GRANTING & set(sequence(at(rule, "verbs")))):
            yield f"{resource.title} may {verb}, and so give itself any right"


RULE = ResourceRule(
    id="rbac-no-wildcards",
    severity=Severity.CRITICAL,
    title="Kubernetes rights name verbs, groups and resources",
    reason="What acts by itself during a failover is the first that an attacker would trigger.",
    remedy="List what is needed, and bind a Role of your own.",
    kinds=frozenset({"Role", "ClusterRole"}) | _BINDINGS,
    check=_check,
)
