"""The sums of the promise: what is left when a zone or a region goes. One GPU a replica."""

from __future__ import annotations

from collections.abc import Iterator

from config.platform import Inference
from config.problems import Problem
from config.region import Region


def lost_with_a_zone(replicas: int, zones: int) -> int:
    """Replicas in the fullest zone when they are spread with maxSkew 1."""
    return -(-replicas // zones)


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
    left = warm * (zones - 1)
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
