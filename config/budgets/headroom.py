"""What is left when a zone or a region goes, and what it costs to keep it warm. One GPU a replica."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from config.platform import Inference, RegionEntry, peers_of
from config.problems import Problem
from config.region import Region


def lost_with_a_zone(replicas: int, zones: int) -> int:
    """Replicas in the fullest zone when they are spread with maxSkew 1."""
    return -(-replicas // zones)


def gpus_after_zone(region: Region) -> int:
    """Warm GPUs with one zone gone; every zone has as many."""
    return region.warm_gpus_per_zone * (len(region.zones) - 1)


def zones_needed(replicas: int, min_available: int) -> int:
    """The fewest zones with which ``min_available`` replicas outlive any one of them."""
    return -(-replicas // (replicas - min_available))


def quorum_problems(key: str, inference: Inference, zones: int) -> Iterator[Problem]:
    """With one zone gone, the replicas that are left at once must be ``minAvailable`` or more."""
    lost = lost_with_a_zone(inference.replicas, zones)
    left = inference.replicas - lost
    if left >= inference.min_available:
        return
    enough = zones_needed(inference.replicas, inference.min_available)
    yield Problem(
        key,
        f"{zones} zones",
        f"{inference.replicas} replicas over {zones} zones: a lost zone takes {lost}, "
        f"{inference.replicas} - {lost} = {left} are left at once, "
        f"minAvailable is {inference.min_available}; "
        f"use {enough} zones or more, or a minAvailable of {left}",
    )


def headroom_problems(key: str, inference: Inference, region: Region) -> Iterator[Problem]:
    """With a zone gone the living ones hold all replicas warm; with a peer gone the region holds the peak."""
    zones, warm, most = len(region.zones), region.warm_gpus_per_zone, region.max_gpus_per_zone
    left = gpus_after_zone(region)
    if left < inference.replicas:
        need = -(-inference.replicas // (zones - 1))
        yield Problem(
            f"{key}.gpuPools",
            f"{warm} warm GPUs a zone",
            f"with one of {zones} zones gone, {zones - 1} x {warm} = {left} warm GPUs are left for "
            f"{inference.replicas} replicas; keep {need} GPUs warm in each zone",
        )
    if most * zones < inference.peak_replicas:
        need = -(-inference.peak_replicas // zones)
        yield Problem(
            f"{key}.gpuPools",
            f"{most} GPUs a zone at most",
            f"with the peer region gone, {zones} x {most} = {most * zones} GPUs must carry the peak of "
            f"{inference.peak_replicas} replicas; let each zone grow to {need} GPUs",
        )


HOURS_A_MONTH = 730
"""8,760 hours a year over twelve months, as AWS counts.
https://docs.aws.amazon.com/pricing-calculator/latest/userguide/what-is-pricing-calculator.html"""


@dataclass(frozen=True)
class Loss:
    """What is left in ``region`` when ``lost``, a zone of it or a peer region, is gone.

    ``replicas`` are ready at once, of which ``needed`` must be; ``warm_gpus`` run and ``most_gpus`` may,
    against ``peak`` replicas: all of the region's own with a zone lost, the platform's peak with a peer lost.
    """

    region: str
    lost: str
    replicas: int
    needed: int
    warm_gpus: int
    most_gpus: int
    peak: int

    @property
    def holds(self) -> bool:
        return self.replicas >= self.needed and self.most_gpus >= self.peak


def losses(
    inference: Inference, entries: Mapping[str, RegionEntry], regions: Mapping[str, Region]
) -> tuple[Loss, ...]:
    """Every zone of every region that has a stack file, and every peer of it."""
    targets = {name: entry.failover_to for name, entry in entries.items()}
    found: list[Loss] = []
    for name in (name for name in entries if name in regions):
        region = regions[name]
        zones = len(region.zones)
        left = inference.replicas - lost_with_a_zone(inference.replicas, zones)
        warm, most = gpus_after_zone(region), region.max_gpus_per_zone
        needed, replicas = inference.min_available, inference.replicas
        found += [
            # The promise of a lost zone is kept by warm GPUs alone: none has to be had in a hurry.
            Loss(name, zone, left, needed, warm, warm, replicas)
            for zone in region.zones
        ]
        found += [
            Loss(
                name,
                peer,
                replicas,
                needed,
                region.warm_gpus_per_zone * zones,
                most * zones,
                inference.peak_replicas,
            )
            for peer in peers_of(targets, name)
        ]
    return tuple(found)


@dataclass(frozen=True)
class Warmth:
    """GPUs that one region keeps running beyond its replicas, and what that costs.

    ``for_zone`` of them are there so that the other zones carry all replicas, ``for_region`` on top, so that
    a peer's load finds them; a lost zone's serve a lost peer as well. ``missing_for_region`` must start when
    a peer is lost. ``price`` is one GPU-hour's, None where a pool has none.
    """

    region: str
    serving: int
    for_zone: int
    for_region: int
    missing_for_region: int
    price: Decimal | None

    def gpu_hours(self, gpus: int) -> int:
        """GPU-hours of a month."""
        return gpus * HOURS_A_MONTH

    def money(self, gpus: int) -> Decimal | None:
        """What ``gpus`` cost in a month, in the currency of the prices."""
        return None if self.price is None else (self.price * self.gpu_hours(gpus)).quantize(Decimal("0.01"))


def warmth(name: str, inference: Inference, region: Region) -> Warmth:
    """What the promise costs in one region."""
    zones = len(region.zones)
    warm = region.warm_gpus_per_zone * zones
    idle = max(0, warm - inference.replicas)
    without_zone = -(-inference.replicas // (zones - 1)) * zones - inference.replicas
    for_zone = min(idle, without_zone)
    return Warmth(
        region=name,
        serving=min(warm, inference.replicas),
        for_zone=for_zone,
        for_region=idle - for_zone,
        missing_for_region=max(0, inference.peak_replicas - warm),
        price=_price(region),
    )


def _price(region: Region) -> Decimal | None:
    """One warm GPU's hour, over all pools that keep nodes warm."""
    pools = [pool for pool in region.gpu_pools if pool.warm_per_zone]
    prices = [(pool.node_price_per_hour, pool) for pool in pools if pool.node_price_per_hour is not None]
    if not pools or len(prices) < len(pools):
        return None
    paid = sum((price * pool.warm_per_zone for price, pool in prices), Decimal())
    return paid / region.warm_gpus_per_zone
