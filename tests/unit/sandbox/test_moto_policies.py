"""Conditions of bucket policies, as IAM evaluates them: the deployed statements by value."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.errors import SandboxError
from sandbox.moto_policies import context, effective, holds

KEY = "arn:aws:kms:us-east-1:123456789012:key/k"
SSE = "x-amz-server-side-encryption"
DEPLOYED: dict[str, dict[str, Any]] = {
    "TlsOnly": {"Bool": {"aws:SecureTransport": "false"}},
    "Tls12OrNewer": {"NumericLessThan": {"s3:TlsVersion": "1.2"}},
    "OwnAccountOnly": {
        "Bool": {"aws:PrincipalIsAWSService": "false"},
        "StringNotEquals": {"aws:PrincipalAccount": "123456789012"},
    },
    "KmsEncryptionOnly": {
        "Null": {f"s3:{SSE}": "false"},
        "StringNotEquals": {f"s3:{SSE}": "aws:kms"},
    },
    "OwnKeyOnly": {
        "Null": {f"s3:{SSE}-aws-kms-key-id": "false"},
        "StringNotEquals": {f"s3:{SSE}-aws-kms-key-id": KEY},
    },
    "NoCustomerKeys": {"Null": {f"s3:{SSE}-customer-algorithm": "false"}},
}


@pytest.mark.parametrize(
    ("headers", "denying"),
    [
        ({}, []),
        ({SSE: "aws:kms", f"{SSE}-aws-kms-key-id": KEY}, []),
        ({SSE: "AES256"}, ["KmsEncryptionOnly"]),
        ({SSE.title(): "aws:kms", f"{SSE}-aws-kms-key-id": "another"}, ["OwnKeyOnly"]),
        ({f"{SSE}-customer-algorithm": "AES256"}, ["NoCustomerKeys"]),
    ],
)
def test_the_deployed_statements_deny_what_they_say_and_nothing_else(
    headers: dict[str, str], denying: list[str]
):
    assert [name for name, one in DEPLOYED.items() if holds(one, context(headers))] == denying


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"Bool": {"aws:SecureTransport": "true"}}, True),
        ({"StringEquals": {"aws:PrincipalAccount": ["1", "123456789012"]}}, True),
        ({"StringEquals": {"aws:none": "x"}}, False),
        ({"StringNotEquals": {"aws:none": "x"}}, True),
        ({"StringLike": {"aws:PrincipalAccount": "1234*"}}, True),
        ({"StringNotLike": {"aws:PrincipalAccount": "1234*"}}, False),
        ({"NumericGreaterThanEquals": {"s3:TlsVersion": "1.3"}}, True),
        ({"Null": {"aws:none": "true"}}, True),
        ({}, True),
    ],
)
def test_operators(condition: dict[str, Any], expected: bool):
    assert holds(condition, context({})) is expected


def test_an_operator_that_is_not_known_is_refused():
    with pytest.raises(SandboxError, match="no condition operator IpAddress"):
        holds({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, context({}))


def test_only_statements_that_hold_are_left():
    always: dict[str, Any] = {
        "Effect": "Deny",
        "Action": "s3:DeleteObject",
        "Principal": "*",
        "Resource": "*",
    }
    policy = {"Statement": [{**always, "Condition": DEPLOYED["TlsOnly"]}, always]}
    assert effective(policy, context({}))["Statement"] == [always]
