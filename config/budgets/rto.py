"""How long until what must serve does, when a zone or a region is lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from config.budgets.headroom import gpus_after_zone, lost_with_a_zone
from config.budgets.terms import Change, Term, over, total
from config.platform import Inference, Objectives, RegionEntry, peers_of
from config.problems import Problem
from config.region import Region
from config.timings import (
    ALERT_EVALUATION,
    AUTOSCALER_SCAN,
    CONNECT_TIMEOUT,
    DNS_TTL,
    HPA_SYNC,
    IMAGE_PULL,
    LOAD_BYTES_PER_SECOND,
    NODE_EVICTION,
    NODE_GRACE,
    NODE_START,
    OUTLIER_ERRORS,
    OUTLIER_INTERVAL,
    PEER_DOWN_FOR,
    PEER_GROUP_WAIT,
    PEER_RECORD,
    PEER_WINDOW,
    PROBE_FAILURES,
    PROBE_INTERVAL,
    READINESS_DELAY,
    READINESS_PERIOD,
    TOLERATION,
)
from config.types import duration_text, size_text

_NOTHING = timedelta()
_ERROR = max(OUTLIER_INTERVAL, CONNECT_TIMEOUT)
"""What an error costs at least."""


class Failure(StrEnum):
    """What is lost."""

    ZONE = "zone"
    REGION = "region"


@dataclass(frozen=True)
class Capacity:
    """Replicas: ``needed`` for the promise, ``ready`` on what is left, and the GPUs warm there in all."""

    needed: int
    ready: int
    warm: int


@dataclass(frozen=True)
class Recovery:
    """What one region's loss of a zone, or its loss as a whole, costs its clients.

    ``carried_by`` is the region that serves instead: the slowest of its peers. ``terms`` end when as many
    replicas serve as the promise needs: ``minAvailable`` with a zone lost, ``peakReplicas`` in the peer of a
    lost region. ``full`` is until the region itself has all its replicas again, or the peer its peak.
    """

    region: str
    failure: Failure
    carried_by: str
    capacity: Capacity
    terms: tuple[Term, ...]
    full: timedelta
    rto: timedelta

    @property
    def total(self) -> timedelta:
        return total(self.terms)

    @property
    def holds(self) -> bool:
        return self.total <= self.rto


def load_time(size: int) -> timedelta:
    """Whole seconds in which models of ``size`` bytes come into a node's cold cache."""
    return timedelta(seconds=-(-size // LOAD_BYTES_PER_SECOND))


def _more_replicas(capacity: Capacity, react: Term, size: int) -> tuple[Term, ...]:
    """Until replicas that are not ready yet serve.

    Headroom covers in two steps. Replicas that are ready cover everything. A warm GPU covers the start of a
    node, but nothing else: the image and the cache come with the first pod that runs there (the cache is the
    Mountpoint pod's own directory).
    https://github.com/awslabs/mountpoint-s3-csi-driver/blob/main/docs/CACHING.md
    """
    if capacity.ready >= capacity.needed:
        covered = f"covered: {capacity.ready} ready replicas for {capacity.needed}"
        names = (react.name, "node start", "image pull", "weight load")
        return tuple(Term(name, _NOTHING, covered) for name in names)
    node = Term("node start", _NOTHING, f"covered: {capacity.warm} warm GPUs for {capacity.needed} replicas")
    if capacity.warm < capacity.needed:
        how = f"{capacity.needed - capacity.warm} GPUs more than the {capacity.warm} warm ones"
        node = Term("node start", AUTOSCALER_SCAN + NODE_START, how)
    rate = f"{LOAD_BYTES_PER_SECOND / 1e6:.0f} MB/s"
    return (
        react,
        node,
        Term("image pull", IMAGE_PULL, "onto a GPU that did not serve before"),
        Term("weight load", load_time(size), f"{size_text(size)} at {rate}"),
    )


def zone_capacity(inference: Inference, region: Region) -> Capacity:
    """With the fullest zone gone; ``minAvailable`` is what must serve."""
    left = inference.replicas - lost_with_a_zone(inference.replicas, len(region.zones))
    return Capacity(inference.min_available, left, gpus_after_zone(region))


def zone_terms(inference: Inference, region: Region, size: int, needed: int) -> tuple[Term, ...]:
    """A zone lost: the mesh takes its endpoints out; pods move when the nodes count as gone.

    The names of the region do not move. A pod's way: the node's grace, its own toleration, its node's turn
    (one every 10 s), and the readiness probe.
    """
    lost = lost_with_a_zone(inference.replicas, len(region.zones))
    capacity = zone_capacity(inference, region)
    error = max(_ERROR, inference.attempt_timeout)
    moved = NODE_GRACE + TOLERATION + NODE_EVICTION * lost + READINESS_DELAY + READINESS_PERIOD
    return (
        Term("detection", error * OUTLIER_ERRORS, f"{OUTLIER_ERRORS} errors x {duration_text(error)}"),
        Term("DNS TTL", _NOTHING, "the region keeps its names"),
        *_more_replicas(
            Capacity(needed, capacity.ready, capacity.warm),
            Term("scale-up", moved, f"node grace, toleration, {lost} nodes one by one, readiness"),
            size,
        ),
    )


def region_capacity(inference: Inference, survivor: Region) -> Capacity:
    """In a peer of a lost region: the platform's peak is what must serve."""
    return Capacity(
        inference.peak_replicas, inference.replicas, survivor.warm_gpus_per_zone * len(survivor.zones)
    )


def region_terms(inference: Inference, survivor: Region, size: int) -> tuple[Term, ...]:
    """A region lost: DNS leaves it out, and ``survivor`` raises its floor to the peak.

    The floor is raised while DNS still turns; that both are added up is on the safe side.
    """
    raised = PEER_WINDOW + PEER_RECORD + PEER_DOWN_FOR + ALERT_EVALUATION + PEER_GROUP_WAIT + HPA_SYNC
    return (
        Term(
            "detection",
            PROBE_INTERVAL * PROBE_FAILURES,
            f"{PROBE_FAILURES} probes x {duration_text(PROBE_INTERVAL)}",
        ),
        Term("DNS TTL", DNS_TTL, "resolvers keep the last answer"),
        *_more_replicas(
            region_capacity(inference, survivor),
            Term("scale-up", raised + READINESS_DELAY + READINESS_PERIOD, "alert, raised floor, readiness"),
            size,
        ),
    )


def recoveries(
    objectives: Objectives,
    inference: Inference,
    size: int,
    entries: Mapping[str, RegionEntry],
    regions: Mapping[str, Region],
) -> tuple[Recovery, ...]:
    """For each region: a zone of it lost, and all of it. Regions without a stack file carry nothing."""
    targets = {name: entry.failover_to for name, entry in entries.items()}
    found: list[Recovery] = []
    for name in entries:
        region = regions.get(name)
        if region is not None:
            found.append(
                Recovery(
                    name,
                    Failure.ZONE,
                    name,
                    zone_capacity(inference, region),
                    zone_terms(inference, region, size, inference.min_available),
                    total(zone_terms(inference, region, size, inference.replicas)),
                    objectives.rto,
                )
            )
        peers = [peer for peer in peers_of(targets, name) if peer in regions]
        ways = [(region_terms(inference, regions[peer], size), peer) for peer in peers]
        if ways:
            terms, peer = max(ways, key=lambda way: total(way[0]))
            capacity = region_capacity(inference, regions[peer])
            found.append(Recovery(name, Failure.REGION, peer, capacity, terms, total(terms), objectives.rto))
    return tuple(found)


def problems(
    platform: str, key: str, objectives: Objectives, inference: Inference, *, size: int, region: Region
) -> Iterator[Problem]:
    """What of the RTO the region at ``key`` cannot keep, for a zone of its own and for its peers.

    ``platform`` is the key of what all regions share, of which a change may speak.
    """
    rto, promise = objectives.rto, f"{platform}.objectives.rto"
    zone = zone_terms(inference, region, size, inference.min_available)
    peer = region_terms(inference, region, size)
    changes = {
        "zones": [
            *_fewer_available(platform, inference, region, size, rto),
            *_quicker_attempts(platform, inference, zone, rto),
            Change(promise, total(zone)),
        ],
        "gpuPools": [
            *_more_ready(platform, inference, region, peer, rto),
            *_more_warm(key, inference, region, peer, rto),
            Change(promise, total(peer)),
        ],
    }
    yield from over(f"{key}.zones", "a zone lost", zone, changes["zones"], promise="RTO", limit=rto)
    yield from over(
        f"{key}.gpuPools", "a peer region lost", peer, changes["gpuPools"], promise="RTO", limit=rto
    )


def _fewer_available(
    platform: str, inference: Inference, region: Region, size: int, rto: timedelta
) -> Iterator[Change]:
    """The most that fits: more than the warm GPUs takes a node to start, more than what is ready a pod."""
    capacity = zone_capacity(inference, region)
    for fewer in sorted({capacity.warm, capacity.ready}, reverse=True):
        if 0 < fewer < inference.min_available and total(zone_terms(inference, region, size, fewer)) <= rto:
            yield Change(f"{platform}.inference.minAvailable", fewer)
            return


def _quicker_attempts(
    platform: str, inference: Inference, terms: tuple[Term, ...], rto: timedelta
) -> Iterator[Change]:
    """The longest that fits, in whole seconds."""
    left = rto - total(terms[1:])
    longest = timedelta(seconds=left // OUTLIER_ERRORS // timedelta(seconds=1))
    if _ERROR <= longest < inference.attempt_timeout:
        yield Change(f"{platform}.inference.attemptTimeout", longest)


def _more_ready(
    platform: str, inference: Inference, region: Region, terms: tuple[Term, ...], rto: timedelta
) -> Iterator[Change]:
    """All replicas of the peak at all times, where the warm GPUs would carry them without a zone."""
    seen = terms[0].time + terms[1].time
    if seen <= rto and gpus_after_zone(region) >= inference.peak_replicas > inference.replicas:
        yield Change(f"{platform}.inference.replicas", inference.peak_replicas)


def _more_warm(
    key: str, inference: Inference, region: Region, terms: tuple[Term, ...], rto: timedelta
) -> Iterator[Change]:
    """No node has to start when the peak fits on warm GPUs: the nodes that the first pool with room lacks."""
    start = next(term.time for term in terms if term.name == "node start")
    if not start or total(terms) - start > rto:
        return
    lacking = -(-inference.peak_replicas // len(region.zones)) - region.warm_gpus_per_zone
    for position, pool in enumerate(region.gpu_pools):
        warm = pool.warm_per_zone + -(-lacking // pool.gpus_per_node)
        if warm <= pool.max_per_zone:
            yield Change(f"{key}.gpuPools.{position}.warmPerZone", warm)
            return
