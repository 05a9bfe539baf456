from __future__ import annotations

from typing import Any

import pytest
from pulumi.automation import EngineEvent

from automation.events import line_of
from automation.guard import LEFT_OUT, Guard
from automation.mesh_ca import make_root

TOPIC = "urn:pulumi:us-east::standfast::aws:sns/topic:Topic::alarms"
HUSH = "hush-4711"


def event(**content: Any) -> EngineEvent:
    return EngineEvent.from_json({"sequence": 1, "timestamp": 1, **content})


def begins(inputs: dict[str, Any]) -> EngineEvent:
    state = {
        "type": "aws:sns/topic:Topic",
        "urn": TOPIC,
        "inputs": inputs,
        "outputs": {},
        "id": "",
        "parent": "",
    }
    metadata = {"op": "create", "urn": TOPIC, "type": "aws:sns/topic:Topic", "provider": "", "new": state}
    return event(resourcePreEvent={"metadata": metadata})


def says(message: str, urn: str = TOPIC) -> EngineEvent:
    content = {"message": message, "color": "raw", "severity": "error", "urn": urn}
    return event(diagnosticEvent=content)


def told(guard: Guard, message: str) -> str:
    cleaned = guard.cleaned(says(message)).diagnostic_event
    assert cleaned is not None
    return cleaned.message


CASES = {
    f"CreateTopic of aws:sns/topic:Topic 'alarms': InvalidParameter: Invalid parameter: Name={HUSH}": (
        "CreateTopic of aws:sns/topic:Topic 'alarms': InvalidParameter"
    ),
    f"creating SNS Topic ({HUSH}): operation error SNS: CreateTopic, https response error StatusCode: 400, "
    f"RequestID: 1, api error InvalidParameter: Invalid parameter: {HUSH}": (
        "operation error SNS: CreateTopic, StatusCode: 400, api error InvalidParameter"
    ),
    f"An error occurred (ValidationError) when calling the CreateTopic operation: Value '{HUSH}' at 'name'": (
        "(ValidationError) when calling the CreateTopic operation"
    ),
    f'Service "v" is invalid: [spec.type: Unsupported value: "{HUSH}", spec.ports[0].name: Invalid value: '
    f'"{HUSH}": no]': "spec.type: Unsupported value, spec.ports[0].name: Invalid value",
}


@pytest.mark.parametrize("message", CASES)
def test_of_a_resource_with_a_secret_only_what_cannot_be_one_is_kept(message: str) -> None:
    guard = Guard()
    guard.cleaned(begins({"name": {"deep": ["[secret]"]}, "fifo": True}))
    assert told(guard, message) == f"{CASES[message]}; {LEFT_OUT}"


def test_words_without_a_form_are_left_out_whole() -> None:
    guard = Guard()
    guard.cleaned(begins({"name": "[secret]"}))
    assert told(guard, f"{HUSH} is not to our liking") == LEFT_OUT


@pytest.mark.parametrize("message", CASES)
def test_of_other_resources_every_word_is_kept(message: str) -> None:
    guard = Guard()
    guard.cleaned(begins({"name": "alarms"}))
    assert told(guard, message) == message


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (
            f"property name value {{&{{{{{HUSH}}}}}}} has a problem: '{HUSH}' is no name",
            "value [secret] has a ",
        ),
        (f"has a problem: input name: '{HUSH}' is none of a, b", "input name: [secret] is none of a, b"),
    ],
)
def test_a_fault_found_before_the_inputs_were_known_names_no_secret(message: str, shown: str) -> None:
    text = told(Guard(), f"aws:sns/topic:Topic resource 'alarms': {message}")
    assert HUSH not in text
    assert shown in text


def test_a_fault_of_a_value_that_is_no_secret_is_told_whole() -> None:
    message = "x resource 'alarms': property name value {a b} has a problem: 'a b' is no name"
    assert told(Guard(), message) == message


def test_a_key_that_is_printed_line_by_line_is_one() -> None:
    guard = Guard()
    printed = [told(guard, line) for line in make_root("standfast").key.splitlines()]
    assert set(printed) == {"[secret]"}
    assert told(guard, "after") == "after"


def test_a_log_has_a_line_for_what_happens_and_none_for_what_does_not() -> None:
    assert line_of(begins({})) == "create: aws:sns/topic:Topic alarms"
    assert line_of(says("no")) == "error aws:sns/topic:Topic alarms: no"
    metadata = {"op": "same", "urn": TOPIC, "type": "aws:sns/topic:Topic", "provider": ""}
    assert not line_of(event(resOutputsEvent={"metadata": metadata}))
    metadata["op"] = "delete"
    assert line_of(event(resOutputsEvent={"metadata": metadata})) == "delete done: aws:sns/topic:Topic alarms"
    changes = {"create": 2, "same": 1}
    summary = {"resourceChanges": changes, "durationSeconds": 3, "maybeCorrupt": False}
    assert line_of(event(summaryEvent=summary)) == "summary: 2 create, 1 same, 3 s"
