"""How long until clients are served: the sums, and what is said when they are too long."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from config.budgets import rto
from config.budgets.headroom import gpus_after_zone
from config.budgets.rto import Failure, recoveries, region_terms, zone_capacity, zone_terms
from config.budgets.terms import Change, Term, total
from config.platform import Backup
from config.problems import Problem
from config.timings import ATTEMPT_TIMEOUT
from tests.unit.budgets.platforms import GIB, Case, cases, inference, objectives, pool, region, ring

SIZE = 140 * GIB
OURS = region(3, pool(3, 5))


def told(terms: tuple[Term, ...]) -> dict[str, int]:
    return {term.name: int(term.time.total_seconds()) for term in terms}


def test_a_lost_zone_costs_three_errors_while_ready_replicas_are_enough():
    terms = zone_terms(inference(), OURS, SIZE, inference().min_available)
    assert told(terms) == {
        "detection": 3,
        "DNS TTL": 0,
        "scale-up": 0,
        "node start": 0,
        "image pull": 0,
        "weight load": 0,
    }
    assert all("covered: 4 ready replicas for 4" in term.how for term in terms[2:])


def test_an_attempt_that_may_take_longer_makes_each_error_as_long():
    terms = zone_terms(inference(attempt=timedelta(seconds=20)), OURS, SIZE, inference().min_available)
    assert told(terms)["detection"] == 60


def test_attempts_that_fit_are_named_where_they_take_too_long():
    slow = inference(attempt=timedelta(minutes=5))
    case = Case(objectives(timedelta(minutes=10)), slow, Backup(), GIB, OURS)
    named = {change.key: change.value for change in changes(case, "a zone lost")}
    assert named["p.inference.attemptTimeout"] == timedelta(minutes=3, seconds=20)
    demand_smallest_changes(case, "a zone lost")


def test_the_lost_zone_s_replicas_come_back_on_warm_gpus_with_cold_caches():
    terms = zone_terms(inference(), OURS, SIZE, inference().replicas)
    assert told(terms) == {
        "detection": 3,
        "DNS TTL": 0,
        "scale-up": 50 + 5 + 2 * 10 + 30 + 10,
        "node start": 0,
        "image pull": 300,
        "weight load": 344,
    }


def test_a_lost_region_costs_probes_and_ttl_and_what_its_peer_has_not_ready():
    terms = region_terms(inference(), OURS, SIZE)
    assert told(terms) == {
        "detection": 30,
        "DNS TTL": 30,
        "scale-up": 30 + 10 + 30 + 15 + 1 + 15 + 40,
        "node start": 310,
        "image pull": 300,
        "weight load": 344,
    }
    assert terms[3].how == "1 GPUs more than the 9 warm ones"


def test_a_warm_gpu_spares_the_node_s_start_alone():
    terms = told(region_terms(inference(), region(3, pool(4, 5)), SIZE))
    assert (terms["node start"], terms["image pull"], terms["weight load"]) == (0, 300, 344)


def test_replicas_that_are_ready_spare_everything():
    terms = told(region_terms(inference(replicas=10), region(3, pool(5, 5)), SIZE))
    assert sum(terms.values()) == 60


@given(cases())
def test_less_headroom_never_recovers_faster(case: Case):
    more = case.region.model_copy(
        update={
            "gpu_pools": tuple(
                each.model_copy(update={"warm_per_zone": each.warm_per_zone + 1, "max_per_zone": 450})
                for each in case.region.gpu_pools
            )
        }
    )
    assert total(region_terms(case.inference, more, case.size)) <= total(
        region_terms(case.inference, case.region, case.size)
    )


def refused(case: Case) -> dict[str, Problem]:
    found = rto.problems(
        "p", "r: region", case.objectives, case.inference, size=case.size, region=case.region
    )
    return {problem.value: problem for problem in found}


def changes(case: Case, failure: str) -> list[Change]:
    """The changes that a refusal names, read back from its text by key and value."""
    text = refused(case)[failure].remedy.partition("; ")[2]
    found: list[Change] = []
    for key, value in re.findall(r"set (.+?) to (\S+?)(?:, or |$)", text):
        found.append(Change(key, int(value) if value.isdigit() else duration(value)))
    return found


def duration(text: str) -> timedelta:
    return objectives().model_validate({"rto": text, "rpo": "1h"}).rto


def demand_smallest_changes(case: Case, failure: str) -> set[str]:
    """Each named change makes the budget hold, a smaller one does not; the keys of all of them."""
    named = changes(case, failure)
    for change in named:
        assert failure not in refused(case.with_change(change)), change
        assert failure in refused(case.with_change(change, step=1)), change
    return {change.key for change in named}


@given(cases(), st.sampled_from(["a zone lost", "a peer region lost"]))
def test_every_named_change_makes_the_budget_hold_and_a_smaller_one_does_not(case: Case, failure: str):
    assume(failure in refused(case))
    assert "p.objectives.rto" in demand_smallest_changes(case, failure)


@given(cases(), st.integers(3, 100))
def test_a_min_available_that_fits_is_named_where_the_quorum_is_short(case: Case, rto_seconds: int):
    replicas = case.inference.replicas
    small = {"min_available": replicas - 1, "attempt_timeout": ATTEMPT_TIMEOUT}
    short = case.inference.model_copy(update=small)
    promise = objectives(timedelta(seconds=rto_seconds))
    broken = replace(case, inference=short, objectives=promise)
    assume(zone_capacity(short, case.region).ready in range(1, replicas - 1))
    assert "p.inference.minAvailable" in demand_smallest_changes(broken, "a zone lost")


def test_a_min_available_that_warm_gpus_carry_is_named_before_one_that_is_ready_at_once():
    place = region(2, pool(3, 4, gpus=2))
    # Four of eight are ready at once and six GPUs are warm: with seven, a node would have to start.
    lacks = inference(replicas=8, min_available=7, peak=8)
    promise = total(zone_terms(lacks, place, GIB, 6))
    minutes = timedelta(minutes=10)
    often = Backup(interval=minutes, registry_interval=minutes)
    case = Case(objectives(promise), lacks, often, GIB, place)
    change = next(one for one in changes(case, "a zone lost") if one.key == "p.inference.minAvailable")
    assert change.value == 6


@given(cases())
def test_warm_nodes_that_fit_are_named_where_a_node_s_start_is_too_much(case: Case):
    lacks = case.inference.model_copy(update={"peak_replicas": case.inference.replicas + 40})
    pools = tuple(
        each.model_copy(update={"warm_per_zone": 0, "max_per_zone": 450}) for each in case.region.gpu_pools
    )
    cold = replace(
        case, inference=lacks, size=GIB, region=case.region.model_copy(update={"gpu_pools": pools})
    )
    needed = total(region_terms(lacks, cold.region, GIB))
    broken = replace(cold, objectives=objectives(needed - timedelta(seconds=1)))
    assert "r: region.gpuPools.0.warmPerZone" in demand_smallest_changes(broken, "a peer region lost")


@given(cases(), st.integers(60, 300))
def test_replicas_that_are_always_ready_are_named_where_the_warm_gpus_carry_them(
    case: Case, rto_seconds: int
):
    more = case.inference.model_copy(update={"peak_replicas": case.inference.replicas + 1})
    broken = replace(case, inference=more, objectives=objectives(timedelta(seconds=rto_seconds)))
    assume(gpus_after_zone(case.region) > case.inference.replicas)
    assert "p.inference.replicas" in demand_smallest_changes(broken, "a peer region lost")


def test_a_refusal_tells_the_terms_their_sum_and_the_changes():
    case = Case(objectives(timedelta(minutes=19)), inference(), None, SIZE, OURS)  # pyright: ignore[reportArgumentType]
    (problem,) = refused(case).values()
    assert problem.key == "r: region.gpuPools"
    assert problem.remedy == (
        "detection 30s + DNS TTL 30s + scale-up 2m21s + node start 5m10s + image pull 5m + weight load 5m44s "
        "= 19m15s is over the RTO of 19m; set r: region.gpuPools.0.warmPerZone to 4, "
        "or set p.objectives.rto to 19m15s"
    )


@given(cases())
def test_what_the_table_calls_broken_is_refused_and_nothing_else(case: Case):
    found = recoveries(
        case.objectives, case.inference, case.size, ring(2), {"r0": case.region, "r1": case.region}
    )
    assert [(r.region, r.failure) for r in found] == [
        (name, failure) for name in ("r0", "r1") for failure in (Failure.ZONE, Failure.REGION)
    ]
    broken = {r.failure for r in found if not r.holds}
    names = {"a zone lost": Failure.ZONE, "a peer region lost": Failure.REGION}
    assert broken == {names[value] for value in refused(case)}
    assert all(r.total == total(r.terms) <= r.full for r in found)


def test_a_lost_region_is_carried_by_the_slowest_of_its_peers():
    regions = {"r0": OURS, "r1": region(3, pool(5, 5)), "r2": region(3, pool(3, 5))}
    found = recoveries(objectives(), inference(), SIZE, ring(3), regions)
    carried = {r.region: r.carried_by for r in found if r.failure is Failure.REGION}
    assert carried == {"r0": "r2", "r1": "r0", "r2": "r0"}


def test_regions_without_a_stack_file_carry_nothing():
    found = recoveries(objectives(), inference(), SIZE, ring(2), {"r1": OURS})
    assert [(r.region, r.failure, r.carried_by) for r in found] == [
        ("r0", Failure.REGION, "r1"),
        ("r1", Failure.ZONE, "r1"),
    ]
