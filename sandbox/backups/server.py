"""One region's Velero server: looks at its schedules, takes what is due, removes what has expired."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.backups import archive, objects
from sandbox.backups.schedules import (
    API_VERSION,
    NAMESPACE,
    SCHEDULE_LABEL,
    Manifest,
    ScheduleError,
    backup_of,
    begun,
    check,
    contents_key,
    due,
    expired,
    folder,
    metadata_key,
    new,
    next_run,
    text,
)
from sandbox.kube import Api

_log = logging.getLogger(__name__)

_ROOT = f"/apis/{API_VERSION}/namespaces/{NAMESPACE}"
SCHEDULES, BACKUPS = f"{_ROOT}/schedules", f"{_ROOT}/backups"
LOCATIONS = f"{_ROOT}/backupstoragelocations"
_MERGE = "application/merge-patch+json"


def _now() -> datetime:
    return datetime.now(UTC)


class Velero:
    """`gone` says whether the region is cut off: then its bucket gives no answer."""

    def __init__(
        self, api: Api, s3: Any, gone: Callable[[], bool], clock: Callable[[], datetime] = _now
    ) -> None:
        self._api, self._s3, self._gone, self._clock = api, s3, gone, clock
        self._began = False

    def step(self) -> None:
        """One look, at the first also for schedules without a backup. Raises ApiError and OSError.

        What was left half done, by an end or by an API server that fell silent, has failed.
        """
        if self._gone():
            return
        backups = self._api.get(BACKUPS)["items"]
        for left in backups:
            labels, status = left["metadata"].get("labels") or {}, left.get("status") or {}
            if SCHEDULE_LABEL in labels and status.get("phase") in (None, "InProgress"):
                self._end(left["metadata"]["name"], "Failed", failureReason="found unfinished")
        for schedule in self._api.get(SCHEDULES)["items"]:
            if self._due(schedule):
                self._take(schedule)
        for backup in backups:
            if expired(backup, self._clock()):
                self._remove(backup)
        self._began = True

    def _due(self, schedule: Mapping[str, Any]) -> bool:
        """A schedule is enabled once its expression was understood, and told so."""
        path = f"{SCHEDULES}/{schedule['metadata']['name']}"
        status: Mapping[str, Any] = schedule.get("status") or {}
        try:
            next_run(schedule["spec"]["schedule"], self._clock())
        except ScheduleError as error:
            if status.get("phase") != "FailedValidation":
                _log.error("schedule %s: %s", schedule["metadata"]["name"], error)
                failed = {"phase": "FailedValidation", "validationErrors": [str(error)]}
                self._api.call("PATCH", path, {"status": failed}, content_type=_MERGE)
            return False
        if status.get("phase") != "Enabled":
            enabled = {"phase": "Enabled", "validationErrors": None}
            self._api.call("PATCH", path, {"status": enabled}, content_type=_MERGE)
        return due(schedule, self._clock()) or (new(schedule) and not self._began)

    def _take(self, schedule: Mapping[str, Any]) -> None:
        now, name = self._clock(), schedule["metadata"]["name"]
        backup = self._api.call("POST", BACKUPS, backup_of(schedule, now))
        last = {"status": {"lastBackup": text(now)}}
        self._api.call("PATCH", f"{SCHEDULES}/{name}", last, content_type=_MERGE)
        backup_name = backup["metadata"]["name"]
        try:
            check(schedule["spec"])
            location = self._location(backup["spec"]["storageLocation"])
            items = objects.chosen(self._api, backup["spec"])
        except ScheduleError as error:
            _log.error("backup %s fails: %s", backup_name, error)
            self._end(backup_name, "FailedValidation", validationErrors=[str(error)])
            return
        backup["status"] = begun(backup["spec"], now)
        self._patch(backup_name, backup["status"])
        try:
            self._write(backup, location, archive.packed(items, now.timestamp()))
        except (BotoCoreError, ClientError, OSError) as error:
            _log.error("backup %s fails: %s", backup_name, error)
            self._end(backup_name, "Failed", failureReason=f"error uploading: {error}")
            return
        self._patch(backup_name, backup["status"])
        _log.info("backup %s: %d objects", backup_name, len(items))

    def _location(self, name: str) -> Manifest:
        """The storage location of this name, which may be written to. Raises ScheduleError."""
        found = self._api.find(f"{LOCATIONS}/{name}")
        if found is None:
            raise ScheduleError(f"spec.template.storageLocation: there is no location {name}")
        if found["spec"].get("accessMode") == "ReadOnly":
            raise ScheduleError(f"spec.template.storageLocation: {name} is in read-only mode")
        return found

    def _write(self, backup: Manifest, location: Manifest, body: bytes) -> None:
        """The objects, then the Backup: with it a backup is whole. `backup` gets its last status."""
        name, store = backup["metadata"]["name"], location["spec"]["objectStorage"]
        prefix = store.get("prefix", "")
        self._put(store["bucket"], contents_key(prefix, name), body)
        backup["status"] |= {"phase": "Completed", "completionTimestamp": text(self._clock())}
        self._put(store["bucket"], metadata_key(prefix, name), json.dumps(backup).encode())

    def _put(self, bucket: str, path: str, body: bytes) -> None:
        if self._gone():
            raise OSError(f"{bucket} gives no answer")
        self._s3.put_object(Bucket=bucket, Key=path, Body=body)

    def _remove(self, backup: Mapping[str, Any]) -> None:
        """An expired backup, unless its location may not be written to."""
        name = backup["metadata"]["name"]
        location = self._api.find(f"{LOCATIONS}/{backup['spec']['storageLocation']}")
        if location is None or location["spec"].get("accessMode") == "ReadOnly":
            return
        store = location["spec"]["objectStorage"]
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=store["bucket"], Prefix=folder(store.get("prefix", ""), name)
        )
        for found in [one for page in pages for one in page.get("Contents", ())]:
            self._s3.delete_object(Bucket=store["bucket"], Key=found["Key"])
        self._api.call("DELETE", f"{BACKUPS}/{name}")
        _log.info("backup %s has expired", name)

    def _end(self, name: str, phase: str, **why: Any) -> None:
        self._patch(name, {"phase": phase, "completionTimestamp": text(self._clock()), **why})

    def _patch(self, name: str, status: Mapping[str, Any]) -> None:
        self._api.call("PATCH", f"{BACKUPS}/{name}", {"status": status}, content_type=_MERGE)
