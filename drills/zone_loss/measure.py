"""What a recorded timeline says about a zone's loss and its return: pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from drills.view import Snapshot, Workload


@dataclass(frozen=True)
class Promise:
    """What a workload promises, by its own manifests."""

    workload: Workload
    replicas: int
    min_available: int
    max_skew: int


@dataclass(frozen=True)
class Loss:
    """Seconds since the zone stopped answering, None for what did not come; `most_missing` in replicas."""

    nodes_not_ready: float | None
    endpoints_gone: float | None
    min_available_ready: float | None
    all_ready: float | None
    most_missing: int

    @property
    def recovered(self) -> bool:
        return self.all_ready is not None and self.endpoints_gone is not None


@dataclass(frozen=True)
class Return:
    """Seconds since the zone answers again, None for what did not come; `most_missing` in replicas."""

    nodes_ready: float | None
    spread_back: float | None
    most_missing: int

    @property
    def recovered(self) -> bool:
        return self.spread_back is not None


def since(timeline: Sequence[Snapshot], holds: Callable[[Snapshot], bool]) -> float | None:
    """The time from which `holds` is true up to the end of the timeline; None when it is false there."""
    start: float | None = None
    for snapshot in timeline:
        if not holds(snapshot):
            start = None
        elif start is None:
            start = snapshot.at
    return start


def living(snapshot: Snapshot, zones: Collection[str]) -> int:
    """Ready replicas in these zones."""
    return sum(count for zone, count in snapshot.ready.items() if zone in zones)


def skew(snapshot: Snapshot, zones: Collection[str]) -> int:
    """Ready replicas of the fullest zone over those of the emptiest."""
    counts = [snapshot.ready.get(zone, 0) for zone in zones]
    return max(counts) - min(counts)


def loss(
    timeline: Sequence[Snapshot], zone: str, zones: Collection[str], replicas: int, min_available: int
) -> Loss:
    """The loss of `zone`. A replica there is missing at once: no client reaches it, whatever the API says."""
    left = [other for other in zones if other != zone]
    return Loss(
        nodes_not_ready=since(timeline, lambda s: s.nodes_ready.get(zone, 0) == 0),
        endpoints_gone=since(timeline, lambda s: s.endpoints.get(zone, 0) == 0),
        min_available_ready=since(timeline, lambda s: living(s, left) >= min_available),
        all_ready=since(timeline, lambda s: living(s, left) >= replicas),
        most_missing=max((replicas - living(s, left) for s in timeline), default=0),
    )


def restored(
    timeline: Sequence[Snapshot], zone: str, zones: Collection[str], replicas: int, max_skew: int
) -> Return:
    """The return of `zone`, until all replicas are ready and spread over all zones again."""
    return Return(
        nodes_ready=since(timeline, lambda s: 0 < s.nodes.get(zone, 0) == s.nodes_ready.get(zone, 0)),
        spread_back=since(timeline, lambda s: skew(s, zones) <= max_skew and living(s, zones) >= replicas),
        most_missing=max((max(0, replicas - living(s, zones)) for s in timeline), default=0),
    )
