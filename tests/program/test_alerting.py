"""Alerting, as the engine would see it."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import pulumi

from components.alerting.aws import SnsDelivery, SnsDeliveryArgs, model_storage_probe
from components.alerting.component import Alerting
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
