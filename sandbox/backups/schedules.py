"""Schedules as Velero reads them, and the Backups that they ask for: pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cronsim import CronSim, CronSimError
from pydantic import TypeAdapter, ValidationError

from config.types import Duration
from sandbox.errors import SandboxError

Manifest = dict[str, Any]

API_VERSION = "velero.io/v1"
NAMESPACE = "velero"
SCHEDULE_LABEL = "velero.io/schedule-name"
LOCATION_LABEL = "velero.io/storage-location"

NEEDED = ("includedNamespaces", "includedResources", "storageLocation", "ttl")
KNOWN = frozenset(
    {
        *NEEDED,
        "labelSelector",
        # Of volumes, whose data nothing has here.
        "snapshotVolumes",
        "snapshotMoveData",
        "csiSnapshotTimeout",
        "itemOperationTimeout",
    }
)
"""The fields of a schedule's template that are modelled."""

_SPEC = frozenset({"schedule", "template", "paused", "useOwnerReferencesInBackup"})
_FIELDS = 5
# What cronsim takes beyond https://pkg.go.dev/github.com/robfig/cron/v3#hdr-CRON_Expression_Format.
_FOREIGN = re.compile(r"#|\bL\b|\dL", re.IGNORECASE)
_DURATION: TypeAdapter[Any] = TypeAdapter(Duration)


class ScheduleError(SandboxError):
    """What a schedule says is not taken by Velero, or not modelled here."""


def next_run(cron: str, after: datetime) -> datetime:
    """The first time of a cron expression of five fields later than `after`. Raises ScheduleError."""
    if len(cron.split()) != _FIELDS or _FOREIGN.search(cron):
        raise ScheduleError(
            f"invalid schedule {cron!r}: here it has five fields of numbers, names, lists, ranges and steps"
        )
    try:
        return next(CronSim(cron, after))
    except (CronSimError, StopIteration) as error:
        raise ScheduleError(f"invalid schedule {cron!r}: {error}") from error


def due(schedule: Mapping[str, Any], now: datetime) -> bool:
    """Whether Velero takes a backup now: a time has passed since the last one, or since the schedule came.

    However many times were missed, one is taken. Raises ScheduleError.
    """
    last = (schedule.get("status") or {}).get("lastBackup") or schedule["metadata"]["creationTimestamp"]
    passed = now > next_run(schedule["spec"]["schedule"], moment(last))
    return passed and not schedule["spec"].get("paused", False)


def new(schedule: Mapping[str, Any]) -> bool:
    """Whether no backup of the schedule was ever taken, though it is not paused."""
    taken = (schedule.get("status") or {}).get("lastBackup")
    return not taken and not schedule["spec"].get("paused", False)


def check(spec: Mapping[str, Any]) -> None:
    """Raises ScheduleError, with all that a schedule's spec asks for and that is not modelled here."""
    if found := _problems(spec):
        raise ScheduleError("; ".join(found))


def _problems(spec: Mapping[str, Any]) -> list[str]:
    template: Mapping[str, Any] = spec["template"]
    found = [f"spec.{name} is not modelled here" for name in sorted(spec.keys() - _SPEC)]
    if spec.get("useOwnerReferencesInBackup"):
        found.append("spec.useOwnerReferencesInBackup: true is not modelled here")
    found += [f"spec.template.{name} is not modelled here" for name in sorted(template.keys() - KNOWN)]
    found += [f"spec.template.{name} is missing" for name in NEEDED if not template.get(name)]
    for name in ("includedNamespaces", "includedResources"):
        found += [
            f"spec.template.{name}: {one} is not modelled here (name each)"
            for one in template.get(name) or ()
            if re.search(r"[*?\[]", one)
        ]
    chosen = (template.get("labelSelector") or {}).keys() - {"matchLabels"}
    found += [f"spec.template.labelSelector.{name} is not modelled here" for name in sorted(chosen)]
    if template.get("ttl"):
        try:
            _DURATION.validate_python(template["ttl"])
        except ValidationError:
            found.append(f"spec.template.ttl: {template['ttl']} is no duration")
    return found


def backup_of(schedule: Mapping[str, Any], now: datetime) -> Manifest:
    """The Backup of a schedule that is due, before it is validated."""
    metadata, template = schedule["metadata"], schedule["spec"]["template"]
    return {
        "apiVersion": API_VERSION,
        "kind": "Backup",
        "metadata": {
            "name": f"{metadata['name']}-{now:%Y%m%d%H%M%S}",
            "namespace": metadata["namespace"],
            "labels": {
                **(metadata.get("labels") or {}),
                SCHEDULE_LABEL: metadata["name"],
                LOCATION_LABEL: template.get("storageLocation", ""),
            },
        },
        "spec": dict(template),
    }


def begun(template: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The status of a backup whose template has no problems, as it begins."""
    expiration = now + _DURATION.validate_python(template["ttl"])
    return {
        "version": 1,
        "formatVersion": "1.1.0",
        "phase": "InProgress",
        "startTimestamp": text(now),
        "expiration": text(expiration),
    }


def expired(backup: Mapping[str, Any], now: datetime) -> bool:
    """Whether a Backup's time to live is over."""
    expiration = (backup.get("status") or {}).get("expiration")
    return expiration is not None and moment(expiration) <= now


def folder(prefix: str, backup: str = "") -> str:
    """Where a backup is, or all are, in the bucket of a location with this prefix; it ends with `/`."""
    return "".join(f"{part}/" for part in (prefix.strip("/"), "backups", backup) if part)


def metadata_key(prefix: str, backup: str) -> str:
    """Where the Backup itself is kept."""
    return f"{folder(prefix, backup)}velero-backup.json"


def contents_key(prefix: str, backup: str) -> str:
    """Where the objects are kept."""
    return f"{folder(prefix, backup)}{backup}.tar.gz"


def text(at: datetime) -> str:
    """A time as Kubernetes writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(said: str) -> datetime:
    """A time as Kubernetes writes it."""
    return datetime.fromisoformat(said)
