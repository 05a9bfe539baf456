"""The runbook's ConfigMap, as the engine would see it."""

from __future__ import annotations

from pathlib import Path

import pulumi
import yaml
from pulumi_kubernetes.core.v1 import Namespace

from components.runbook.component import Runbook, RunbookArgs
from components.runbook.desired import files
from components.runbook.incident import incident
from config.platform import Platform
from tests.lesson import manifest as lesson
from tests.program.recording import Recording, record

PLATFORM = Platform.model_validate(
    yaml.safe_load((Path(__file__).parents[2] / "Pulumi.yaml").read_text())["config"]["standfast:platform"][
        "value"
    ]
)
ZONE = "Z0123456789ABCDEFGHIJ"


def record_runbook(region: str = "eu-west") -> Recording:
    def program() -> None:
        namespace = Namespace("serving", metadata={"name": "ml-serving"})
        zone_id = pulumi.Output.from_input(ZONE)
        Runbook("runbook", RunbookArgs(platform=PLATFORM, region=region, zone_id=zone_id, after=[namespace]))

    return record(program)


def test_it_is_the_lessons_object() -> None:
    ours = record_runbook().object("ConfigMap", "dr-runbook")
    theirs = lesson("runbook-configmap")
    assert ours["metadata"]["name"] == theirs["metadata"]["name"]
    assert ours["metadata"]["namespace"] == theirs["metadata"]["namespace"]
    assert set(theirs["data"]) <= set(ours["data"])


def test_its_files_are_what_the_pure_function_says() -> None:
    expected = files([incident(PLATFORM, lost, ZONE) for lost in ("us-east", "eu-west")])
    assert record_runbook().object("ConfigMap", "dr-runbook")["data"] == expected


def test_it_comes_after_its_namespace() -> None:
    recording = record_runbook()
    assert recording.before(recording.named("serving"), recording.named("runbook-config"))
