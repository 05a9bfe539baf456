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
    state,
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


@pytest.mark.parametrize(
    ("op", "protect", "retain", "lost"),
    [
        ("delete", False, False, True),
        ("delete", False, True, False),
        ("delete", True, True, True),
        ("replace", False, True, True),
    ],
)
def test_what_a_stack_lets_go_and_leaves_as_it_is_is_not_lost(
    op: str, protect: bool, retain: bool, lost: bool
) -> None:
    [change] = recorded(step(op, BUCKET, old=state(BUCKET, protect=protect, retain=retain))).changes
    assert change.loses_data is lost


def test_a_secret_is_known_by_its_objects_own_name() -> None:
    def deleted(name: str) -> Any:
        return step("delete", SECRET, old=state(SECRET, {"metadata": {"name": name}}))

    assert recorded(deleted("cacerts")).changes[0].loses_data
    assert not recorded(deleted("token")).changes[0].loses_data


@pytest.mark.parametrize("op", ["replace", "delete"])
def test_a_protected_resource_that_is_to_go_is_a_refusal_and_no_error(op: str) -> None:
    told = [
        diagnostic(PROTECTED, BUCKET),
        step(op, BUCKET, kind="resourcePreEvent", old=state(BUCKET, protect=True)),
        diagnostic("preview failed\n", STACK),
    ]
    recorder = recorded(*told)
    assert recorder.refused
    assert [change.refused for change in recorder.changes] == [True]
    assert not recorded(*told, diagnostic("no answer", VPC)).refused
    assert not recorded(*told, diagnostic("no answer")).refused


def test_an_error_is_no_refusal_where_nothing_is_protected() -> None:
    recorder = recorded(diagnostic("no answer", BUCKET), step("replace", BUCKET, old=state(BUCKET)))
    assert not recorder.refused
    assert not recorder.changes[0].refused


def test_what_was_protected_and_is_gone_is_drift_and_no_refusal() -> None:
    [change] = recorded(step("delete", BUCKET, old=state(BUCKET, protect=True))).changes
    assert not change.refused


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


def test_a_key_in_a_policys_words_is_not_kept() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADAN\n-----END PRIVATE KEY-----"
    [finding] = recorded(policy("no-static-cloud-keys", VPC, message=f"t. r.\nholds {key}")).findings
    assert "MIIEvQ" not in finding.message
    assert finding.message.startswith("holds")
