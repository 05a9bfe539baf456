from hypothesis import given
from hypothesis import strategies as st

from config.budgets.headroom import headroom_problems, lost_with_a_zone, quorum_problems, zones_needed
from config.platform import Inference
from config.region import GpuPool, Region


def inference(replicas: int, min_available: int, peak: int | None = None) -> Inference:
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
