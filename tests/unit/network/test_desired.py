"""The layout of a region's addresses, by value and by property."""

from __future__ import annotations

from ipaddress import IPv4Network
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.network.desired import SLOTS, NetworkError, zone_network, zone_networks

ZONES = [f"us-east-1{letter}" for letter in SLOTS]


@st.composite
def cidrs(draw: st.DrawFn) -> IPv4Network:
    prefix = draw(st.integers(16, 20))
    number = draw(st.integers(0, 2**prefix - 1))
    return IPv4Network((number << (32 - prefix), prefix))


zone_lists = st.lists(st.sampled_from(ZONES), min_size=2, max_size=8, unique=True)


def test_three_zones_of_a_16() -> None:
    layout = zone_networks(IPv4Network("10.16.0.0/16"), ZONES[:3])
    assert [(z.zone, str(z.private), str(z.public)) for z in layout] == [
        ("us-east-1a", "10.16.0.0/20", "10.16.16.0/22"),
        ("us-east-1b", "10.16.32.0/20", "10.16.48.0/22"),
        ("us-east-1c", "10.16.64.0/20", "10.16.80.0/22"),
    ]


def test_the_last_zone_of_a_20() -> None:
    layout = zone_network(IPv4Network("10.32.16.0/20"), "eu-west-1h")
    assert (str(layout.private), str(layout.public)) == ("10.32.30.0/24", "10.32.31.0/26")


@given(cidrs(), zone_lists)
def test_all_subnets_are_inside_and_apart(cidr: IPv4Network, zones: list[str]) -> None:
    subnets = [net for zone in zone_networks(cidr, zones) for net in (zone.private, zone.public)]
    assert all(net.subnet_of(cidr) for net in subnets)
    assert not any(a.overlaps(b) for i, a in enumerate(subnets) for b in subnets[i + 1 :])


@given(cidrs(), zone_lists)
def test_sizes_follow_from_the_regions_alone(cidr: IPv4Network, zones: list[str]) -> None:
    for zone in zone_networks(cidr, zones):
        assert zone.private.prefixlen == cidr.prefixlen + 4
        # AWS takes no subnet outside /16 to /28, and a load balancer needs eight free addresses.
        assert 16 <= zone.public.prefixlen <= 28
        assert zone.public.num_addresses - 5 >= 8
        assert zone.private.num_addresses > zone.public.num_addresses


@given(cidrs(), zone_lists, st.randoms())
def test_a_zone_keeps_its_addresses_whatever_the_others_do(
    cidr: IPv4Network, zones: list[str], random: Random
) -> None:
    before = {zone.zone: zone for zone in zone_networks(cidr, zones)}
    others = [zone for zone in ZONES if zone not in zones]
    after_list = [*zones, *others]
    random.shuffle(after_list)
    after = {zone.zone: zone for zone in zone_networks(cidr, after_list)}
    assert {zone: after[zone] for zone in before} == before


@pytest.mark.parametrize("cidr", ["10.0.0.0/15", "10.0.0.0/21"])
def test_a_network_of_the_wrong_size_is_refused(cidr: str) -> None:
    with pytest.raises(NetworkError, match=r"must be /16 to /20"):
        zone_networks(IPv4Network(cidr), ZONES[:2])


@pytest.mark.parametrize(
    ("zones", "message"),
    [
        (["us-east-1a"], "two to 8 zones"),
        (["us-east-1a", "us-east-1a"], "named once"),
        (["us-east-1a", "eu-west-1b"], "of one region"),
        (["us-east-1a", "us-east-1z"], "letter must be one of"),
        ([*ZONES, "us-east-1a"], "two to 8 zones"),
    ],
)
def test_zones_that_make_no_region_are_refused(zones: list[str], message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        zone_networks(IPv4Network("10.16.0.0/16"), zones)
