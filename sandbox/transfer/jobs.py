"""Transfer jobs as the service reads them: pure.

https://docs.cloud.google.com/storage-transfer/docs/reference/rest/v1/transferJobs
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sandbox.errors import SandboxError

_DAY_S = 86_400.0
_SPEC = {"awsS3DataSource", "gcsDataSink", "objectConditions", "transferOptions"}
_CONDITIONS = {"excludePrefixes", "includePrefixes"}
_OPTIONS = {
    "deleteObjectsFromSourceAfterTransfer",
    "deleteObjectsUniqueInSink",
    "metadataOptions",
    "overwriteObjectsAlreadyExistingInSink",
    "overwriteWhen",
}
_METADATA = {"storageClass", "timeCreated"}


class UnknownJobError(SandboxError):
    """A job asks for something that this stand-in does not do; the job transfers nothing."""


class Overwrite(StrEnum):
    """When an object that the sink has already is copied again."""

    DIFFERENT = "DIFFERENT"
    NEVER = "NEVER"
    ALWAYS = "ALWAYS"


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """When runs begin, in seconds since the epoch; none begins from `end` on, where there is one."""

    start: float
    interval: float
    end: float | None = None

    def last_due(self, now: float) -> float | None:
        """The newest time up to `now` at which a run should have begun; None before the first."""
        moment = now if self.end is None else min(now, self.end - 1e-6)
        if moment < self.start:
            return None
        return self.start + (moment - self.start) // self.interval * self.interval


@dataclass(frozen=True, kw_only=True)
class Job:
    """One enabled job. Paths are empty or end in `/`; `queue` is the ARN of its event stream, or empty."""

    name: str
    project: str
    source: str
    role: str
    sink: str
    source_path: str = ""
    sink_path: str = ""
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    overwrite: Overwrite = Overwrite.DIFFERENT
    delete_unique: bool = False
    delete_source: bool = False
    storage_class: str = ""
    keeps_time: bool = False
    schedule: Schedule | None = None
    queue: str = ""

    def sink_name(self, key: str) -> str | None:
        """Where an object of the source goes; None for one that the job does not transfer.

        Prefixes are compared without the source's path.
        """
        if not key.startswith(self.source_path):
            return None
        rest = key.removeprefix(self.source_path)
        if self.include and not any(rest.startswith(prefix) for prefix in self.include):
            return None
        if any(rest.startswith(prefix) for prefix in self.exclude):
            return None
        return self.sink_path + rest


def job_of(document: Mapping[str, Any]) -> Job | None:
    """A job of the API, or None for one that is not enabled. Raises UnknownJobError."""
    if document.get("status") != "ENABLED":
        return None
    name = document["name"]
    spec: Mapping[str, Any] = document["transferSpec"]
    options: Mapping[str, Any] = spec.get("transferOptions") or {}
    conditions: Mapping[str, Any] = spec.get("objectConditions") or {}
    metadata: Mapping[str, Any] = options.get("metadataOptions") or {}
    for given, known, where in (
        (spec, _SPEC, "transferSpec"),
        (conditions, _CONDITIONS, "objectConditions"),
        (options, _OPTIONS, "transferOptions"),
        (metadata, _METADATA, "metadataOptions"),
    ):
        strange = sorted(key for key, value in given.items() if value and key not in known)
        if strange:
            raise UnknownJobError(f"{name} uses {where}.{', '.join(strange)}, which is not modelled here")
    source, sink = spec["awsS3DataSource"], spec["gcsDataSink"]
    stream: Mapping[str, Any] = document.get("eventStream") or {}
    return Job(
        name=name,
        project=document["projectId"],
        source=source["bucketName"],
        role=source.get("roleArn", ""),
        sink=sink["bucketName"],
        source_path=source.get("path", ""),
        sink_path=sink.get("path", ""),
        include=tuple(conditions.get("includePrefixes", ())),
        exclude=tuple(conditions.get("excludePrefixes", ())),
        overwrite=_overwrite(options),
        delete_unique=bool(options.get("deleteObjectsUniqueInSink")),
        delete_source=bool(options.get("deleteObjectsFromSourceAfterTransfer")),
        storage_class=_storage_class(name, metadata.get("storageClass", "")),
        keeps_time=metadata.get("timeCreated") == "TIME_CREATED_PRESERVE_AS_CUSTOM_TIME",
        # "When EventStream is specified, the Schedule fields are ignored."
        schedule=None if stream else _schedule(document),
        queue=stream.get("name", ""),
    )


def _overwrite(options: Mapping[str, Any]) -> Overwrite:
    chosen = options.get("overwriteWhen", "OVERWRITE_WHEN_UNSPECIFIED")
    if chosen != "OVERWRITE_WHEN_UNSPECIFIED":
        return Overwrite(chosen)
    always = options.get("overwriteObjectsAlreadyExistingInSink")
    return Overwrite.ALWAYS if always else Overwrite.DIFFERENT


def _storage_class(job: str, option: str) -> str:
    """The class of what is copied; empty for that of the bucket."""
    if option in ("", "STORAGE_CLASS_UNSPECIFIED", "STORAGE_CLASS_DESTINATION_BUCKET_DEFAULT"):
        return ""
    if option == "STORAGE_CLASS_PRESERVE":
        raise UnknownJobError(f"{job} preserves the storage classes of S3, which is not modelled here")
    return option.removeprefix("STORAGE_CLASS_")


def _schedule(document: Mapping[str, Any]) -> Schedule | None:
    """In UTC; a start that was past when the job was made is a day later, unless no time of day was said.

    https://docs.cloud.google.com/storage-transfer/docs/reference/rest/v1/transferJobs#Schedule
    """
    said: Mapping[str, Any] | None = document.get("schedule")
    if not said:
        return None
    created = dt.datetime.fromisoformat(document["creationTime"])
    interval = float(said.get("repeatInterval", f"{_DAY_S:g}s")[:-1])
    time_of_day = said.get("startTimeOfDay")
    start = _moment(said["scheduleStartDate"], time_of_day)
    if start < created:
        if time_of_day is None and start.date() == created.date():
            start = created
        else:
            days = -((start - created) // dt.timedelta(days=1))
            start += dt.timedelta(days=days)
    last = said.get("scheduleEndDate")
    end = None if not last else (_moment(last, None) + dt.timedelta(days=1)).timestamp()
    return Schedule(start=start.timestamp(), interval=interval, end=end)


def _moment(date: Mapping[str, int], time_of_day: Mapping[str, int] | None) -> dt.datetime:
    clock = time_of_day or {}
    return dt.datetime(
        date["year"],
        date["month"],
        date["day"],
        clock.get("hours", 0),
        clock.get("minutes", 0),
        clock.get("seconds", 0),
        tzinfo=dt.UTC,
    )
