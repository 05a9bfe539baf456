"""What a client's log, a publisher's ledger and the marks of a drill say: pure. Times are epoch seconds."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from drills.traffic.log import Request
from drills.traffic.publisher import Version
from drills.traffic.returns import Emptied
from drills.traffic.target import Backup, Call, Detection
from drills.view import Snapshot
from drills.zone_loss.measure import Loss

SERVED_SHARE = 0.99
WINDOW_S = 1.0


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened. `kind` is a drill's `fault`, `action` or `healed`, or one of `Noticed`."""

    t: float
    kind: str
    what: str


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All that one run of a drill left behind.

    `region` is the one that was broken in; `dead` are the regions that were lost as a whole. The run began at
    `began`, broke at `fault`, was mended at `healed` and watched until `ended`. `marks` are further moments
    that a scenario names. `completed` says when each version was whole, by region. `capacity` is the
    recovery of the pods where a zone was lost, with `nodes` in that zone. `backups` are those that each
    survivor had when a region was lost. `emptied` is what was lost with all buckets, and `back` when each
    version was there again, by region.
    """

    region: str
    zone: str
    dead: frozenset[str]
    began: float
    fault: float
    healed: float
    ended: float
    requests: Sequence[Request]
    events: Sequence[Event]
    ledger: Sequence[Version]
    completed: Mapping[str, Mapping[str, float]]
    calls: Sequence[Call]
    detection: Detection
    marks: Mapping[str, float] = field(default_factory=dict[str, float])
    ready_before: Mapping[str, int] = field(default_factory=dict[str, int])
    ready_after: Mapping[str, int] = field(default_factory=dict[str, int])
    capacity: Loss | None = None
    nodes: int = 0
    backups: Mapping[str, Sequence[Backup]] = field(default_factory=dict[str, Sequence[Backup]])
    emptied: Emptied | None = None
    back: Mapping[str, Mapping[str, float]] = field(default_factory=dict[str, Mapping[str, float]])
    changes_after: Mapping[str, int] | None = None


def between(requests: Sequence[Request], start: float, end: float) -> Sequence[Request]:
    """The requests, in order of their beginning, that began in [start, end)."""
    first = bisect_left(requests, start, key=lambda request: request.t)
    return requests[first : bisect_left(requests, end, key=lambda request: request.t)]


def recovery(requests: Sequence[Request], fault: float, end: float) -> float | None:
    """Seconds from the fault until clients are served again; None when they are not by `end`.

    A moment is served when of the requests that began within the next second at least 99 % succeeded, and at
    least one did begin. The moments looked at are the fault and the beginning of each later request, as far
    as their second has passed by `end`. Recovered is the first served moment after which all are: 0 where
    the fault itself is followed by none that is not. A request that began before and failed later counts
    where it began.
    """
    seen = between(requests, fault, end)
    moments = [fault, *(request.t for request in seen)]
    failed = [0]
    for request in seen:
        failed.append(failed[-1] + (not request.ok))
    starts = moments[1:]
    first: float | None = None
    last = 0
    for moment in moments:
        if moment + WINDOW_S > end:
            break
        begin = bisect_left(starts, moment)
        while last < len(starts) and starts[last] < moment + WINDOW_S:
            last += 1
        count, bad = last - begin, failed[last] - failed[begin]
        if count == 0 or bad > (1 - SERVED_SHARE) * count + 1e-9:
            first = None
        elif first is None:
            first = moment
    return None if first is None else first - fault


def bad_seconds(requests: Sequence[Request], start: float, end: float) -> int:
    """How many of the whole seconds from `start` on had requests of which less than 99 % succeeded."""
    total: Counter[int] = Counter()
    failed: Counter[int] = Counter()
    for request in between(requests, start, end):
        second = int(request.t - start)
        total[second] += 1
        failed[second] += not request.ok
    return sum(bad > (1 - SERVED_SHARE) * total[second] + 1e-9 for second, bad in failed.items() if bad)


def percentile(values: Iterable[float], share: float) -> float | None:
    """The nearest-rank percentile (`share` from 0 to 1); None of nothing."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Of the requests that a region answered well, in seconds."""

    count: int
    p50: float
    p99: float
    worst: float


def latencies(requests: Iterable[Request]) -> dict[str, Latency]:
    """The latency of successful requests by the region that answered."""
    by_region: defaultdict[str, list[float]] = defaultdict(list)
    for request in requests:
        if request.ok and request.region is not None:
            by_region[request.region].append(request.latency_s)
    return {
        region: Latency(
            count=len(values),
            p50=percentile(values, 0.5) or 0.0,
            p99=percentile(values, 0.99) or 0.0,
            worst=max(values),
        )
        for region, values in sorted(by_region.items())
    }


def answering(requests: Iterable[Request]) -> frozenset[str]:
    """The regions that answered."""
    return frozenset(request.region for request in requests if request.ok and request.region is not None)


def dns_changes(requests: Sequence[Request]) -> list[Event]:
    """Each moment from which the client called another address than before."""
    regions = {
        request.resolved: request.region
        for request in requests
        if request.ok and request.resolved is not None and request.region is not None
    }
    changes: list[Event] = []
    before: str | None = None
    for request in requests:
        if request.resolved is None or request.resolved == before:
            continue
        if before is not None:
            whose = regions.get(request.resolved)
            where = f"{request.resolved} ({whose})" if whose else request.resolved
            changes.append(Event(t=request.t, kind="dns", what=f"the client is led to {where}"))
        before = request.resolved
    return changes


SETTLED_S = 2.0
"""A change of ready pods that is followed by another within so many seconds is on its way, and not told."""


def scalings(region: str, timeline: Sequence[Snapshot], zero: float) -> list[Event]:
    """Each time that a region's ready pods became others, by zone; `timeline` counts from `zero`.

    The first state is where it begins, and no event.
    """
    changes: list[Event] = []
    told = timeline[0].ready
    for now, then in zip(timeline[1:], [*timeline[2:], None], strict=True):
        if now.ready == told or (then is not None and then.at - now.at < SETTLED_S):
            continue
        told = now.ready
        zones = ", ".join(f"{zone} {count}" for zone, count in sorted(told.items()) if count)
        what = f"{region} has {sum(told.values())} pods ready" + (f" ({zones})" if zones else "")
        changes.append(Event(t=zero + now.at, kind="scaled", what=what))
    return changes


def lag_at(ledger: Sequence[Version], completed: Mapping[str, float], moment: float) -> float:
    """Seconds of publishing that a bucket lacked at `moment`.

    The age of the oldest version that was acknowledged by then and was not whole there: what would be gone
    if nothing but this bucket were left.
    """
    return max(
        (
            moment - entry.acknowledged_at
            for entry in ledger
            if entry.acknowledged_at <= moment < completed.get(entry.version, math.inf)
        ),
        default=0.0,
    )


def largest_lag(evidence: Evidence, moment: float) -> float | None:
    """The same for the survivor that was furthest behind; None when nothing had been acknowledged."""
    if not any(entry.acknowledged_at <= moment for entry in evidence.ledger):
        return None
    survivors = [region for region in evidence.completed if region not in evidence.dead | {evidence.region}]
    return max(
        (lag_at(evidence.ledger, evidence.completed[region], moment) for region in survivors), default=None
    )


def backup_age(evidence: Evidence, moment: float) -> float | None:
    """How old the newest backup of the region was that a survivor had, from its start; None: none had any."""
    started = [
        backup.started
        for backups in evidence.backups.values()
        for backup in backups
        if backup.of == evidence.region and backup.started <= moment
    ]
    return moment - max(started) if started else None


def caught_up(evidence: Evidence, start: float) -> float | None:
    """Seconds from `start` until every region has all that was acknowledged by then; None: one never has."""
    due = [entry.version for entry in evidence.ledger if entry.acknowledged_at <= start]
    moments = [known.get(version, math.inf) for known in evidence.completed.values() for version in due]
    last = max(moments, default=start)
    return None if last == math.inf else max(0.0, last - start)


def last_served(requests: Iterable[Request], version: str) -> float | None:
    """When the last request began that was answered with this version."""
    return max((r.t for r in requests if r.ok and r.model_version == version), default=None)
