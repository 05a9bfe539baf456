from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.transfer.jobs import Job, Overwrite, Schedule, UnknownJobError, job_of

HOUR = 3600.0
PRESERVE = {"storageClass": "STORAGE_CLASS_PRESERVE"}


def document(**changed: Any) -> dict[str, Any]:
    return {
        "name": "transferJobs/1",
        "projectId": "standfast-models",
        "status": "ENABLED",
        "creationTime": "2026-03-10T12:30:00Z",
        "schedule": {
            "scheduleStartDate": {"year": 2026, "month": 3, "day": 10},
            "repeatInterval": "3600s",
        },
        "transferSpec": {
            "awsS3DataSource": {"bucketName": "models", "roleArn": "arn:aws:iam::123456789012:role/source"},
            "gcsDataSink": {"bucketName": "copies"},
            "transferOptions": {
                "overwriteWhen": "DIFFERENT",
                "deleteObjectsUniqueInSink": False,
                "metadataOptions": {"timeCreated": "TIME_CREATED_PRESERVE_AS_CUSTOM_TIME"},
            },
        },
        **changed,
    }


def known(**changed: Any) -> Job:
    found = job_of(document(**changed))
    assert found is not None
    return found


def at(text: str) -> float:
    return dt.datetime.fromisoformat(text).timestamp()


def spec(**changed: Any) -> dict[str, Any]:
    return {**document()["transferSpec"], **changed}


def test_a_job_as_the_program_makes_it() -> None:
    job = known()
    assert (job.source, job.sink, job.overwrite) == ("models", "copies", Overwrite.DIFFERENT)
    assert job.keeps_time
    assert not job.delete_unique
    assert not job.delete_source


@pytest.mark.parametrize("status", ["DISABLED", "DELETED"])
def test_only_an_enabled_job_is_one(status: str) -> None:
    assert job_of(document(status=status)) is None


def test_a_job_with_events_has_no_schedule() -> None:
    job = known(eventStream={"name": "arn:aws:sqs:us-east-1:123456789012:events"})
    assert job.queue.endswith(":events")
    assert job.schedule is None


@pytest.mark.parametrize(
    "changed",
    [
        {"transferSpec": spec(transferManifest={"location": "gs://x"})},
        {"transferSpec": spec(objectConditions={"lastModifiedSince": "2026-01-01T00:00:00Z"})},
        {"transferSpec": spec(transferOptions={"metadataOptions": {"acl": "ACL_PRESERVE"}})},
        {
            "transferSpec": spec(
                transferOptions={"metadataOptions": {"storageClass": "STORAGE_CLASS_PRESERVE"}}
            )
        },
    ],
)
def test_what_is_not_modelled_is_refused_by_name(changed: dict[str, Any]) -> None:
    with pytest.raises(UnknownJobError, match="not modelled here"):
        job_of(document(**changed))


def test_prefixes_choose_and_paths_are_taken_off_and_put_on() -> None:
    conditions = {"includePrefixes": ["models/"], "excludePrefixes": ["models/tmp/"]}
    source = {"bucketName": "models", "path": "registry/", "roleArn": "r"}
    sink = {"bucketName": "copies", "path": "copy/"}
    job = known(transferSpec=spec(objectConditions=conditions, awsS3DataSource=source, gcsDataSink=sink))
    assert job.sink_name("registry/models/a/model.bin") == "copy/models/a/model.bin"
    assert job.sink_name("registry/models/tmp/x") is None
    assert job.sink_name("registry/logs/x") is None
    assert job.sink_name("models/a") is None


def test_a_job_of_today_begins_at_once_and_repeats_from_there() -> None:
    schedule = known().schedule
    assert schedule is not None
    assert schedule.start == at("2026-03-10T12:30:00+00:00")
    assert schedule.last_due(at("2026-03-10T12:29:59+00:00")) is None
    assert schedule.last_due(at("2026-03-10T15:29:00+00:00")) == at("2026-03-10T14:30:00+00:00")


def test_a_time_of_day_that_has_passed_is_tomorrows() -> None:
    date, early = {"year": 2026, "month": 3, "day": 10}, {"hours": 1, "minutes": 15}
    schedule = known(schedule={"scheduleStartDate": date, "startTimeOfDay": early}).schedule
    assert schedule is not None
    assert schedule.start == at("2026-03-11T01:15:00+00:00")
    assert schedule.interval == 24 * HOUR


def test_a_job_that_ends_runs_no_more() -> None:
    day = {"year": 2026, "month": 3, "day": 10}
    ended = known(schedule={"scheduleStartDate": day, "scheduleEndDate": day, "repeatInterval": "3600s"})
    assert ended.schedule is not None
    assert ended.schedule.last_due(at("2026-04-01T00:00:00+00:00")) == at("2026-03-10T23:30:00+00:00")


@given(st.floats(0, 1e6), st.integers(1, 1000), st.floats(0, 1e7))
def test_the_last_due_time_is_never_later_and_never_an_interval_earlier(
    start: float, hours: int, later: float
) -> None:
    schedule = Schedule(start=start, interval=hours * HOUR)
    due = schedule.last_due(start + later)
    assert due is not None
    assert due <= start + later + 1e-6
    assert start + later < due + schedule.interval + 1e-3
