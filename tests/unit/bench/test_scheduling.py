"""What is scheduled in pairs, how its rate is counted, and how both are shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bench.pods import PARTS, ours, without
from bench.scheduler import Round, rate
from bench.scheduling import Found, Pair, hold, section
from sandbox.errors import SandboxError

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
REMOVED = {
    "the spread over zones": {"/spec/topologySpreadConstraints"},
    "the wish to be apart": {"/spec/affinity/podAntiAffinity"},
    "the affinity to the GPU pools": {"/spec/affinity/nodeAffinity"},
    "the GPU": {"/spec/containers/0/resources/limits/nvidia.com/gpu"},
}


def leaves(value: Any, at: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        return {k: v for key, each in value.items() for k, v in leaves(each, f"{at}/{key}").items()}
    if isinstance(value, list):
        return {k: v for n, each in enumerate(value) for k, v in leaves(each, f"{at}/{n}").items()}
    return {at: value}


def pair(ours_rate: float, bare_rate: float, ours_cost: float = 0.006, bare_cost: float = 0.003) -> Pair:
    return Pair(Round(ours_rate, ours_cost), Round(bare_rate, bare_cost))


def found(*shipped: Pair) -> Found:
    parts = {"nothing": [0.006], "the GPU": [0.004, 0.005, 0.009], "all of these": [0.003]}
    return Found(shipped, [pair(40.0, 90.0), pair(30.0, 80.0)], parts, load=7.0)


@pytest.mark.parametrize("parts", [*([part] for part in PARTS), list(PARTS)], ids="+".join)
def test_without_a_part_it_is_the_same_pod_in_all_else(parts: list[str]) -> None:
    pod = ours(6)
    before, after = leaves(pod), leaves(without(pod, *parts))
    assert after.items() <= before.items()
    places = {place for part in parts for place in REMOVED[part]}
    gone = before.keys() - after.keys()
    assert {place for place in places for path in gone if path.startswith(place)} == places
    assert not [path for path in gone if not path.startswith(tuple(places))]


def test_it_carries_the_hash_over_which_a_rollout_is_spread() -> None:
    pod = ours(6)
    (spread,) = pod["spec"]["topologySpreadConstraints"]
    assert set(spread["matchLabelKeys"]) <= pod["metadata"]["labels"].keys()


def test_the_rate_is_over_the_intervals_whatever_the_order() -> None:
    times = [BEGAN + timedelta(milliseconds=ms) for ms in (400, 0, 100, 300, 200)]
    assert rate(times) == pytest.approx(10.0)


class Flaky:
    """A scheduler whose rounds fail by their number, and that keeps what it was given."""

    def __init__(self, *failing: int) -> None:
        self.failing = failing
        self.given: list[str] = []

    def round(self, pod: Mapping[str, Any], pods: int) -> Round:
        self.given.append("ours" if "affinity" in pod["spec"] else "bare")
        if len(self.given) in self.failing:
            raise SandboxError("cut")
        return Round(10.0 if self.given[-1] == "ours" else 20.0, pods / 1000)


def test_pairs_turn_around_and_the_first_does_not_count() -> None:
    flaky = Flaky()
    pairs = hold(flaky, ours(6), 5, 2)
    assert [each.ratio for each in pairs] == [0.5, 0.5]
    assert flaky.given == ["bare", "ours", "ours", "bare", "bare", "ours"]


def test_a_failed_pair_is_held_again_and_loses_no_other() -> None:
    flaky = Flaky(4)
    assert len(hold(flaky, ours(6), 5, 2)) == 2
    assert flaky.given[2:6] == ["ours", "bare", "ours", "bare"]


def test_a_pair_that_cannot_be_held_is_left_out() -> None:
    assert len(hold(Flaky(3, 4, 5), ours(6), 5, 2)) == 1


def test_nothing_held_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="no pair"):
        hold(Flaky(*range(1, 99)), ours(6), 5, 2)


def test_the_section_shows_the_ratio_of_pairs_and_its_worst() -> None:
    text = section(found(pair(80.0, 100.0), pair(30.0, 50.0), pair(75.0, 100.0)))
    assert "| as the scheduler ships: the one over the other | at least 0.7 | 0.75 | 0.60 |" in text
    assert "| as the scheduler ships: pods a second, as the program deploys them |  | 75 | 30 |" in text
    assert "| with its client's limit lifted: the one over the other |  | 0.41 | 0.38 |" in text
    assert "missed" not in text


def test_a_part_is_shown_by_the_middle_of_what_the_pod_costs_without_it() -> None:
    text = section(found(pair(80.0, 100.0)))
    assert "| nothing | 6.0 ms | 100% |" in text
    assert "| the GPU | 5.0 ms | 83% |" in text
    assert "| all of these | 3.0 ms | 50% |" in text
    assert "2.0 times as much" in text
    assert "as long as it gets 0.30 of a core" in text
    assert "its load was 7" in text


def test_a_middle_ratio_under_the_aim_is_a_missed_aim_and_says_what_is_needed() -> None:
    text = section(found(pair(60.0, 100.0), pair(69.0, 100.0), pair(90.0, 100.0)))
    assert "The aim is missed" in text
    assert "binds 35 of the program's pods a second" in text
    assert "0.30 of a core" in text
