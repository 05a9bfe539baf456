"""Events of the engine become changes, findings and errors."""

from __future__ import annotations

from typing import Any

import pytest

from automation.ci.policies import severity
from automation.ci.recording import Recorder
from automation.ci.verdict import Action
from tests.automation.ci.events import (
    BUCKET,
    PROTECTED,
    SECRET,
    STACK,
    VPC,
    diagnostic,
    policy,
    step,
)


def recorded(*events: Any) -> Recorder:
    recorder = Recorder(severity)
    for one in events:
        recorder.record(one)
    return recorder


@pytest.mark.parametrize(
    "steps",
    [
        ["create-replacement", "replace", "delete-replaced"],
        ["delete-replaced", "replace", "create-replacement"],
    ],
)
def test_a_replacement_is_one_change_whichever_way_it_is_made(steps: list[str]) -> None:
    keys = {"replace": ["bucket"], "create-replacement": ["bucket"], "delete-replaced": None}
    told = [
        step(op, BUCKET, kind=kind, keys=keys[op])
        for op in steps
        for kind in ("resourcePreEvent", "resOutputsEvent")
    ]
    [change] = recorded(*told).changes
    assert (change.action, change.forcing, change.name) == (Action.REPLACE, ("bucket",), "models")
    assert change.loses_data
    assert not change.refused


def test_what_stays_what_is_read_and_the_stack_itself_are_no_changes() -> None:
    reference = "urn:pulumi:us-east::standfast::pulumi:pulumi:StackReference::eu-west"
    assert not recorded(
        step("same", VPC),
        step("read", BUCKET),
        step("refresh", BUCKET),
        step("update", STACK),
        step("update", reference),
    ).changes


def test_a_refresh_says_at_the_end_of_a_step_what_it_found() -> None:
    [change] = recorded(
        step("refresh", BUCKET, kind="resourcePreEvent"),
        step("update", BUCKET, diffs=["acl"], detailedDiff=None),
    ).changes
    assert (change.action, change.paths, change.loses_data) == (Action.UPDATE, ("acl",), False)


def test_a_secret_is_known_by_its_objects_own_name() -> None:
    def deleted(name: str) -> Any:
        state = {
            "type": "",
            "urn": SECRET,
            "id": "",
            "parent": "",
            "provider": "",
            "inputs": {},
            "outputs": {},
        }
        return step("delete", SECRET, old={**state, "inputs": {"metadata": {"name": name}}})

    assert recorded(deleted("cacerts")).changes[0].loses_data
    assert not recorded(deleted("token")).changes[0].loses_data


def test_a_protected_resource_is_a_refusal_and_no_error() -> None:
    recorder = recorded(
        diagnostic(PROTECTED, BUCKET), step("replace", BUCKET), diagnostic("preview failed\n", STACK)
    )
    assert recorder.refused
    assert [change.refused for change in recorder.changes] == [True]
    assert not recorded(diagnostic(PROTECTED, BUCKET), diagnostic("no answer", VPC)).refused


def test_findings_have_the_packs_severity_and_mandatory_ones_come_first() -> None:
    recorder = recorded(
        policy("images-by-digest", VPC, "advisory"),
        policy("data-protected", BUCKET),
        policy("data-protected", BUCKET),
    )
    assert [(f.policy, f.mandatory, f.severity, f.resource) for f in recorder.findings] == [
        ("data-protected", True, "critical", "models"),
        ("images-by-digest", False, "low", "network-vpc"),
    ]
    assert recorder.findings[0].message == "wrong\nWhat to do: m"
    assert recorder.refused
    assert not recorded(policy("images-by-digest", VPC, "advisory")).refused


def test_a_key_in_an_engines_error_is_not_kept() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADAN\n-----END PRIVATE KEY-----"
    [error] = recorded(diagnostic(f"cannot parse {key}", VPC)).errors
    assert "MIIEvQ" not in error
    assert error.startswith("cannot parse")
