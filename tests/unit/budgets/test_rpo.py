"""How much may be lost: the sums, and what is said when they are too long."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from config.budgets.rpo import Exposure, exposures, problems, replication_time, transfer_time
from config.platform import Backup
from tests.unit.budgets.platforms import GIB, Case, cases, objectives

KINDS = ("models", "cluster state", "registry backup")


def exposed(case: Case) -> dict[str, Exposure]:
    found = exposures("p", case.objectives, case.backup, case.size)
    return {exposure.what: exposure for exposure in found}


def test_140_gb_take_longer_than_the_guarantee():
    assert replication_time(140 * 10**9) == timedelta(minutes=18, seconds=40)
    assert replication_time(112_500_000_000) == timedelta(minutes=15)
    assert replication_time(112_500_000_000 + 125_000_000) == timedelta(minutes=15, seconds=1)
    assert replication_time(140 * 10**9, rate=2_000_000_000) == timedelta(minutes=15)


@given(st.integers(1, 2**45))
def test_replication_takes_the_longer_of_guarantee_and_transfer(size: int):
    assert replication_time(size) == max(timedelta(minutes=15), transfer_time(size))
    assert transfer_time(size) >= timedelta(seconds=size * 8 / 1e9 - 1e-6)


def test_the_project_s_own_sums():
    found = exposures("p", objectives(), Backup(), 140 * GIB)
    assert [(exposure.what, exposure.total) for exposure in found] == [
        ("models", timedelta(minutes=20, seconds=3)),
        ("cluster state", timedelta(minutes=30)),
        ("registry backup", timedelta(minutes=55, seconds=3)),
    ]
    assert not list(problems("p", objectives(), Backup(), 140 * GIB))
    (term,) = found[0].terms
    assert term.how == "140GiB at the 1 Gbps up to which the guarantee of 15m holds"


def test_a_refusal_tells_the_terms_their_sum_and_the_changes():
    backup = Backup(interval=timedelta(minutes=20), registry_interval=timedelta(minutes=20))
    found = problems("p", objectives(rpo=timedelta(minutes=40)), backup, 300 * GIB)
    assert [str(problem) for problem in found] == [
        "p.models.size: 300GiB: replication 42m57s = 42m57s is over the RPO of 40m; "
        "set p.models.size to 286102MiB, or set p.objectives.rpo to 42m57s",
        "p.backup.registryInterval: 20m: interval 20m + start 1m + backup 4m + replication 42m57s = 1h7m57s "
        "is over the RPO of 40m; set p.objectives.rpo to 1h7m57s",
    ]


def minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


def demand_smallest_changes(case: Case, what: str) -> set[str]:
    """Each named change makes the budget hold, a smaller one does not; the keys of all of them."""
    for change in exposed(case)[what].changes:
        assert exposed(case.with_change(change))[what].holds, change
        assert not exposed(case.with_change(change, step=1))[what].holds, change
    return {change.key for change in exposed(case)[what].changes}


@given(cases(), st.sampled_from(KINDS), st.integers(1, 3000))
def test_every_named_change_makes_the_budget_hold_and_a_smaller_one_does_not(case: Case, what: str, rpo: int):
    broken = replace(case, objectives=objectives(rpo=timedelta(seconds=rpo)))
    assume(not exposed(broken)[what].holds)
    assert "p.objectives.rpo" in demand_smallest_changes(broken, what)


@given(cases(), st.integers(25, 60))
def test_an_interval_that_fits_is_named_wherever_there_is_one(case: Case, rpo: int):
    backup = Backup(interval=minutes(60), registry_interval=minutes(60))
    broken = replace(case, objectives=objectives(rpo=minutes(rpo)), backup=backup)
    assert "p.backup.interval" in demand_smallest_changes(broken, "cluster state")
    small = replace(broken, size=GIB)
    assert "p.backup.registryInterval" in demand_smallest_changes(small, "registry backup")


@given(cases(), st.integers(15, 60))
def test_a_size_that_fits_is_named_wherever_there_is_one(case: Case, rpo: int):
    broken = replace(case, objectives=objectives(rpo=minutes(rpo)), size=500 * GIB)
    assert "p.models.size" in demand_smallest_changes(broken, "models")


@given(cases())
def test_what_the_table_calls_broken_is_refused_with_its_sum(case: Case):
    broken = {exposure.key for exposure in exposed(case).values() if not exposure.holds}
    found = list(problems("p", case.objectives, case.backup, case.size))
    assert {problem.key for problem in found} == broken
    assert all(" = " in problem.remedy and "over the RPO" in problem.remedy for problem in found)
