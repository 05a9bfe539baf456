"""Bucket policies in moto, with their conditions.

moto denies what a Deny statement names, whatever its Condition says: a bucket that refuses plain HTTP then
refuses everything. Here a statement counts only where its conditions hold, as IAM evaluates them:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
The loopback interface stands for TLS, and every caller for one of the account's own.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from flask import has_request_context, request
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket

from sandbox.errors import SandboxError
from sandbox.moto import ACCOUNT

_CALLER = {
    "aws:SecureTransport": "true",
    "s3:TlsVersion": "1.3",
    "aws:PrincipalAccount": ACCOUNT,
    "aws:PrincipalIsAWSService": "false",
}
_NUMERIC: Mapping[str, Callable[[float, float], bool]] = {
    "NumericEquals": operator.eq,
    "NumericLessThan": operator.lt,
    "NumericLessThanEquals": operator.le,
    "NumericGreaterThan": operator.gt,
    "NumericGreaterThanEquals": operator.ge,
}


def context(headers: Mapping[str, str]) -> dict[str, str]:
    """The condition keys of a request: `s3:x-amz-…` are its headers, and what is not there has no key."""
    given = {f"s3:{name.lower()}": value for name, value in headers.items()}
    return {**{key: value for key, value in given.items() if key.startswith("s3:x-amz-")}, **_CALLER}


def holds(condition: Mapping[str, Mapping[str, Any]], values: Mapping[str, str]) -> bool:
    """Whether all of a statement's conditions hold. SandboxError for an operator that is not known here."""
    return all(
        _test(name, values.get(key), _listed(wanted))
        for name, keys in condition.items()
        for key, wanted in keys.items()
    )


def _listed(wanted: Any) -> list[str]:
    return [str(value) for value in (wanted if isinstance(wanted, list) else [wanted])]


def _test(name: str, value: str | None, wanted: list[str]) -> bool:
    """One operator. A key that is missing fails it, or passes it where the operator is a negated one."""
    if name == "Null":
        return (value is None) is (wanted[0].lower() == "true")
    if name in {"StringNotEquals", "StringNotLike"}:
        return value is None or not any(
            fnmatchcase(value, w) if "Like" in name else value == w for w in wanted
        )
    if name not in {"StringEquals", "StringLike", "Bool", *_NUMERIC}:
        raise SandboxError(f"the sandbox's moto knows no condition operator {name}")
    if value is None:
        return False
    if name in _NUMERIC:
        return any(_NUMERIC[name](float(value), float(w)) for w in wanted)
    if name == "Bool":
        return value.lower() in {w.lower() for w in wanted}
    return any(fnmatchcase(value, w) if name == "StringLike" else value == w for w in wanted)


def effective(policy: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """The statements whose conditions hold, without them."""
    found = policy["Statement"]
    statements = found if isinstance(found, list) else [found]
    held = [one for one in statements if holds(one.get("Condition", {}), values)]
    plain = [{key: value for key, value in one.items() if key != "Condition"} for one in held]
    return {**policy, "Statement": plain}


def install() -> None:
    """Let this process's moto judge so."""

    def get_permission(self: FakeBucket, action: str, resource: str) -> PermissionResult:
        if self.policy is None:
            return PermissionResult.NEUTRAL
        headers = dict(request.headers) if has_request_context() else {}
        policy = effective(json.loads(self.policy), context(headers))
        return IAMPolicy(json.dumps(policy)).is_action_permitted(action, resource)

    FakeBucket.get_permission = get_permission
