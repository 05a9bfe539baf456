import re
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from config.budgets.headroom import (
    Loss,
    headroom_problems,
    losses,
    lost_with_a_zone,
    quorum_problems,
    warmth,
    zones_needed,
)
from config.platform import Inference
from config.region import GpuPool, Region
from tests.unit.budgets import platforms
from tests.unit.budgets.platforms import pool, ring


def inference(replicas: int = 6, min_available: int = 4, peak: int | None = None) -> Inference:
    return Inference(
        image="inference:v1.0.0",
        replicas=replicas,
        min_available=min_available,
        peak_replicas=peak or replicas,
    )


def region(zones: int, warm: int, most: int, gpus: int = 1) -> Region:
    pool = GpuPool(
        name="p", instance_types=("g6e.2xlarge",), gpus_per_node=gpus, warm_per_zone=warm, max_per_zone=most
    )
    return Region(
        zones=tuple(f"us-east-1{letter}" for letter in "abcdefgh"[:zones]),
        kubernetes_version="1.34",
        gpu_pools=(pool,),
    )


def test_the_lesson_s_six_replicas_over_two_zones_are_refused_with_the_sum():
    (problem,) = quorum_problems("zones", inference(6, 4), 2)
    assert "6 - 3 = 3 are left at once, minAvailable is 4; use 3 zones" in problem.remedy
    assert not list(quorum_problems("zones", inference(6, 4), 3))


@given(st.integers(2, 200), st.data())
def test_as_many_zones_as_are_asked_for_are_enough_and_one_fewer_is_not(replicas: int, data: st.DataObject):
    least = data.draw(st.integers(1, replicas - 1))
    enough = zones_needed(replicas, least)
    assert not list(quorum_problems("zones", inference(replicas, least), enough))
    if enough > 1:
        assert list(quorum_problems("zones", inference(replicas, least), enough - 1))


@given(st.integers(1, 500), st.integers(1, 8))
def test_the_fullest_zone_is_the_fullest_of_an_even_spread(replicas: int, zones: int):
    spread = [replicas // zones + (1 if position < replicas % zones else 0) for position in range(zones)]
    assert lost_with_a_zone(replicas, zones) == max(spread)


@given(st.integers(2, 8), st.integers(0, 20), st.integers(1, 30), st.integers(1, 8), st.integers(2, 60))
def test_headroom_is_refused_exactly_when_a_sum_is_short(
    zones: int, warm: int, most: int, gpus: int, replicas: int
):
    peak = replicas * 2
    found = [
        p.value for p in headroom_problems("r", inference(replicas, 1, peak), region(zones, warm, most, gpus))
    ]
    assert (f"{warm * gpus} warm GPUs a zone" in found) == (warm * gpus * (zones - 1) < replicas)
    assert (f"{most * gpus} GPUs a zone at most" in found) == (most * gpus * zones < peak)


@given(st.integers(2, 8), st.integers(2, 60), st.integers(0, 40))
def test_the_smallest_warm_headroom_is_named_and_one_gpu_fewer_is_not_enough(
    zones: int, replicas: int, peak_more: int
):
    wanted = inference(replicas, 1, replicas + peak_more)
    named = {"warm": 0, "most": 0}
    for problem in headroom_problems("r", wanted, region(zones, 0, 1)):
        number = int(re.findall(r"(?:keep|grow to) (\d+) GPUs", problem.remedy)[0])
        named["warm" if "warm" in problem.value else "most"] = number
    warm, most = named["warm"], max(named["most"], named["warm"], 1)
    assert not list(headroom_problems("r", wanted, region(zones, warm, most)))
    assert list(headroom_problems("r", wanted, region(zones, warm - 1, most)))
    if named["most"] > 1:
        found = headroom_problems("r", wanted, region(zones, warm, named["most"] - 1))
        assert [p for p in found if "at most" in p.value]


def test_what_is_left_is_told_for_every_zone_and_every_peer():
    regions = {"r0": platforms.region(3, pool(3, 5)), "r1": platforms.region(2, pool(6, 8))}
    found = losses(inference(6, 4, 10), ring(2), regions)
    zones = [Loss("r0", f"us-east-1{zone}", 4, 4, 6, 6, 6) for zone in "abc"]
    assert found == (
        *zones,
        Loss("r0", "r1", 6, 4, 9, 15, 10),
        *(Loss("r1", f"us-east-1{zone}", 3, 4, 6, 6, 6) for zone in "ab"),
        Loss("r1", "r0", 6, 4, 12, 16, 10),
    )
    assert [loss.holds for loss in found] == [True, True, True, True, False, False, True]


@given(st.integers(2, 8), st.integers(0, 20), st.integers(1, 30), st.integers(2, 60), st.data())
def test_what_the_table_calls_broken_is_refused_and_nothing_else(
    zones: int, warm: int, most: int, replicas: int, data: st.DataObject
):
    wanted = inference(replicas, data.draw(st.integers(1, replicas - 1)), replicas * 2)
    place = platforms.region(zones, pool(warm, most))
    found = losses(wanted, ring(2), {"r0": place})
    refused = [*quorum_problems("z", wanted, zones), *headroom_problems("r", wanted, place)]
    assert all(loss.holds for loss in found) == (not refused)


def test_the_cost_of_our_own_promise_without_and_with_prices():
    found = warmth("r", inference(6, 4, 10), region(3, 3, 5))
    assert (found.serving, found.for_zone, found.for_region, found.missing_for_region) == (6, 3, 0, 1)
    assert (found.gpu_hours(found.for_zone), found.money(3)) == (2190, None)
    priced = platforms.region(3, pool(3, 5, node_price_per_hour=2.24208))
    assert warmth("r", inference(6, 4, 10), priced).money(3) == Decimal("4910.16")


def test_gpus_beyond_those_for_a_zone_are_there_for_a_region():
    found = warmth("r", inference(6, 4, 12), region(3, 4, 5))
    assert (found.for_zone, found.for_region, found.missing_for_region) == (3, 3, 0)


def test_a_gpu_costs_the_mean_of_the_warm_nodes_and_nothing_is_guessed():
    dear = pool(1, 2, gpus=4, node_price_per_hour=10, name="dear")
    cheap = pool(2, 4, gpus=1, node_price_per_hour=1, name="cheap")
    cold = pool(0, 4, gpus=1, name="cold")
    assert warmth("r", inference(), platforms.region(3, dear, cheap, cold)).price == Decimal(2)
    unpriced = pool(1, 4, gpus=1, name="unpriced")
    assert warmth("r", inference(), platforms.region(3, dear, unpriced)).price is None
    assert warmth("r", inference(), platforms.region(3, cold)).price is None


@given(st.integers(2, 8), st.integers(0, 20), st.integers(2, 60), st.integers(0, 60))
def test_every_warm_gpu_is_counted_once(zones: int, warm: int, replicas: int, more: int):
    found = warmth("r", inference(replicas, 1, replicas + more), region(zones, warm, warm + 1))
    assert found.serving + found.for_zone + found.for_region == warm * zones
    assert min(found.for_zone, found.for_region, found.missing_for_region) >= 0
    if warm * zones < replicas + more:
        assert warm * zones + found.missing_for_region == replicas + more
