"""What the mesh's policies let through to a pod, as its sidecar would judge: pure.

https://istio.io/latest/docs/reference/config/security/authorization-policy/ and
https://istio.io/latest/docs/reference/config/security/peer_authentication/. What is not understood here is
refused and said, never passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.errors import SandboxError

STRICT = "STRICT"
_RULE = frozenset({"from", "to"})
_SOURCE = frozenset({"principals", "namespaces"})
_OPERATION = frozenset({"ports", "methods", "paths"})


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request as a policy sees it. `principal` has no `spiffe://`; `path` has no query."""

    principal: str
    port: int
    method: str
    path: str

    @property
    def namespace(self) -> str:
        """The namespace that the identity names."""
        parts = self.principal.split("/")
        return parts[2] if len(parts) == 5 and parts[1] == "ns" else ""


def applies(policy: Mapping[str, Any], namespace: str, labels: Mapping[str, str], root: str) -> bool:
    """Whether a policy is about a pod: it stands in its namespace or in the mesh's root, and selects it."""
    if policy["metadata"]["namespace"] not in {namespace, root}:
        return False
    selector = policy.get("spec", {}).get("selector") or {}
    return (selector.get("matchLabels") or {}).items() <= labels.items()


def mutual_tls(
    found: Iterable[Mapping[str, Any]], namespace: str, labels: Mapping[str, str], root: str
) -> str:
    """The mode that holds for a pod: the workload's before the namespace's before the mesh's."""
    best, mode = -1, "PERMISSIVE"
    for policy in found:
        if not applies(policy, namespace, labels, root):
            continue
        spec = policy.get("spec", {})
        rank = 2 if spec.get("selector") else 1 if policy["metadata"]["namespace"] == namespace else 0
        asked = spec.get("mtls", {}).get("mode", "UNSET")
        if spec.get("portLevelMtls"):
            raise SandboxError("the sandbox's pods know no portLevelMtls")
        if rank > best and asked != "UNSET":
            best, mode = rank, asked
    return mode


def allowed(policies: Sequence[Mapping[str, Any]], request: Request) -> bool:
    """DENY goes first; then, where any ALLOW policy is, one of them has to match."""
    actions: dict[str, list[Mapping[str, Any]]] = {"ALLOW": [], "DENY": []}
    for policy in policies:
        action = policy.get("spec", {}).get("action", "ALLOW")
        if action not in actions:
            raise SandboxError(f"the sandbox's pods know no policy's action {action}")
        actions[action].append(policy)
    if any(_matches(policy, request) for policy in actions["DENY"]):
        return False
    return not actions["ALLOW"] or any(_matches(policy, request) for policy in actions["ALLOW"])


def _matches(policy: Mapping[str, Any], request: Request) -> bool:
    return any(_rule(rule, request) for rule in policy.get("spec", {}).get("rules") or [])


def _rule(rule: Mapping[str, Any], request: Request) -> bool:
    _known(rule, _RULE)
    sources = [_known(entry["source"], _SOURCE) for entry in rule.get("from") or []]
    operations = [_known(entry["operation"], _OPERATION) for entry in rule.get("to") or []]
    return _any(sources, {"principals": request.principal, "namespaces": request.namespace}) and _any(
        operations, {"ports": str(request.port), "methods": request.method, "paths": request.path}
    )


def _known(part: Mapping[str, Any], fields: frozenset[str]) -> Mapping[str, Any]:
    unknown = set(part) - fields
    if unknown:
        raise SandboxError(f"the sandbox's pods know no {', '.join(sorted(unknown))} in a policy's rule")
    return part


def _any(entries: Sequence[Mapping[str, Any]], values: Mapping[str, str]) -> bool:
    """No entry means any. Within one entry each field has to match."""
    return not entries or any(
        all(any(_value(pattern, values[field]) for pattern in entry[field]) for field in entry)
        for entry in entries
    )


def _value(pattern: str, value: str) -> bool:
    """Exact, `abc*`, `*abc`, or `*` for anything that is there."""
    if pattern == "*":
        return bool(value)
    if pattern.endswith("*"):
        return value.startswith(pattern[:-1])
    if pattern.startswith("*"):
        return value.endswith(pattern[1:])
    return value == pattern
