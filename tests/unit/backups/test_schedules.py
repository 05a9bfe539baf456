"""Schedules as the program deploys them and as Velero reads them, by value."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from components.backup import desired
from sandbox.backups.schedules import (
    ScheduleError,
    backup_of,
    begun,
    check,
    contents_key,
    due,
    expired,
    metadata_key,
    moment,
    new,
    next_run,
    text,
)

NOON = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


def at(said: str) -> datetime:
    return datetime.fromisoformat(f"2026-01-01T{said}+00:00")


def deployed(name: str = desired.RPO, slot: int = 0, **status: Any) -> dict[str, Any]:
    """A schedule of the program, made at noon, as the API server has it."""
    schedule = desired.schedules(timedelta(minutes=60), timedelta(minutes=10), slot)[name]
    schedule["metadata"]["creationTimestamp"] = "2026-01-01T12:00:00Z"
    return {**schedule, "status": status} if status else schedule


@pytest.mark.parametrize(
    ("cron", "after", "expected"),
    [
        ("*/10 * * * *", "12:00:00", "12:10:00"),
        ("*/10 * * * *", "12:09:59", "12:10:00"),
        ("1-59/10 * * * *", "12:00:30", "12:01:00"),
        ("1-59/10 * * * *", "12:01:00", "12:11:00"),
        ("7 * * * *", "12:07:00", "13:07:00"),
        ("0 14 1 JAN *", "12:00:00", "14:00:00"),
    ],
)
def test_the_next_run_is_the_first_time_after(cron: str, after: str, expected: str) -> None:
    assert next_run(cron, at(after)) == at(expected)


@pytest.mark.parametrize(
    "cron",
    ["", "@hourly", "* * * *", "0 */10 * * * *", "61 * * * *", "0 0 L * *", "0 0 * * 1#2", "0 0 31 2 *"],
)
def test_an_expression_that_is_not_modelled_is_refused(cron: str) -> None:
    with pytest.raises(ScheduleError, match="invalid schedule"):
        next_run(cron, NOON)


def test_what_the_program_deploys_is_understood() -> None:
    for name in (desired.RPO, desired.DAILY):
        schedule = deployed(name)
        check(schedule["spec"])
        assert next_run(schedule["spec"]["schedule"], NOON) > NOON


def test_a_new_schedule_is_due_at_its_first_time_after_it_was_made() -> None:
    assert not due(deployed(), at("12:09:59"))
    assert not due(deployed(), at("12:10:00"))
    assert due(deployed(), at("12:10:01"))
    assert not due(deployed(slot=1), at("12:01:00"))
    assert due(deployed(slot=1), at("12:01:30"))


def test_missed_times_are_made_up_for_by_one_backup() -> None:
    assert due(deployed(lastBackup="2026-01-01T12:10:02Z"), at("14:05:00"))
    assert not due(deployed(lastBackup="2026-01-01T14:05:00Z"), at("14:09:00"))


def test_a_paused_schedule_is_never_due() -> None:
    paused = deployed()
    paused["spec"]["paused"] = True
    assert not due(paused, at("14:00:00"))
    assert not new(paused)
    check(paused["spec"])


def test_a_schedule_is_new_until_it_has_a_backup() -> None:
    assert new(deployed())
    assert new(deployed(phase="Enabled"))
    assert not new(deployed(lastBackup="2026-01-01T12:10:02Z"))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"hooks": {}}, "spec.template.hooks is not modelled here"),
        ({"excludedResources": ["secrets"]}, "spec.template.excludedResources is not modelled here"),
        ({"ttl": "soon"}, "spec.template.ttl: soon is no duration"),
        ({"ttl": ""}, "spec.template.ttl is missing"),
        ({"includedNamespaces": []}, "spec.template.includedNamespaces is missing"),
        ({"includedNamespaces": ["ml-*"]}, "spec.template.includedNamespaces: ml-* is not modelled here"),
        ({"includedResources": ["*"]}, "spec.template.includedResources: * is not modelled here"),
        (
            {"labelSelector": {"matchExpressions": []}},
            "spec.template.labelSelector.matchExpressions is not modelled here",
        ),
    ],
)
def test_a_field_of_a_template_that_is_not_modelled_is_named(change: dict[str, Any], problem: str) -> None:
    spec = deployed()["spec"]
    with pytest.raises(ScheduleError) as found:
        check({**spec, "template": {**spec["template"], **change}})
    assert str(found.value).startswith(problem)
    assert "; " not in str(found.value)


def test_a_field_of_a_schedule_that_is_not_modelled_is_named() -> None:
    spec = deployed()["spec"]
    with pytest.raises(ScheduleError, match=r"^spec\.skipImmediately is not modelled here$"):
        check({**spec, "skipImmediately": True})
    with pytest.raises(ScheduleError, match=r"^spec\.useOwnerReferencesInBackup: true is not modelled here$"):
        check({**spec, "useOwnerReferencesInBackup": True})


def test_all_that_is_not_modelled_is_named_at_once() -> None:
    spec = deployed()["spec"]
    with pytest.raises(ScheduleError) as found:
        check({**spec, "skipImmediately": True, "template": {**spec["template"], "hooks": {}, "ttl": ""}})
    assert str(found.value).split("; ") == [
        "spec.skipImmediately is not modelled here",
        "spec.template.hooks is not modelled here",
        "spec.template.ttl is missing",
    ]


def test_a_backup_has_the_schedules_name_and_second_and_template() -> None:
    schedule = deployed()
    backup = backup_of(schedule, at("12:10:07"))
    assert backup["metadata"]["name"] == "ml-backup-rpo-20260101121007"
    assert backup["metadata"]["namespace"] == "velero"
    labels = backup["metadata"]["labels"]
    assert labels["velero.io/schedule-name"] == "ml-backup-rpo"
    assert labels["velero.io/storage-location"] == "default"
    assert labels.items() >= schedule["metadata"]["labels"].items()
    assert backup["spec"] == schedule["spec"]["template"]
    assert "status" not in backup


def test_a_backup_expires_when_its_time_to_live_is_over() -> None:
    status = begun(deployed()["spec"]["template"], NOON)
    assert status["startTimestamp"] == "2026-01-01T12:00:00Z"
    assert status["expiration"] == "2026-01-02T12:00:00Z"
    assert not expired({"status": status}, NOON + timedelta(hours=23, minutes=59))
    assert expired({"status": status}, NOON + timedelta(hours=24))
    assert not expired({}, NOON)
    daily = begun(deployed(desired.DAILY)["spec"]["template"], NOON)
    assert moment(daily["expiration"]) - NOON == timedelta(days=30)


def test_a_time_is_written_in_utc() -> None:
    assert text(datetime.fromisoformat("2026-01-01T14:00:00+02:00")) == "2026-01-01T12:00:00Z"


def test_files_are_where_velero_has_them() -> None:
    assert metadata_key("us-east", "b") == "us-east/backups/b/velero-backup.json"
    assert contents_key("us-east/", "b") == "us-east/backups/b/b.tar.gz"
    assert metadata_key("", "b") == "backups/b/velero-backup.json"
