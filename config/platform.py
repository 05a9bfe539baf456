"""What all regions share: the project value ``standfast:platform`` of Pulumi.yaml."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from config.stores import Gcs, Stores
from config.timings import ATTEMPT_TIMEOUT
from config.types import (
    AccountId,
    Cidr,
    Duration,
    Fqdn,
    Image,
    Location,
    Model,
    Name,
    RegionName,
    Size,
)


class Cloud(StrEnum):
    """Where a region runs."""

    AWS = "aws"


class Purpose(StrEnum):
    """What a bucket of a region is for; the first two are the lesson's names."""

    MODEL_REGISTRY = "model-registry"
    MODEL_REGISTRY_BACKUP = "model-registry-backup"
    VELERO = "velero"


class Objectives(Model):
    """The promise: how long until clients are served again, and how much may be lost."""

    rto: Duration
    rpo: Duration


class Inference(Model):
    """The inference service as each region runs it.

    ``peak_replicas`` is what one region must be able to run once its peer is gone: it is the HPA's
    maximum and the floor to which a region's failover raises it. A pod that has not answered within
    ``attempt_timeout`` is given up for another, and taken out when it is so three times in a row: longer than
    the slowest good answer, and at most half of what clients wait, or they go before the mesh has noticed.
    """

    image: Image
    replicas: Annotated[int, Field(ge=2, le=1000)]
    min_available: Annotated[int, Field(ge=1)]
    peak_replicas: Annotated[int, Field(ge=2, le=5000)]
    attempt_timeout: Annotated[Duration, Field(le=timedelta(minutes=5))] = ATTEMPT_TIMEOUT


class Models(Model):
    """The models that the service loads; ``size`` bytes must fit into a node's cache.

    They live on S3 in every region, and in each of ``stores``.
    """

    size: Size
    stores: Stores = Stores()


class Backup(Model):
    """How often the cluster's state and the model registry are copied away."""

    interval: Duration = timedelta(minutes=10)
    registry_interval: Duration = timedelta(minutes=30)


class RegionEntry(Model):
    """One region's line in the index, which every stack sees."""

    cloud: Cloud
    location: Location
    cidr: Cidr
    failover_to: RegionName


class Platform(Model):
    """The whole platform; ``regions`` maps a region's name to its entry."""

    name: Annotated[Name, Field(max_length=20)]
    account: AccountId
    domain: Fqdn
    hosted_zone: Fqdn
    primary: RegionName
    objectives: Objectives
    inference: Inference
    models: Models
    backup: Backup = Backup()
    regions: dict[RegionName, RegionEntry]

    def peers(self, region: RegionName) -> tuple[RegionName, ...]:
        """The regions with which ``region`` shares failover: its target, and those whose target it is."""
        return peers_of({name: entry.failover_to for name, entry in self.regions.items()}, region)

    @property
    def gcs(self) -> Gcs | None:
        """The copy on Google Cloud Storage, where the platform has one."""
        return self.models.stores.gcs

    @property
    def copy_owner(self) -> RegionName | None:
        """The one region whose stack has the copy on Google Cloud Storage."""
        return (self.gcs.owner or self.primary) if self.gcs else None

    @property
    def failover_of_primary(self) -> RegionName:
        """The region that answers for ``inference-dr.<domain>``."""
        return self.regions[self.primary].failover_to


def peers_of(failover_to: dict[str, str], region: str) -> tuple[str, ...]:
    """Peers of ``region`` in a map of failover targets, sorted."""
    sources = {name for name, target in failover_to.items() if target == region}
    return tuple(sorted((sources | {failover_to[region]}) - {region}))
