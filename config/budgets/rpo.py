"""How much may be lost with a region: how old the copies in its peers are when it goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from config.budgets.terms import Change, Term, over, total
from config.platform import Backup, Objectives
from config.problems import Problem
from config.timings import BACKUP_DURATION, BACKUP_START, REPLICATION, REPLICATION_BITS_PER_SECOND
from config.types import duration_text, size_text

INTERVALS = tuple(timedelta(minutes=minutes) for minutes in (5, 6, 10, 12, 15, 20, 30, 60))
"""What divides an hour into equal parts, so that cron can say it, and leaves a backup time to end before the
next: https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax"""

_MIB = 2**20


@dataclass(frozen=True)
class Exposure:
    """What may be lost of one kind of data when a region is lost at the worst moment."""

    what: str
    key: str
    value: str
    terms: tuple[Term, ...]
    rpo: timedelta
    changes: tuple[Change, ...]

    @property
    def total(self) -> timedelta:
        return total(self.terms)

    @property
    def holds(self) -> bool:
        return self.total <= self.rpo


def transfer_time(size: int, rate: int = REPLICATION_BITS_PER_SECOND) -> timedelta:
    """Whole seconds in which ``size`` bytes go to a peer at ``rate`` bits a second."""
    return timedelta(seconds=-(-size * 8 // rate))


def replication_time(size: int, rate: int = REPLICATION_BITS_PER_SECOND) -> timedelta:
    """Until ``size`` bytes, new all at once, are in a peer.

    The guarantee holds up to ``rate`` bits a second; what takes longer than the guarantee at that rate takes
    as long as it takes.
    """
    return max(REPLICATION, transfer_time(size, rate))


def _replication(size: int) -> Term:
    how = f"the guarantee of {duration_text(REPLICATION)}"
    if transfer_time(size) > REPLICATION:
        how = f"{size_text(size)} at the 1 Gbps up to which {how} holds"
    return Term("replication", replication_time(size), how)


def copy_terms(interval: timedelta, replication: timedelta = REPLICATION) -> tuple[Term, ...]:
    """The last good copy in the peer is as old as all four when the region goes just before the next."""
    return (
        Term("interval", interval, "the state changed just after the last backup began"),
        Term("start", BACKUP_START, "schedules are looked at once a minute"),
        Term("backup", BACKUP_DURATION, "the least that a backup is left to run in"),
        Term("replication", replication, "until the copy is in the peer's bucket"),
    )


def exposures(key: str, objectives: Objectives, backup: Backup, size: int) -> tuple[Exposure, ...]:
    """Models, cluster state and the registry's copy; ``size`` is that of the models, in bytes."""
    rpo, promise = objectives.rpo, f"{key}.objectives.rpo"
    models = (_replication(size),)
    most = rpo // timedelta(seconds=1) * REPLICATION_BITS_PER_SECOND // 8 // _MIB * _MIB
    smaller = (Change(f"{key}.models.size", most, size=True),) if rpo >= REPLICATION and most else ()
    return (
        Exposure(
            "models",
            f"{key}.models.size",
            size_text(size),
            models,
            rpo,
            (*smaller, Change(promise, total(models))),
        ),
        _copy(
            "cluster state",
            f"{key}.backup.interval",
            promise,
            backup.interval,
            rpo=rpo,
            replication=REPLICATION,
        ),
        _copy(
            "registry backup",
            f"{key}.backup.registryInterval",
            promise,
            backup.registry_interval,
            rpo=rpo,
            replication=replication_time(size),
        ),
    )


def _copy(
    what: str, key: str, promise: str, interval: timedelta, *, rpo: timedelta, replication: timedelta
) -> Exposure:
    terms = copy_terms(interval, replication)
    left = rpo - (total(terms) - interval)
    fitting = [Change(key, known) for known in INTERVALS if known <= left][-1:]
    return Exposure(what, key, duration_text(interval), terms, rpo, (*fitting, Change(promise, total(terms))))


def problems(key: str, objectives: Objectives, backup: Backup, size: int) -> Iterator[Problem]:
    """Every copy that may be older than the RPO allows, with its sum."""
    for exposure in exposures(key, objectives, backup, size):
        yield from over(
            exposure.key, exposure.value, exposure.terms, exposure.changes, promise="RPO", limit=exposure.rpo
        )
