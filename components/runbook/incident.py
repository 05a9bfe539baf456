"""The facts of one loss: which region is gone, which one takes over, and what their parts are called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from config import names
from config.platform import Platform, Purpose


@dataclass(frozen=True, kw_only=True)
class Place:
    """A region as commands name it; ``context`` is its cluster and the kubectl context of the same name."""

    region: str
    location: str
    context: str
    fqdn: str
    registry: str
    registry_backup: str


@dataclass(frozen=True, kw_only=True)
class Copy:
    """The copy of the models on Google Cloud Storage; ``owner`` is the region whose stack has it."""

    bucket: str
    project: str
    owner: Place


@dataclass(frozen=True, kw_only=True)
class Incident:
    """``lost`` is gone, ``dr`` takes over. ``dr_fqdn`` is there when that name leads to ``dr``."""

    lost: Place
    dr: Place
    rto: timedelta
    rpo: timedelta
    entry_fqdn: str
    dr_fqdn: str | None
    hosted_zone: str
    zone_id: str
    replicas: int
    peak_replicas: int
    copy: Copy | None = None


def place(platform: Platform, region: str) -> Place:
    """The names of one region's parts, by rule."""
    return Place(
        region=region,
        location=platform.regions[region].location,
        context=names.cluster(platform, region),
        fqdn=names.region_fqdn(platform, region),
        registry=names.bucket_of(platform, Purpose.MODEL_REGISTRY, region),
        registry_backup=names.bucket_of(platform, Purpose.MODEL_REGISTRY_BACKUP, region),
    )


def _copy(platform: Platform) -> Copy | None:
    bucket, owner = names.models_gcs_bucket(platform), platform.copy_owner
    if platform.gcs is None or bucket is None or owner is None:
        return None
    return Copy(bucket=bucket, project=platform.gcs.project, owner=place(platform, owner))


def incident(platform: Platform, lost: str, zone_id: str) -> Incident:
    """What is known of the loss of ``lost``: its failover target takes over."""
    target = platform.regions[lost].failover_to
    return Incident(
        lost=place(platform, lost),
        dr=place(platform, target),
        rto=platform.objectives.rto,
        rpo=platform.objectives.rpo,
        entry_fqdn=names.entry_fqdn(platform),
        dr_fqdn=names.dr_fqdn(platform) if target == platform.failover_of_primary else None,
        hosted_zone=platform.hosted_zone,
        zone_id=zone_id,
        replicas=platform.inference.replicas,
        peak_replicas=platform.inference.peak_replicas,
        copy=_copy(platform),
    )


def losses(platform: Platform, region: str) -> tuple[str, ...]:
    """The losses that ``region`` keeps a runbook for, the most urgent first.

    A runbook must be readable when it is needed, so a region keeps those of the regions that it takes over
    from, the primary's first. Its own comes last: of use while its API still answers.
    """
    sources = [name for name, entry in platform.regions.items() if entry.failover_to == region]
    return (*sorted(sources, key=lambda name: (name != platform.primary, name)), region)
