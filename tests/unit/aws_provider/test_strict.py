"""Requests are held to botocore's models without a server."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from sandbox.providers.aws import strict
from sandbox.providers.aws.errors import RefusedRequestError


def client(service: str) -> Any:
    """A client whose requests end before the wire."""
    made = boto3.client(
        service,  # pyright: ignore[reportArgumentType]
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
    )
    strict.attach(made)
    made.meta.events.register("before-call", lambda **_: (AWSResponse("", 200, {}, None), {"sent": True}))
    return made


REFUSED = [
    (
        "eks",
        "create_addon",
        {"clusterName": "c", "addonName": "a", "resolveConflicts": "MAYBE"},
        "none of OVERWRITE",
    ),
    ("eks", "create_addon", {"clusterName": "c"}, "addonName"),
    ("eks", "create_addon", {"clusterName": "c", "addonName": 1}, "addonName"),
    ("logs", "create_log_group", {"logGroupName": "not this"}, "does not match"),
    ("iam", "create_role", {"RoleName": "r" * 65, "AssumeRolePolicyDocument": "{}"}, "at most 64"),
    ("sns", "create_topic", {"Name": "t", "Attributes": {"a": 1}}, "Attributes"),
    ("kms", "create_key", {"Tags": [{"TagKey": "k", "TagValue": "v"}], "KeySpec": "ROT13"}, "KeySpec"),
    (
        "s3",
        "put_bucket_versioning",
        {"Bucket": "b", "VersioningConfiguration": {"Status": "On"}},
        "Enabled, Suspended",
    ),
    (
        "route53",
        "create_health_check",
        {"CallerReference": "x", "HealthCheckConfig": {"Type": "HTTPS", "FailureThreshold": 11}},
        "FailureThreshold: 11, at most 10",
    ),
]


@pytest.mark.parametrize(("service", "operation", "params", "said"), REFUSED)
def test_what_the_model_forbids_is_not_sent(
    service: str, operation: str, params: dict[str, Any], said: str
) -> None:
    with pytest.raises(RefusedRequestError) as caught:
        getattr(client(service), operation)(**params)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("eks", "create_addon", {"clusterName": "c", "addonName": "a", "resolveConflicts": "OVERWRITE"}),
        ("logs", "create_log_group", {"logGroupName": "/aws/eks/x_1.2#y"}),
        ("iam", "create_role", {"RoleName": "r" * 64, "AssumeRolePolicyDocument": '{\n "a": "b"}'}),
        ("iam", "tag_role", {"RoleName": "r", "Tags": [{"Key": "Größe", "Value": "a b/c:d"}]}),
        ("kms", "create_key", {"Tags": [{"TagKey": "k", "TagValue": "v"}]}),
    ],
)
def test_what_the_model_allows_is_sent(service: str, operation: str, params: dict[str, Any]) -> None:
    assert getattr(client(service), operation)(**params) == {"sent": True}
