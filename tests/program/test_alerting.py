"""Alerting, as the engine would see it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache

import pulumi

from components.alerting.aws import SnsDelivery, SnsDeliveryArgs, model_storage_probe
from components.alerting.component import Alerting
from components.alerting.expressions import LATENCY, PENDING
from components.alerting.replication_aws import ReplicationWatch, ReplicationWatchArgs, Stream
from tests.program.recording import Recording, record
from tests.unit.alerting.arguments import ARGS

TOPIC = "arn:aws:sns:us-east-1:123456789012:alarms"


@cache
def recording() -> Recording:
    def program() -> None:
        bucket = pulumi.Output.from_input("standfast-model-registry-us-east-123456789012")
        Alerting(
            "alerting",
            replace(
                ARGS,
                token=pulumi.Output.secret("hush"),
                model_storage=model_storage_probe(bucket, "us-east-1"),
            ),
        )

    return record(program)


def test_all_objects_are_children_named_after_the_component() -> None:
    component = recording().one("standfast:alerting:Alerting")
    children = [r for r in recording().resources if r is not component]
    assert children
    assert all(r.parent == component.urn and r.name.startswith("alerting-") for r in children)
    assert {r.inputs["metadata"]["namespace"] for r in children} == {"monitoring"}


def test_the_token_is_secret_in_the_state_and_nowhere_else() -> None:
    secret = recording().one("kubernetes:core/v1:Secret")
    assert secret.inputs["stringData"] == {"token": "hush"}
    assert "stringData" in secret.secret_inputs
    others = [r.inputs for r in recording().resources if r is not secret]
    assert "hush" not in json.dumps(others)


def test_the_storage_probe_asks_the_regions_own_bucket() -> None:
    spec = recording().object("Probe", "model-storage-probe")["spec"]
    assert spec["targets"]["staticConfig"]["static"] == [
        "https://standfast-model-registry-us-east-123456789012.s3.us-east-1.amazonaws.com/"
    ]


def test_alertmanager_may_publish_to_the_topic_and_nothing_else() -> None:
    args = SnsDeliveryArgs(
        cluster_name="standfast-us-east", account="123456789012", location="us-east-1", topic_arn=TOPIC
    )
    made = record(lambda: SnsDelivery("people", args))
    policy = json.loads(made.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
    assert policy["Statement"] == [{"Effect": "Allow", "Action": "sns:Publish", "Resource": TOPIC}]
    association = made.one("aws:eks/podIdentityAssociation:PodIdentityAssociation")
    assert association.inputs["namespace"] == "monitoring"


STREAMS = [
    Stream(source="models-us-east", destination="models-eu-west", rule="to-eu-west", location="eu-west-1"),
    Stream(source="models-eu-west", destination="models-us-east", rule="to-us-east", location="us-east-1"),
]


class TestReplicationWatch:
    def watch(self, streams: list[Stream]) -> Recording:
        args = ReplicationWatchArgs(
            cluster_name="standfast-us-east", account="123456789012", location="us-east-1", streams=streams
        )
        return record(lambda: ReplicationWatch("replication", args))

    def test_each_stream_is_asked_about_where_s3_publishes_it(self) -> None:
        config = json.loads(
            self.watch(STREAMS).object("ConfigMap", "replication-exporter")["data"]["config.yml"]
        )
        asked = {
            (job["regions"][0], tuple(dimension["value"] for dimension in job["dimensions"]))
            for job in config["static"]
        }
        assert asked == {
            ("eu-west-1", ("models-us-east", "models-eu-west", "to-eu-west")),
            ("us-east-1", ("models-eu-west", "models-us-east", "to-us-east")),
        }

    def test_the_metrics_are_those_that_the_rules_read(self) -> None:
        config = json.loads(
            self.watch(STREAMS).object("ConfigMap", "replication-exporter")["data"]["config.yml"]
        )
        # The exporter writes aws_<service>_<metric in snake case>_<statistic>.
        written = {
            f"aws_s3_{re.sub(r'(?<!^)(?=[A-Z])', '_', metric['name']).lower()}_{statistic.lower()}"
            for job in config["static"]
            for metric in job["metrics"]
            for statistic in metric["statistics"]
        }
        assert written == {LATENCY, PENDING}

    def test_it_may_read_metrics_of_those_regions_alone(self) -> None:
        policy = json.loads(self.watch(STREAMS).one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
        (statement,) = policy["Statement"]
        assert statement["Condition"] == {"StringEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}}
        assert all(action.startswith("cloudwatch:") for action in statement["Action"])

    def test_another_stream_starts_another_pod_that_has_its_identity(self) -> None:
        def checksum(streams: list[Stream]) -> str:
            found = self.watch(streams).object("Deployment", "replication-exporter")
            return found["spec"]["template"]["metadata"]["annotations"]["standfast.dev/config"]

        assert checksum(STREAMS) != checksum(STREAMS[:1])
        recording = self.watch(STREAMS)
        association = recording.one("aws:eks/podIdentityAssociation:PodIdentityAssociation")
        assert recording.before(association, recording.one("kubernetes:apps/v1:Deployment"))
