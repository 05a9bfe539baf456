"""When backups are taken, what is in them, and how they stay within the RPO: Velero's objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeAlias

import pulumi

from components.shared.labels import labels
from config.budgets.rpo import copy_terms
from config.budgets.terms import total
from config.platform import peers_of
from config.timings import BACKUP_DURATION, BACKUP_START, REPLICATION
from config.types import duration_text

Manifest: TypeAlias = dict[str, Any]

NAMESPACE = "velero"
DAILY = "ml-backup-daily"
RPO = "ml-backup-rpo"
DEFAULT_LOCATION = "default"

DAILY_HOUR = 2
DAILY_TTL = timedelta(days=30)
RPO_TTL = timedelta(hours=24)
"""Bounds the frequent backups: at most a day of them is kept."""

INCLUDED_NAMESPACES = ["ml-serving", "ml-training", "mlflow"]
INCLUDED_RESOURCES = ["persistentvolumeclaims", "persistentvolumes", "configmaps", "secrets"]
SELECTED = {"backup": "enabled"}

_CSI_SNAPSHOT_TIMEOUT = timedelta(minutes=10)
_DAILY_OPERATIONS = timedelta(hours=4)


class BackupError(ValueError):
    """These intervals cannot keep the RPO, or cannot be written as a schedule."""


def duration_budget(rpo: timedelta, interval: timedelta, replication: timedelta = REPLICATION) -> timedelta:
    """How long one backup may take: all that the RPO leaves, which is more than its budget counts with.

    Raises ``BackupError`` when the budget does not hold.
    """
    spare = rpo - total(copy_terms(interval, replication))
    if spare < timedelta():
        raise BackupError(
            f"an RPO of {duration_text(rpo)} leaves no {duration_text(BACKUP_DURATION)} for a backup every "
            f"{duration_text(interval)}: {duration_text(BACKUP_START)} pass until it starts and "
            f"{duration_text(replication)} until it is replicated; back up more often"
        )
    return BACKUP_DURATION + spare


def slots(failover_to: Mapping[str, str], first: str) -> dict[str, int]:
    """A minute for each region's schedules, from 0, different from those of its peers; ``first`` has 0.

    Velero names a backup by schedule and second, and a region that sees its peer's backups leaves out those
    whose names it has itself: two regions that start in the same second would hide their backups from each
    other.
    """
    taken: dict[str, int] = {}
    for region in sorted(failover_to, key=lambda region: (region != first, region)):
        near = {taken.get(peer) for peer in peers_of(dict(failover_to), region)}
        taken[region] = next(slot for slot in range(len(failover_to)) if slot not in near)
    return taken


def cron(interval: timedelta, slot: int) -> str:
    """The cron expression that fires every ``interval``, ``slot`` minutes after the full hour.

    Raises ``BackupError`` unless the interval divides an hour and is longer than the slot.
    """
    minutes, seconds = divmod(int(interval.total_seconds()), 60)
    if seconds or not minutes or 60 % minutes:
        raise BackupError(f"every {duration_text(interval)} is no schedule: it must divide an hour")
    if not 0 <= slot < minutes:
        raise BackupError(
            f"minute {slot} is not within an interval of {duration_text(interval)}: back up less often, "
            "or spread failoverTo over more regions"
        )
    if minutes == 60:
        return f"{slot} * * * *"
    return f"{slot}-59/{minutes} * * * *" if slot else f"*/{minutes} * * * *"


def daily_cron(slot: int) -> str:
    """Two o'clock, as in the lesson, and the region's minute."""
    return f"{slot} {DAILY_HOUR} * * *"


def storage_location(
    name: str, prefix: str, bucket: pulumi.Input[str], provider: str, config: Mapping[str, str]
) -> dict[str, Any]:
    """Where Velero finds the backups of the region ``prefix``: its folder in this region's own bucket.

    Each region writes below its own name only, and reads its peers' folders, which replication fills: the
    bucket of a lost region cannot be asked. Read-only keeps this region's Velero from expiring, or having
    maintenance done on, what is not its own.
    Source: https://velero.io/docs/main/api-types/backupstoragelocation/
    """
    own = name == DEFAULT_LOCATION
    return {
        "apiVersion": "velero.io/v1",
        "kind": "BackupStorageLocation",
        "metadata": _metadata(name),
        "spec": {
            "provider": provider,
            "default": own,
            "accessMode": "ReadWrite" if own else "ReadOnly",
            "objectStorage": {"bucket": bucket, "prefix": prefix},
            "config": dict(config),
            "backupSyncPeriod": "1m",
        },
    }


def storage_locations(
    region: str, peers: Sequence[str], bucket: pulumi.Input[str], provider: str, config: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    """The region's own location, ``default``, and one named after each peer."""
    prefixes = {DEFAULT_LOCATION: region, **{peer: peer for peer in sorted(peers)}}
    return {
        name: storage_location(name, prefix, bucket, provider, config) for name, prefix in prefixes.items()
    }


def schedule(name: str, when: str, ttl: timedelta, operations: timedelta) -> dict[str, Any]:
    """A schedule of the lesson's namespaces and label, with volumes.

    Volumes are snapshotted by their driver and their data is moved into the bucket: an EBS snapshot would
    stay in its region, and be lost with it. So there is no volume snapshot location. ``operations`` bounds
    the moving, so that a volume that hangs fails its backup and is seen. Backups outlive their schedule.
    Sources: https://velero.io/docs/main/csi-snapshot-data-movement/,
    https://velero.io/docs/main/api-types/schedule/
    """
    return {
        "apiVersion": "velero.io/v1",
        "kind": "Schedule",
        "metadata": _metadata(name),
        "spec": {
            "schedule": when,
            "useOwnerReferencesInBackup": False,
            "template": {
                "includedNamespaces": list(INCLUDED_NAMESPACES),
                "includedResources": list(INCLUDED_RESOURCES),
                "labelSelector": {"matchLabels": dict(SELECTED)},
                "snapshotVolumes": True,
                "snapshotMoveData": True,
                "csiSnapshotTimeout": duration_text(min(_CSI_SNAPSHOT_TIMEOUT, operations)),
                "itemOperationTimeout": duration_text(operations),
                "storageLocation": DEFAULT_LOCATION,
                "ttl": duration_text(ttl),
            },
        },
    }


def schedules(rpo: timedelta, interval: timedelta, slot: int) -> dict[str, dict[str, Any]]:
    """The lesson's daily backup, kept for a month, and the one that keeps the RPO, kept for a day."""
    budget = duration_budget(rpo, interval)
    return {
        DAILY: schedule(DAILY, daily_cron(slot), DAILY_TTL, _DAILY_OPERATIONS),
        RPO: schedule(RPO, cron(interval, slot), RPO_TTL, budget),
    }


def schedule_ages(rpo: timedelta) -> dict[str, timedelta]:
    """How old the last success of each schedule may be before the promise is broken, for alerts."""
    return {DAILY: timedelta(days=1) + _DAILY_OPERATIONS, RPO: rpo - REPLICATION}


def _metadata(name: str) -> dict[str, Any]:
    return {"name": name, "namespace": NAMESPACE, "labels": labels(name, "backup")}
