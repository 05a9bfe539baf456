"""The drill's measures over recorded timelines."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from drills.view import Snapshot
from drills.zone_loss.measure import loss, restored, since

ZONES = ("a", "b", "c")


def at(
    seconds: float,
    ready: Mapping[str, int],
    *,
    endpoints: Mapping[str, int] | None = None,
    nodes_ready: Mapping[str, int] | None = None,
) -> Snapshot:
    return Snapshot(
        at=seconds,
        ready=ready,
        endpoints=ready if endpoints is None else endpoints,
        nodes_ready={"a": 4, "b": 4, "c": 4} if nodes_ready is None else nodes_ready,
        nodes={"a": 4, "b": 4, "c": 4},
    )


LOST = {"a": 0, "b": 4, "c": 4}

MENDED = [
    at(0.0, {"a": 2, "b": 2, "c": 2}),
    at(44.0, {"a": 2, "b": 2, "c": 2}, nodes_ready={"a": 1, "b": 4, "c": 4}),
    at(45.0, {"a": 0, "b": 2, "c": 2}, nodes_ready=LOST),
    at(55.5, {"a": 0, "b": 3, "c": 2}, nodes_ready=LOST),
    at(65.5, {"a": 0, "b": 3, "c": 3}, nodes_ready=LOST),
    at(80.0, {"a": 0, "b": 3, "c": 3}, nodes_ready=LOST),
]


def test_a_loss_that_heals() -> None:
    measured = loss(MENDED, "a", ZONES, 6, 4)
    assert measured.nodes_not_ready == 45.0
    assert measured.endpoints_gone == 45.0
    assert measured.min_available_ready == 0.0
    assert measured.all_ready == 65.5
    assert measured.most_missing == 2
    assert measured.recovered


def test_replicas_of_the_lost_zone_are_missing_before_the_api_server_knows() -> None:
    assert loss(MENDED[:1], "a", ZONES, 6, 4).most_missing == 2
    assert loss(MENDED[:1], "a", ZONES, 6, 4).all_ready is None


def test_two_zones_with_three_each_fall_below_four() -> None:
    timeline = [at(0.0, {"a": 3, "b": 3}), at(60.0, {"a": 0, "b": 4})]
    measured = loss(timeline, "a", ("a", "b"), 6, 4)
    assert (measured.min_available_ready, measured.most_missing, measured.all_ready) == (60.0, 3, None)
    assert not measured.recovered


def test_a_recovery_that_does_not_last_does_not_count() -> None:
    timeline = [*MENDED, at(90.0, {"a": 0, "b": 2, "c": 3}, nodes_ready=LOST)]
    assert loss(timeline, "a", ZONES, 6, 4).all_ready is None


def test_endpoints_that_stay_are_told() -> None:
    timeline = [at(s.at, s.ready, endpoints={"a": 1, "b": 2}, nodes_ready=s.nodes_ready) for s in MENDED]
    measured = loss(timeline, "a", ZONES, 6, 4)
    assert measured.endpoints_gone is None
    assert not measured.recovered


def test_a_return_ends_when_the_spread_is_back() -> None:
    timeline = [
        at(0.0, {"a": 0, "b": 3, "c": 3}, nodes_ready=LOST),
        at(6.0, {"a": 0, "b": 3, "c": 3}),
        at(20.0, {"a": 1, "b": 2, "c": 2}),
        at(22.0, {"a": 1, "b": 3, "c": 2}),
        at(40.0, {"a": 2, "b": 2, "c": 2}),
    ]
    measured = restored(timeline, "a", ZONES, 6, 1)
    assert (measured.nodes_ready, measured.spread_back, measured.most_missing) == (6.0, 40.0, 1)
    assert restored(timeline[:-1], "a", ZONES, 6, 1).spread_back is None


def test_a_spread_within_skew_with_replicas_missing_is_not_back() -> None:
    assert restored([at(0.0, {"a": 1, "b": 2, "c": 2})], "a", ZONES, 6, 1).spread_back is None


@given(st.lists(st.booleans(), min_size=1, max_size=30))
def test_since_is_the_beginning_of_the_last_run_of_truths(truths: list[bool]) -> None:
    timeline = [at(float(n), {"a": int(truth)}) for n, truth in enumerate(truths)]
    found = since(timeline, lambda s: s.ready["a"] == 1)
    if not truths[-1]:
        assert found is None
    else:
        assert found is not None
        start = int(found)
        assert all(truths[start:])
        assert start == 0 or not truths[start - 1]
