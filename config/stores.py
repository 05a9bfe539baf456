"""Where else the models live: the entry ``models.stores`` of ``standfast:platform``. S3 is always there."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from config.types import Days, Duration, Model, RegionName

DUAL_REGIONS = ("asia1", "eur4", "eur5", "eur7", "eur8", "nam4")
MULTI_REGIONS = ("asia", "eu", "us")
SINGLE_REGIONS = (
    *("africa-south1", "asia-east1", "asia-east2", "asia-northeast1", "asia-northeast2", "asia-northeast3"),
    *("asia-south1", "asia-south2", "asia-southeast1", "asia-southeast2", "asia-southeast3"),
    *("australia-southeast1", "australia-southeast2", "europe-central2", "europe-north1", "europe-north2"),
    *("europe-southwest1", "europe-west1", "europe-west2", "europe-west3", "europe-west4", "europe-west6"),
    *("europe-west8", "europe-west9", "europe-west10", "europe-west12", "me-central1", "me-central2"),
    *("me-west1", "northamerica-northeast1", "northamerica-northeast2", "northamerica-south1"),
    *("southamerica-east1", "southamerica-west1", "us-central1", "us-east1", "us-east4", "us-east5"),
    *("us-south1", "us-west1", "us-west2", "us-west3", "us-west4"),
)
"""Where GCS keeps buckets: https://docs.cloud.google.com/storage/docs/locations"""

SHORTEST_INTERVAL = timedelta(hours=1)
"""Storage Transfer repeats a schedule no oftener.
https://docs.cloud.google.com/storage-transfer/docs/reference/rest/v1/transferJobs#Schedule"""

LONGEST_ABSENCE = timedelta(hours=23, minutes=30)
"""Cloud Monitoring misses data for no longer, so that an older copy would alert nobody.
https://docs.cloud.google.com/monitoring/alerts/concepts-indepth#partial-metric-data"""

SHORTEST_RETENTION, LONGEST_RETENTION = timedelta(days=7), timedelta(days=90)
"""https://docs.cloud.google.com/storage/docs/soft-delete"""

_RESERVED = ("google", "null", "undefined", "ssl")


def _project(value: str) -> str:
    """A project's id: https://docs.cloud.google.com/resource-manager/docs/creating-managing-projects"""
    found = next((word for word in _RESERVED if word in value), None)
    if found:
        raise ValueError(f"no project's id may hold {found!r}; name the project that the copy lives in")
    return value


def _location(value: str) -> str:
    known = (*DUAL_REGIONS, *MULTI_REGIONS, *SINGLE_REGIONS)
    if value not in known:
        raise ValueError(
            f"GCS has no such location; choose a dual-region ({', '.join(DUAL_REGIONS)}), a multi-region "
            f"({', '.join(MULTI_REGIONS)}) or a region such as europe-west4"
        )
    return value


def _interval(value: timedelta) -> timedelta:
    if value < SHORTEST_INTERVAL:
        raise ValueError("Storage Transfer repeats a schedule once an hour at most; set 1h or longer")
    return value


def _watched(value: timedelta) -> timedelta:
    if value > LONGEST_ABSENCE:
        raise ValueError("an alert can wait for a copy for 23h30m at most; promise that or less")
    return value


def _retention(value: timedelta) -> timedelta:
    if not SHORTEST_RETENTION <= value <= LONGEST_RETENTION:
        raise ValueError("GCS keeps what was deleted for 7d to 90d")
    return value


class Replication(StrEnum):
    """How soon an object is in both places of a dual-region: within 15 minutes, or within 12 hours."""

    TURBO = "turbo"
    DEFAULT = "default"


class Trigger(StrEnum):
    """What starts a copy beside the schedule: each new object, or nothing."""

    EVENTS = "events"
    SCHEDULE = "schedule"


class Gcs(Model):
    """A copy of the models on Google Cloud Storage.

    ``owner`` is the region whose stack has the copy, the platform's primary unless it is said. ``interval``
    is that of the schedule, the floor under ``trigger``. ``rpo`` is the promise: how old the newest copy may
    be. What was replaced or deleted can be had back for ``retention``. ``kms_key`` encrypts the bucket
    instead of Google's own keys; GCS's service agent must be allowed to use it.
    """

    project: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$"), AfterValidator(_project)]
    location: Annotated[str, AfterValidator(_location)]
    rpo: Annotated[Duration, AfterValidator(_watched)]
    replication: Replication = Replication.TURBO
    trigger: Trigger = Trigger.EVENTS
    interval: Annotated[Duration, AfterValidator(_interval)] = SHORTEST_INTERVAL
    retention: Annotated[Days, AfterValidator(_retention)] = LONGEST_RETENTION
    kms_key: (
        Annotated[str, Field(pattern=r"^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$")]
        | None
    ) = None
    owner: RegionName | None = None

    @property
    def geo_redundant(self) -> bool:
        """Whether the bucket lies in more than one region."""
        return self.location not in SINGLE_REGIONS


class Stores(Model):
    """The stores beside S3; none without an entry."""

    gcs: Gcs | None = None
