"""Where topics are, and who may publish."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from components.alarm_topics.policies_aws import key_policy, topic_locations, topic_policy

ACCOUNT = "123456789012"
TOPIC = f"arn:aws:sns:eu-west-1:{ACCOUNT}:standfast-eu-west-alarms"

LOCATIONS = st.sampled_from(["us-east-1", "us-east-2", "eu-west-1", "ap-southeast-2"])


@given(LOCATIONS)
def test_a_topic_beside_the_regions_metrics_and_one_beside_route_53s(location: str) -> None:
    locations = topic_locations(location)
    assert locations[0] == location
    assert set(locations) == {location, "us-east-1"}
    assert len(locations) == len(set(locations))


def test_only_alarms_of_this_account_and_location_may_publish() -> None:
    (allowed,) = [s for s in topic_policy(TOPIC, "eu-west-1", ACCOUNT) if s["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allowed["Action"] == "sns:Publish"
    assert allowed["Resource"] == TOPIC
    assert allowed["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:*"},
    }


def test_plain_http_is_refused() -> None:
    (denied,) = [s for s in topic_policy(TOPIC, "eu-west-1", ACCOUNT) if s["Effect"] == "Deny"]
    assert denied["Principal"] == "*"
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@given(LOCATIONS)
def test_cloudwatch_can_encrypt_with_the_key_and_the_account_only_through_sns(location: str) -> None:
    statements = {statement["Sid"]: statement for statement in key_policy(location, ACCOUNT)}
    assert statements["AlarmsEncrypt"]["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert statements["AlarmsEncrypt"]["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    through = statements["UsedThroughSns"]["Condition"]["StringEquals"]["kms:ViaService"]
    assert through == f"sns.{location}.amazonaws.com"
    for statement in statements.values():
        assert not [action for action in statement["Action"] if "*" in action]
