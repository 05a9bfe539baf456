"""What a client's log says: by value and by property."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills.traffic.log import Request
from drills.traffic.measure import (
    Evidence,
    answering,
    bad_seconds,
    between,
    caught_up,
    dns_changes,
    lag_at,
    largest_lag,
    last_served,
    latencies,
    percentile,
    recovery,
    scalings,
)
from drills.traffic.publisher import Version
from drills.traffic.target import Detection
from drills.view import Snapshot

HERE, THERE = "100.64.0.10", "100.64.1.10"


def request(t: float, *, ok: bool = True, latency: float = 0.01, **answer: str | None) -> Request:
    said = Request(t=t, latency_s=latency, ok=ok, resolved=HERE, region="us-east" if ok else None)
    return replace(said, **answer)


def every(gap: float, start: float, end: float, *failed: tuple[float, float]) -> list[Request]:
    """A request each `gap` seconds; those that begin in one of the spans fail."""
    moments = [start + gap * number for number in range(round((end - start) / gap))]
    return [request(t, ok=not any(a <= t < b for a, b in failed)) for t in moments]


def test_clients_are_served_from_the_first_moment_after_the_last_failure() -> None:
    assert recovery(every(0.02, 0, 100, (10, 62)), 10, 90) == pytest.approx(52.0)


def test_a_relapse_counts() -> None:
    assert recovery(every(0.02, 0, 100, (10, 12), (40, 41)), 10, 90) == pytest.approx(31.0)


def test_one_failure_in_a_hundred_is_served_and_two_are_not() -> None:
    assert recovery(every(0.01, 0, 20, (5.0, 5.01)), 2, 18) == 0.0
    assert recovery(every(0.01, 0, 20, (5.0, 5.02)), 2, 18) == pytest.approx(3.01)


def test_failures_up_to_the_end_are_no_recovery() -> None:
    assert recovery(every(0.02, 0, 30, (10, 30)), 10, 30) is None
    assert recovery(every(0.02, 0, 30, (10, 29.5)), 10, 30) is None


def test_what_is_not_called_is_not_known_to_be_served() -> None:
    assert recovery([], 0, 30) is None
    assert recovery(every(0.02, 20, 60), 10, 60) == pytest.approx(10.0)


def test_requests_before_the_fault_do_not_count() -> None:
    assert recovery(every(0.02, 0, 30, (0, 9)), 10, 30) == 0.0


requests_st = st.lists(
    st.tuples(st.floats(0, 60, allow_nan=False), st.booleans()), min_size=1, max_size=120
).map(lambda found: sorted((request(t, ok=ok) for t, ok in found), key=lambda each: each.t))


@given(requests_st, st.floats(0, 30), st.floats(30, 60))
def test_a_recovery_is_never_before_the_fault_nor_after_the_end(
    requests: Sequence[Request], fault: float, end: float
) -> None:
    found = recovery(requests, fault, end)
    assert found is None or 0 <= found <= end - fault


@given(requests_st, st.data())
def test_a_further_failure_never_makes_a_recovery_earlier(
    requests: Sequence[Request], data: st.DataObject
) -> None:
    number = data.draw(st.integers(0, len(requests) - 1))
    worse = [*requests[:number], replace(requests[number], ok=False), *requests[number + 1 :]]
    before, after = recovery(requests, 5, 55), recovery(worse, 5, 55)
    assert after is None or (before is not None and after >= before)


@given(requests_st)
def test_after_a_recovery_every_second_is_served(requests: Sequence[Request]) -> None:
    found = recovery(requests, 5, 55)
    if found is not None:
        for each in between(requests, 5 + found, 54):
            window = between(requests, each.t, each.t + 1)
            assert sum(not r.ok for r in window) <= 0.01 * len(window) + 1e-9


@given(requests_st)
def test_bad_seconds_are_no_more_than_seconds_and_none_without_failures(requests: Sequence[Request]) -> None:
    bad = bad_seconds(requests, 0, 60)
    assert 0 <= bad <= 60
    assert (bad == 0) == all(each.ok for each in between(requests, 0, 60))


def test_bad_seconds_are_counted_whole() -> None:
    assert bad_seconds(every(0.02, 0, 30, (10, 12.5)), 10, 30) == 3


def test_percentiles_are_values_that_were_seen() -> None:
    assert percentile([3.0, 1.0, 2.0, 4.0], 0.5) == 2.0
    assert percentile(range(1, 101), 0.99) == 99
    assert percentile([], 0.5) is None


def test_latency_is_that_of_answers_by_who_gave_them() -> None:
    requests = [
        request(1, latency=0.1),
        request(2, latency=0.3),
        request(3, latency=0.2, region="eu-west"),
        request(4, ok=False, latency=2.0),
    ]
    found = latencies(requests)
    assert (found["us-east"].count, found["us-east"].p50, found["us-east"].worst) == (2, 0.1, 0.3)
    assert found["eu-west"].p99 == 0.2
    assert answering(requests) == {"us-east", "eu-west"}


def test_dns_changes_are_where_the_client_called_another_address() -> None:
    requests = [
        request(1),
        request(2, ok=False),
        request(3, ok=False, resolved=None),
        request(4, resolved=THERE, region="eu-west"),
        request(5),
    ]
    changes = dns_changes(requests)
    assert [(change.t, change.what) for change in changes] == [
        (4, f"the client is led to {THERE} (eu-west)"),
        (5, f"the client is led to {HERE} (us-east)"),
    ]


def version(name: str, acknowledged: float) -> Version:
    return Version(
        version=name, size=1, sha256="", started_at=acknowledged - 0.1, acknowledged_at=acknowledged
    )


LEDGER = [version("1", 10.0), version("2", 20.0), version("3", 30.0)]


def test_the_lag_is_the_age_of_the_oldest_version_that_is_not_there() -> None:
    completed = {"1": 15.0, "2": 26.0}
    assert lag_at(LEDGER, completed, 14.0) == 4.0
    assert lag_at(LEDGER, completed, 25.0) == 5.0
    assert lag_at(LEDGER, completed, 27.0) == 0.0
    assert lag_at(LEDGER, completed, 32.5) == 2.5


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0, 20) | st.none()), max_size=20), st.floats(0, 100))
def test_a_lag_is_never_more_than_the_time_since_the_first_version(
    versions: Sequence[tuple[float, float | None]], moment: float
) -> None:
    ledger = [version(str(number), at) for number, (at, _) in enumerate(versions)]
    completed = {str(n): at + after for n, (at, after) in enumerate(versions) if after is not None}
    first = min((at for at, _ in versions), default=moment)
    assert 0 <= lag_at(ledger, completed, moment) <= max(0.0, moment - first)


def evidence(**known: dict[str, float]) -> Evidence:
    return Evidence(
        region="us-east",
        zone="us-east-1a",
        dead=frozenset({"us-east"}),
        began=0.0,
        fault=25.0,
        healed=40.0,
        ended=60.0,
        requests=[],
        events=[],
        ledger=LEDGER,
        completed={name.replace("_", "-"): completed for name, completed in known.items()},
        calls=[],
        detection=Detection(interval_s=10, failures=3, ttl_s=30),
    )


def test_the_rpo_is_that_of_the_survivor_that_was_furthest_behind() -> None:
    found = evidence(us_east={"1": 10, "2": 20}, eu_west={"1": 11, "2": 22}, ap_south={"1": 24.0})
    assert largest_lag(found, 25.0) == 5.0
    assert largest_lag(found, 9.0) is None


def test_a_bucket_has_caught_up_when_it_has_all_that_was_acknowledged_by_then() -> None:
    whole = {"1": 10.0, "2": 20.0, "3": 30.0}
    assert caught_up(evidence(us_east=whole, eu_west={**whole, "3": 52.0}), 40.0) == 12.0
    assert caught_up(evidence(us_east=whole, eu_west=whole), 40.0) == 0.0
    assert caught_up(evidence(us_east=whole, eu_west={"1": 10.0}), 40.0) is None


def test_a_version_was_last_served_when_its_last_answer_began() -> None:
    requests = [request(1, model_version="7"), request(2, model_version="8"), request(3, ok=False)]
    assert last_served(requests, "7") == 1
    assert last_served(requests, "9") is None


def test_the_floor_is_detection_and_ttl() -> None:
    assert Detection(interval_s=10, failures=3, ttl_s=30).floor_s == 60


def snapshot(at: float, **ready: int) -> Snapshot:
    return Snapshot(at=at, ready=ready, endpoints={}, nodes_ready={}, nodes={})


def test_ready_pods_that_become_others_are_told_once_they_stay_so() -> None:
    seen = [
        snapshot(0.0, a=2, b=2),
        snapshot(50.0, a=1, b=2),
        snapshot(50.5, a=0, b=2),
        snapshot(60.0, a=0, b=2),
        snapshot(64.0, a=0, b=4),
    ]
    told = [(event.t, event.what) for event in scalings("us-east", seen, zero=1000.0)]
    assert told == [
        (1050.5, "us-east has 2 pods ready (b 2)"),
        (1064.0, "us-east has 4 pods ready (b 4)"),
    ]


def test_pods_that_stay_as_they_are_are_no_event() -> None:
    assert scalings("us-east", [snapshot(0.0, a=2), snapshot(30.0, a=2)], zero=0.0) == []
