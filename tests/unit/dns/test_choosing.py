"""Which record Route 53 answers with."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.dns.errors import RefusedError
from sandbox.dns.latency import LOCATIONS, nearest, round_trip_ms
from sandbox.dns.records import Record, choose, record_of

_PLACES = st.sampled_from(sorted(LOCATIONS))


def _latency(region: str, check: str = "") -> Record:
    return Record(
        name="e.example.com",
        type="CNAME",
        ttl=30,
        values=(f"{region}.lb",),
        identifier=region,
        region=region,
        health_check=check,
    )


def _weighted(identifier: str, weight: int, check: str = "") -> Record:
    return Record(
        name="e.example.com",
        type="CNAME",
        ttl=30,
        values=("lb",),
        identifier=identifier,
        weight=weight,
        health_check=check,
    )


def _chosen(
    group: list[Record], *, sick: frozenset[str] = frozenset(), place: str = "us-east-1", draw: float = 0.0
) -> str:
    found = choose(group, healthy=lambda check: check not in sick, place=lambda: place, draw=draw)
    return found.identifier


def test_the_rule_of_distance_agrees_with_what_is_published() -> None:
    assert round_trip_ms("us-east-1", "eu-central-1") == pytest.approx(92, abs=2)
    assert round_trip_ms("us-east-1", "eu-west-2") == pytest.approx(83, abs=2)
    with pytest.raises(RefusedError, match="mars-1"):
        round_trip_ms("us-east-1", "mars-1")


@given(_PLACES, _PLACES)
def test_distance_is_the_same_both_ways_and_least_at_home(a: str, b: str) -> None:
    assert round_trip_ms(a, b) == pytest.approx(round_trip_ms(b, a))
    assert nearest(a, LOCATIONS) == a


def test_clients_get_the_region_near_to_them() -> None:
    group = [_latency("us-east-1", "a"), _latency("eu-west-1", "b")]
    assert _chosen(group) == "us-east-1"
    assert _chosen(group, place="ca-central-1") == "us-east-1"
    assert _chosen(group, place="eu-central-1") == "eu-west-1"


def test_an_unhealthy_region_is_left_out() -> None:
    group = [_latency("us-east-1", "a"), _latency("eu-west-1", "b")]
    assert _chosen(group, sick=frozenset("a")) == "eu-west-1"


@given(place=_PLACES, regions=st.sets(_PLACES, min_size=1, max_size=4), sick=st.data())
def test_the_nearest_of_the_healthy_or_of_all_when_none_is(
    place: str, regions: set[str], sick: st.DataObject
) -> None:
    ill = sick.draw(st.sets(st.sampled_from(sorted(regions))))
    group = [_latency(region, check=region) for region in sorted(regions)]
    pool = regions - ill or regions
    assert _chosen(group, sick=frozenset(ill), place=place) == nearest(place, pool)


def test_weights_share_the_answers() -> None:
    group = [_weighted("one", 1), _weighted("three", 3), _weighted("none", 0)]
    drawn = Counter(_chosen(group, draw=step / 100) for step in range(100))
    assert drawn == {"one": 25, "three": 75}


def test_weight_zero_is_asked_only_when_the_others_are_sick() -> None:
    group = [_weighted("main", 10, "a"), _weighted("spare", 0, "b")]
    assert _chosen(group, sick=frozenset("a"), draw=0.9) == "spare"
    assert _chosen(group, sick=frozenset("ab"), draw=0.9) == "main"
    nobody = [_weighted("one", 0), _weighted("two", 0)]
    assert {_chosen(nobody, draw=0.2), _chosen(nobody, draw=0.7)} == {"one", "two"}


@pytest.mark.parametrize(
    "extra",
    [
        {"GeoLocation": {"CountryCode": "DE"}, "SetIdentifier": "x"},
        {"Failover": "PRIMARY", "SetIdentifier": "x"},
        {"MultiValueAnswer": True, "SetIdentifier": "x"},
        {"AliasTarget": {"HostedZoneId": "Z", "DNSName": "x.", "EvaluateTargetHealth": False}},
    ],
)
def test_policies_that_are_not_modelled_are_refused(extra: dict[str, object]) -> None:
    record = record_of({"Name": "e.example.com.", "Type": "A", "TTL": 30, **extra})
    with pytest.raises(RefusedError, match=next(iter(extra))):
        choose([record], healthy=lambda _: True, place=lambda: "us-east-1", draw=0.0)


def test_mixed_policies_are_refused() -> None:
    with pytest.raises(RefusedError, match="mixes"):
        _chosen([_latency("us-east-1"), _weighted("one", 1)])


def test_a_record_keeps_what_moto_says_of_it() -> None:
    said = {
        "Name": "Inference.Example.com.",
        "Type": "CNAME",
        "TTL": 30,
        "ResourceRecords": [{"Value": "lb.example.net"}],
        "SetIdentifier": "us-east",
        "Region": "us-east-1",
        "HealthCheckId": "h",
    }
    assert record_of(said) == Record(
        name="inference.example.com",
        type="CNAME",
        ttl=30,
        values=("lb.example.net",),
        identifier="us-east",
        region="us-east-1",
        health_check="h",
    )
    assert record_of({**said, "Weight": 0, "Region": None}).weight == 0
