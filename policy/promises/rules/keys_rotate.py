"""https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html"""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Resource, ResourceRule, Severity
from ..values import at, differs, known, statements


def _check(resource: Resource) -> Iterator[str]:
    if differs(at(resource.props, "enableKeyRotation"), True):
        yield f"{resource.name} is never rotated"
    policy = at(resource.props, "policy")
    for statement in statements(policy) if known(policy) else ():
        open_to_all = statement.get("Principal") in ("*", {"AWS": "*"})
        if statement.get("Effect") == "Allow" and open_to_all and not statement.get("Condition"):
            yield f"{resource.name} may be used by any account"


RULE = ResourceRule(
    id="keys-rotate",
    severity=Severity.MEDIUM,
    title="KMS keys rotate and belong to this account",
    reason="Without rotation one leak of key material opens every object ever written.",
    remedy="enableKeyRotation: true, and principals of the account in the key policy.",
    kinds=frozenset({"aws:kms/key:Key"}),
    check=_check,
)
