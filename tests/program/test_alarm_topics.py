"""Alarm topics, as the engine would see them."""

from __future__ import annotations

import json

import pytest

from components.alarm_topics.aws import AlarmTopics, AlarmTopicsArgs
from tests.program.recording import Recording, record

ACCOUNT = "123456789012"


def record_topics(region: str, location: str) -> Recording:
    def program() -> object:
        topics = AlarmTopics(
            "alarms",
            AlarmTopicsArgs(platform="standfast", region=region, location=location, account=ACCOUNT),
        )
        return {"regional": topics.regional_arn, "route53": topics.route53_arn}

    return record(program)


@pytest.mark.parametrize(
    ("region", "location", "locations"),
    [("us-east", "us-east-1", ["us-east-1"]), ("eu-west", "eu-west-1", ["eu-west-1", "us-east-1"])],
)
def test_each_location_has_a_topic_its_key_and_its_policy(
    region: str, location: str, locations: list[str]
) -> None:
    recording = record_topics(region, location)
    for type_ in ("aws:sns/topic:Topic", "aws:kms/key:Key", "aws:sns/topicPolicy:TopicPolicy"):
        assert sorted(r.inputs["region"] for r in recording.of(type_)) == locations
    for topic in recording.of("aws:sns/topic:Topic"):
        assert topic.inputs["name"] == f"standfast-{region}-alarms"
        assert topic.inputs["kmsMasterKeyId"].endswith(f"alarms-key-{topic.inputs['region']}")


def test_the_key_that_encrypts_is_the_one_that_cloudwatch_may_use() -> None:
    recording = record_topics("eu-west", "eu-west-1")
    for key in recording.of("aws:kms/key:Key"):
        assert key.inputs["enableKeyRotation"] is True
        sids = [s["Sid"] for s in json.loads(key.inputs["policy"])["Statement"]]
        assert "AlarmsEncrypt" in sids


def test_in_us_east_1_both_are_the_same_topic() -> None:
    result = record_topics("us-east", "us-east-1").result
    assert result["regional"] == result["route53"]


def test_an_arn_is_given_out_only_once_alarms_may_publish() -> None:
    recording = record_topics("eu-west", "eu-west-1")
    assert recording.result["regional"] == recording.named("alarms-policy-eu-west-1").inputs["arn"]
    assert recording.result["route53"] == recording.named("alarms-policy-us-east-1").inputs["arn"]
