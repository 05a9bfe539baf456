from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pulumi.automation import CommandError, CommandResult, EngineEvent

from automation.engine_errors import engine_errors
from automation.errors import EngineError, Exit, Failure, RefusedError
from automation.events import Tally, essence, plain

BUCKET = "urn:pulumi:us-east::standfast::standfast:buckets:Models$aws:s3/bucket:Bucket::models"
STACK = "urn:pulumi:us-east::standfast::pulumi:pulumi:Stack::standfast-us-east"


def event(**content: Any) -> EngineEvent:
    return EngineEvent.from_json({"sequence": 1, "timestamp": 1, **content})


def step(kind: str, op: str, urn: str = BUCKET) -> EngineEvent:
    metadata = {"op": op, "urn": urn, "type": "aws:s3/bucket:Bucket", "provider": ""}
    return event(**{kind: {"metadata": metadata}})


def diagnostic(message: str, urn: str = "", severity: str = "error") -> EngineEvent:
    return event(diagnosticEvent={"message": message, "color": "raw", "severity": severity, "urn": urn})


def test_counts_follow_the_steps() -> None:
    now = [100.0]
    tally = Tally(clock=lambda: now[0])
    tally.record(step("resourcePreEvent", "create"))
    assert tally.text() == "models"
    tally.record(step("resOutputsEvent", "create"))
    tally.record(step("resOutputsEvent", "same", STACK))
    now[0] = 102.5
    assert (tally.text(), tally.resources, tally.seconds) == ("1 created, 1 unchanged", 2, 2.5)


def test_a_failure_is_the_resource_and_what_it_said() -> None:
    tally = Tally()
    tally.record(step("resourcePreEvent", "create"))
    tally.record(diagnostic("<{%reset%}>bucket models is taken<{%reset%}>\n", BUCKET))
    tally.record(step("resOpFailedEvent", "create"))
    tally.record(diagnostic("update failed", STACK))
    tally.record(diagnostic("slow", BUCKET, "warning"))
    assert tally.failures == [Failure(BUCKET, "bucket models is taken")]
    assert str(tally.failures[0]) == "aws:s3/bucket:Bucket models: bucket models is taken"
    assert not tally.running


def test_the_summary_gives_the_changes() -> None:
    tally = Tally()
    changes = {"create": 3, "same": 2}
    tally.record(
        event(summaryEvent={"resourceChanges": changes, "durationSeconds": 4, "maybeCorrupt": False})
    )
    assert tally.changes == changes


TRACEBACK = """Program failed with an unhandled exception:
Traceback (most recent call last):
  File "__main__.py", line 3, in <module>
    boom()
ValueError: no such zone
"""


def test_a_traceback_is_reduced_to_its_last_line() -> None:
    assert essence(TRACEBACK) == "ValueError: no such zone"
    assert essence("plain words\nof two lines") == "plain words\nof two lines"


def test_colour_marks_go() -> None:
    assert plain("<{%fg 1%}>error: \x1b[31mno\x1b[0m<{%reset%}>") == "error: no"


def failed(stdout: str = "", stderr: str = "") -> CommandError:
    return CommandError(CommandResult(stdout=stdout, stderr=stderr, code=255))


def test_an_engine_error_names_resource_and_log(tmp_path: Path) -> None:
    tally = Tally()
    tally.record(diagnostic("bucket models is taken", BUCKET))
    log = tmp_path / "up.log"
    with pytest.raises(EngineError) as caught, engine_errors("up", "us-east", log, tally):
        raise failed(stdout="x" * 10_000)
    text = str(caught.value)
    assert "up of us-east failed: aws:s3/bucket:Bucket models: bucket models is taken" in text
    assert str(log) in text
    assert len(text) < 400
    assert caught.value.exit_code == Exit.ERROR


def test_without_an_event_the_engines_own_words_count(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="no passphrase is set"), engine_errors("up", "us-east", tmp_path):
        raise failed(stderr="warning: something\nerror: no passphrase is set")


def test_a_state_that_was_torn_says_how_to_mend_it(tmp_path: Path) -> None:
    with pytest.raises(EngineError) as caught, engine_errors("up", "us-east", tmp_path):
        raise failed(stderr="error: failed to load checkpoint: EOF")
    assert "failed to load checkpoint: EOF; " in str(caught.value)
    assert "delete the empty .attrs files" in str(caught.value)


def test_a_refused_configuration_ends_with_two(tmp_path: Path) -> None:
    tally = Tally()
    tally.record(diagnostic("the configuration cannot be used:\n  a.b: 1: is wrong", STACK))
    with pytest.raises(RefusedError) as caught, engine_errors("up", "us-east", tmp_path, tally):
        raise failed()
    assert caught.value.exit_code == Exit.REFUSED
    assert "a.b: 1: is wrong" in str(caught.value)


def test_what_the_program_printed_counts_when_no_resource_failed() -> None:
    tally = Tally()
    for line in ("error: " + TRACEBACK).splitlines():
        tally.record(diagnostic(f"{line}\n\n", severity="info#err"))
    assert tally.causes() == [Failure("", "ValueError: no such zone")]
    tally.record(diagnostic("bucket models is taken", BUCKET))
    assert tally.causes() == [Failure(BUCKET, "bucket models is taken")]


def test_a_refusal_in_a_traceback_is_one_too(tmp_path: Path) -> None:
    tally = Tally()
    text = TRACEBACK.replace(
        "ValueError: ", "config.problems.ConfigError: the configuration cannot be used:\n  a: "
    )
    tally.record(diagnostic(text))
    with pytest.raises(RefusedError), engine_errors("up", "us-east", tmp_path, tally):
        raise failed()
