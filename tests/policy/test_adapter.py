"""What the SDK hands over, asked through the SDK's own service: values, secrets, unknowns, findings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf import struct_pb2
from pulumi.runtime.proto import analyzer_pb2 as proto
from pulumi_policy import EnforcementLevel
from pulumi_policy import policy as sdk
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from policy.promises import pack
from policy.promises.rules import buckets_replicated, images_pinned, outlier_detection
from policy.promises.unpacking import plain, unpack_once
from policy.promises.values import UNKNOWN

SECRET = "1b47061264138c4ac30d75fd1eb44270"
SIGNATURE = "4dabf18193072939515e22adb298388d"
RULE = "kubernetes:networking.istio.io/v1:DestinationRule"


@pytest.fixture(params=[True, False], ids=["unpacked once", "unpacked by the SDK"])
def service(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The analyzer of a small pack, in this process."""
    for name in ("json_format", "deserialize_properties", "unknown_checking_proxy"):
        monkeypatch.setattr(sdk, name, getattr(sdk, name))
    if request.param:
        unpack_once()
    seen = pack.Seen()
    rules = [images_pinned.RULE, outlier_detection.RULE, buckets_replicated.RULE]
    policies = [pack.policy_of(rule, seen) for rule in rules]
    yield sdk._PolicyAnalyzerServicer("standfast", "0.1.0", policies, EnforcementLevel.MANDATORY)  # pyright: ignore[reportPrivateUsage]


def struct(value: dict[str, Any]) -> struct_pb2.Struct:
    packed = struct_pb2.Struct()
    packed.update(value)
    return packed


def asked(service: Any, type_: str, props: dict[str, Any]) -> list[tuple[str, str]]:
    request = proto.AnalyzeRequest(urn=f"urn:{type_}", type=type_, name="it", properties=struct(props))
    return [(each.policyName, each.message) for each in service.Analyze(request, None).diagnostics]


def destination(outlier: dict[str, Any]) -> dict[str, Any]:
    policy = {"loadBalancer": {"localityLbSetting": {"enabled": True}}, "outlierDetection": outlier}
    return {"metadata": {"name": "it"}, "spec": {"trafficPolicy": policy}}


def test_a_finding_has_the_rule_the_reason_and_the_remedy(service: Any) -> None:
    outlier = {"consecutive5xxErrors": 3, "interval": "1s", "maxEjectionPercent": 50}
    ((name, message),) = asked(service, RULE, destination(outlier))
    assert name == "outlier-detection"
    assert "only 50 %" in message
    assert outlier_detection.RULE.reason in message
    assert outlier_detection.RULE.remedy in message


def test_what_is_right_has_none(service: Any) -> None:
    outlier = {"consecutive5xxErrors": 3, "interval": "1s", "maxEjectionPercent": 100}
    assert asked(service, RULE, destination(outlier)) == []


def test_secrets_are_judged_by_their_value(service: Any) -> None:
    outlier = {
        "consecutive5xxErrors": 3,
        "interval": "1s",
        "maxEjectionPercent": {SIGNATURE: SECRET, "value": 50},
    }
    assert [name for name, _ in asked(service, RULE, destination(outlier))] == ["outlier-detection"]


def test_what_is_not_known_yet_is_neither_refused_nor_an_error(service: Any) -> None:
    outlier = {"consecutive5xxErrors": 3, "interval": UNKNOWN_STRING_VALUE, "maxEjectionPercent": 50}
    assert asked(service, RULE, destination(outlier)) == []


def test_the_stack_is_judged_by_inputs_where_a_preview_has_no_outputs(service: Any) -> None:
    replication = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
    inputs = {
        "bucket": "models",
        "rules": [{"status": "Disabled", "destination": {"bucket": "arn:aws:s3:::x"}}],
    }
    asked(service, "aws:s3/bucket:Bucket", {"bucket": "models"})
    asked(service, replication, inputs)
    request = proto.AnalyzeStackRequest(
        resources=[
            proto.AnalyzerResource(urn=f"urn:{type_}", type=type_, name="it", properties=struct({}))
            for type_ in ("aws:s3/bucket:Bucket", replication)
        ]
    )
    found = [each.message for each in service.AnalyzeStack(request, None).diagnostics]
    assert any("no replication rule in force" in message for message in found)


def test_values_become_plain() -> None:
    values = {"six": 6.0, "half": 0.5, "unknown": UNKNOWN_STRING_VALUE, "list": [1.0, {"on": True}]}
    assert plain(values) == {"six": 6, "half": 0.5, "unknown": UNKNOWN, "list": [1, {"on": True}]}
