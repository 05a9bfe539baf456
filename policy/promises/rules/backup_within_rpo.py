"""https://velero.io/docs/main/api-types/schedule/ and S3's Replication Time Control"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from ..model import Finding, Resource, Severity, Stack, StackRule
from ..schedules import longest_gap
from ..values import at, known, sequence

TAKES = timedelta(minutes=5)
REPLICATES = timedelta(minutes=15)


def _check(stack: Stack) -> Iterator[Finding]:
    yield from _velero(stack)
    for job in stack.of("CronJob"):
        if "backup" not in job.title:
            continue
        if at(job.props, "spec", "suspend") is True:
            yield Finding(f"{job.title} is suspended", job.urn)
        yield from _too_rare(stack, job, [at(job.props, "spec", "schedule")])


def _velero(stack: Stack) -> Iterator[Finding]:
    schedules = stack.of("Schedule")
    namespaces: dict[str, list[Resource]] = {}
    for schedule in schedules:
        for namespace in sequence(at(schedule.props, "spec", "template", "includedNamespaces")):
            namespaces.setdefault(str(namespace), []).append(schedule)
    if stack.of("BackupStorageLocation") and not namespaces:
        yield Finding("there is a place for backups and no Schedule that makes them")
    told: set[str] = set()
    for _, covering in sorted(namespaces.items()):
        running = [each for each in covering if at(each.props, "spec", "paused") is not True]
        where = running[0] if running else covering[0]
        if where.urn in told:
            continue
        texts = [at(each.props, "spec", "schedule") for each in running]
        if not running:
            told.add(where.urn)
            yield Finding(f"{where.title} is paused, and nothing else backs its namespaces up", where.urn)
        for finding in _too_rare(stack, where, texts):
            told.add(where.urn)
            yield finding


def _too_rare(stack: Stack, where: Resource, texts: list[object]) -> Iterator[Finding]:
    """The most frequent of several schedules must keep the RPO."""
    if not texts or not all(known(text) for text in texts):
        return
    gaps = [gap for text in texts if (gap := longest_gap(str(text))) is not None]
    rpo = stack.promise.rpo
    if not gaps:
        yield Finding(f"the schedule of {where.title} is not to be read: {texts[0]}", where.urn)
    elif min(gaps) + TAKES + REPLICATES > rpo:
        terms = (
            f"{_minutes(min(gaps))} + {_minutes(TAKES)} to take it + {_minutes(REPLICATES)} to replicate it"
        )
        yield Finding(f"{where.title}: {terms} is more than the RPO of {_minutes(rpo)}", where.urn)


def _minutes(time: timedelta) -> str:
    return f"{time.total_seconds() / 60:g} min"


RULE = StackRule(
    id="backup-within-rpo",
    severity=Severity.CRITICAL,
    title="Backups are taken, and are in the other region, within the RPO",
    reason="What is lost is everything since the last backup that had been taken and copied: an hourly one "
    "breaks an "
    "RPO of an hour.",
    remedy="Take backups at least every RPO - 5 min - 15 min, and do not suspend them.",
    check=_check,
)
