"""What must hold between the parts of a configuration. Pure: each check yields the problems that it finds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from config import names
from config.budgets.rpo import INTERVALS
from config.platform import Backup, Cloud, Inference, Purpose, RegionEntry, peers_of
from config.problems import Problem, shown
from config.region import Capacity, GpuPool, ReadsFrom, Region
from config.stores import DUAL_REGIONS, SINGLE_REGIONS, Gcs, Replication
from config.types import duration_text

MIN_REGIONS = 2
MAX_REGIONS = 24

MAX_PEERS = 4
"""Peers of a region at most: each costs replication rules, a remote secret and a probe."""

MIN_PREFIX, MAX_PREFIX = 16, 20
"""A VPC is /16 at most (AWS); below /20 eight zones do not fit with room for pods."""

MAX_BUCKET_NAME = 63
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html"""


def inference_problems(key: str, inference: Inference) -> Iterator[Problem]:
    """The PodDisruptionBudget must leave room for one disruption, and the peak hold the usual size."""
    if inference.min_available >= inference.replicas:
        yield Problem(
            f"{key}.minAvailable",
            str(inference.min_available),
            f"must be below replicas ({inference.replicas}), or no node could ever be drained",
        )
    if inference.peak_replicas < inference.replicas:
        yield Problem(
            f"{key}.peakReplicas",
            str(inference.peak_replicas),
            f"must be at least replicas ({inference.replicas})",
        )


def interval_problems(key: str, backup: Backup) -> Iterator[Problem]:
    """A schedule must be one that cron can say; whether it meets the RPO is the budget's to say."""
    for name, interval in (("interval", backup.interval), ("registryInterval", backup.registry_interval)):
        if interval not in INTERVALS:
            yield Problem(
                f"{key}.{name}",
                duration_text(interval),
                "must divide an hour into equal parts: "
                f"{', '.join(duration_text(known) for known in INTERVALS[:-1])} or 1h",
            )


def index_problems(key: str, regions: Mapping[str, RegionEntry], known: frozenset[str]) -> Iterator[Problem]:
    """The index of regions: targets that exist, a bounded number of peers, networks apart.

    ``known`` are all names that stand in the index, also those of entries that could not be read.
    """
    if not MIN_REGIONS <= len(known) <= MAX_REGIONS:
        yield Problem(
            f"{key}.regions", f"{len(known)} regions", f"list {MIN_REGIONS} to {MAX_REGIONS} regions"
        )
    targets = {name: entry.failover_to for name, entry in regions.items()}
    for name, target in targets.items():
        where = f"{key}.regions.{name}.failoverTo"
        if target == name:
            yield Problem(where, shown(target), "a region cannot fail over to itself; name another region")
        elif target not in known:
            yield Problem(where, shown(target), f"names no region; choose one of {_others(known, name)}")
        peers = peers_of(targets, name)
        if len(peers) > MAX_PEERS:
            yield Problem(
                f"{key}.regions.{name}",
                f"{len(peers)} peers",
                f"{MAX_PEERS} at most; let some of {', '.join(peers)} fail over elsewhere",
            )
    yield from _network_problems(key, regions)


def _others(known: frozenset[str], name: str) -> str:
    return ", ".join(sorted(known - {name})) or "(there is none: add a second region)"


def _network_problems(key: str, regions: Mapping[str, RegionEntry]) -> Iterator[Problem]:
    for name, entry in regions.items():
        if not MIN_PREFIX <= entry.cidr.prefixlen <= MAX_PREFIX:
            yield Problem(
                f"{key}.regions.{name}.cidr",
                str(entry.cidr),
                f"must be a /{MIN_PREFIX} to /{MAX_PREFIX}",
            )
    for (one, first), (other, second) in combinations(sorted(regions.items()), 2):
        if first.cidr.overlaps(second.cidr):
            yield Problem(
                f"{key}.regions.{other}.cidr",
                str(second.cidr),
                f"overlaps {first.cidr} of {one}; give each region a network of its own",
            )
        if (first.cloud, first.location) == (second.cloud, second.location):
            yield Problem(
                f"{key}.regions.{other}.location",
                shown(second.location),
                f"is that of {one} too; two regions in one place fall together",
            )


def bucket_problems(
    key: str, platform: str, account: str, regions: Mapping[str, RegionEntry]
) -> Iterator[Problem]:
    """Every bucket name that the rule gives must be one that S3 takes."""
    for region in regions:
        for purpose in Purpose:
            name = names.bucket(platform, purpose, region, account)
            if len(name) > MAX_BUCKET_NAME:
                yield Problem(
                    f"{key}.regions.{region}",
                    shown(name),
                    f"the bucket's name has {len(name)} characters, S3 takes {MAX_BUCKET_NAME}; "
                    f"shorten the platform's name or the region's by {len(name) - MAX_BUCKET_NAME}",
                )


def copy_problems(
    key: str, gcs: Gcs, platform: str, account: str, regions: Mapping[str, RegionEntry]
) -> Iterator[Problem]:
    """The copy on GCS: replication that its location has, a name that it may have, a region that owns it."""
    where = f"{key}.models.stores.gcs"
    if gcs.replication is Replication.TURBO and gcs.location not in DUAL_REGIONS:
        kind = "a single region" if gcs.location in SINGLE_REGIONS else "a multi-region"
        yield Problem(
            f"{where}.replication",
            shown(str(gcs.replication)),
            f"{gcs.location} is {kind}, and only a dual-region has turbo replication: choose one of "
            f"{', '.join(DUAL_REGIONS)}, or set replication to default",
        )
    bucket = names.gcs_bucket(platform, gcs.project)
    if len(bucket) > MAX_BUCKET_NAME:
        yield Problem(
            f"{where}.project",
            shown(bucket),
            f"the bucket's name has {len(bucket)} characters, GCS takes {MAX_BUCKET_NAME}; shorten the "
            f"platform's name or the project's by {len(bucket) - MAX_BUCKET_NAME}",
        )
    sources = {names.bucket(platform, purpose, region, account) for region in regions for purpose in Purpose}
    if bucket in sources:
        yield Problem(
            f"{where}.project",
            shown(bucket),
            "the copy's bucket has the name of one that it is copied from, and a store would be copied into "
            "itself; use a project of another id",
        )
    if gcs.owner is not None and gcs.owner not in regions:
        yield Problem(
            f"{where}.owner", shown(gcs.owner), f"names no region; choose one of {', '.join(sorted(regions))}"
        )
    if gcs.kms_key is not None and gcs.kms_key.split("/")[3] != gcs.location:
        yield Problem(
            f"{where}.kmsKey",
            shown(gcs.kms_key),
            f"must be in {gcs.location} too: GCS takes no key of another location",
        )


def reading_problems(
    key: str, name: str, region: Region, owner: str | None, peers: Sequence[str]
) -> Iterator[Problem]:
    """Pods can read the copy where the copy's owner lets them: in its own cluster and in its peers'."""
    if region.reads_from is not ReadsFrom.GCS:
        return
    where = f"{key}.readsFrom"
    if owner is None:
        yield Problem(
            where, "'gcs'", "the platform has no models.stores.gcs; set it, or read from own or peer"
        )
    elif name != owner and owner not in peers:
        yield Problem(
            where,
            "'gcs'",
            f"the copy belongs to {owner}, which is no peer of {name}; set models.stores.gcs.owner to "
            f"{' or '.join([name, *peers])}",
        )


def zone_problems(key: str, region: Region, entry: RegionEntry) -> Iterator[Problem]:
    """Zones must be different ones, of the region's own location."""
    if len(set(region.zones)) < len(region.zones):
        yield Problem(f"{key}.zones", ", ".join(region.zones), "names a zone twice; list each once")
    for zone in region.zones:
        if entry.cloud is Cloud.AWS and zone[:-1] != entry.location:
            yield Problem(
                f"{key}.zones", shown(zone), f"is not a zone of {entry.location}, such as {entry.location}a"
            )


def pool_problems(key: str, region: Region) -> Iterator[Problem]:
    """Each pool by itself: a name of its own, room to grow, reservations where they are needed."""
    seen: set[str] = set()
    for position, pool in enumerate(region.gpu_pools):
        where = f"{key}.gpuPools.{position}"
        if pool.name in seen:
            yield Problem(f"{where}.name", shown(pool.name), "two pools have this name; rename one")
        seen.add(pool.name)
        if pool.max_per_zone < pool.warm_per_zone:
            yield Problem(
                f"{where}.maxPerZone",
                str(pool.max_per_zone),
                f"must be at least warmPerZone ({pool.warm_per_zone})",
            )
        yield from _reservation_problems(where, pool, region)


def _reservation_problems(where: str, pool: GpuPool, region: Region) -> Iterator[Problem]:
    if pool.capacity is not Capacity.RESERVATION:
        if pool.reservations:
            yield Problem(
                f"{where}.reservations",
                f"{len(pool.reservations)} zones",
                f"goes with capacity: reservation only, not {pool.capacity}",
            )
        return
    missing = [zone for zone in region.zones if zone not in pool.reservations]
    strange = [zone for zone in pool.reservations if zone not in region.zones]
    if missing:
        yield Problem(f"{where}.reservations", ", ".join(missing), "no reservation named; add one a zone")
    if strange:
        yield Problem(f"{where}.reservations", ", ".join(strange), "not a zone of this region; remove it")
