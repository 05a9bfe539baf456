"""How old the copy of the models in another cloud may be when the whole of the first one is gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from config.budgets.rpo import Exposure, transfer_time
from config.budgets.terms import Change, Term, over, total
from config.platform import Models
from config.problems import Problem
from config.stores import DUAL_REGIONS, LONGEST_ABSENCE, SHORTEST_INTERVAL, Gcs, Replication
from config.timings import COPY_BITS_PER_SECOND, DEFAULT_REPLICATION, TURBO_REPLICATION
from config.types import duration_text, size_text

_MIB = 2**20


def replication(gcs: Gcs) -> timedelta:
    """Until a new object is in both places of the bucket; a single region has one."""
    if not gcs.geo_redundant:
        return timedelta()
    return TURBO_REPLICATION if gcs.replication is Replication.TURBO else DEFAULT_REPLICATION


def terms(gcs: Gcs, size: int) -> tuple[Term, ...]:
    """The newest copy is as old as all three when the cloud goes just before the next is whole.

    Only the schedule counts: Google promises no time in which an event starts a copy.
    """
    moving = transfer_time(size, COPY_BITS_PER_SECOND)
    waiting, why = gcs.interval, "an object came just after the last run had looked"
    if moving > gcs.interval:
        waiting, why = moving, "a run begins when the one before it has ended"
    return (
        Term("schedule", waiting, why),
        Term("transfer", moving, f"{size_text(size)} at {COPY_BITS_PER_SECOND // 10**9} Gbps"),
        Term("replication", replication(gcs), f"{gcs.replication} in {gcs.location}"),
    )


def silence(gcs: Gcs) -> timedelta:
    """How long no run may have looked at an object before the promise is broken; in whole minutes."""
    return (gcs.rpo - replication(gcs)) // timedelta(minutes=1) * timedelta(minutes=1)


def exposures(key: str, models: Models) -> tuple[Exposure, ...]:
    """The copy on Google Cloud Storage, where there is one."""
    gcs, size = models.stores.gcs, models.size
    if gcs is None:
        return ()
    where = f"{key}.models.stores.gcs"
    found = terms(gcs, size)
    return (
        Exposure(
            "models on GCS",
            f"{where}.interval",
            duration_text(gcs.interval),
            found,
            gcs.rpo,
            tuple(_changes(key, gcs, size)),
        ),
    )


def _changes(key: str, gcs: Gcs, size: int) -> Iterator[Change]:
    where = f"{key}.models.stores.gcs"
    found = terms(gcs, size)
    left = gcs.rpo - replication(gcs)
    moving = transfer_time(size, COPY_BITS_PER_SECOND)
    shorter = left - moving
    if SHORTEST_INTERVAL <= shorter < gcs.interval and moving <= shorter:
        yield Change(f"{where}.interval", shorter)
    turbo = gcs.model_copy(update={"replication": Replication.TURBO})
    slow = gcs.replication is not Replication.TURBO
    if slow and gcs.location in DUAL_REGIONS and total(terms(turbo, size)) <= gcs.rpo:
        yield Change(f"{where}.replication", str(Replication.TURBO))
    seconds = min(left - gcs.interval, gcs.interval) // timedelta(seconds=1)
    most = seconds * COPY_BITS_PER_SECOND // 8 // _MIB * _MIB
    if 0 < most < size:
        yield Change(f"{key}.models.size", most, size=True)
    if total(found) <= LONGEST_ABSENCE:
        yield Change(f"{where}.rpo", total(found))


def problems(key: str, models: Models) -> Iterator[Problem]:
    """A copy that may be older than it was promised to be, with its sum."""
    for exposure in exposures(key, models):
        yield from over(
            exposure.key, exposure.value, exposure.terms, exposure.changes, promise="RPO", limit=exposure.rpo
        )
