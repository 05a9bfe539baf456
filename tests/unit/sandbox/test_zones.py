from __future__ import annotations

import ipaddress
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from sandbox.zones import POD_RANGE, pod_blocks


@given(st.lists(st.integers(2, 8), min_size=1, max_size=24))
def test_no_two_zones_share_an_address(sizes: list[int]):
    regions = {f"r{i}": [f"r{i}-{z}" for z in range(size)] for i, size in enumerate(sizes)}
    blocks = pod_blocks(regions)
    assert set(blocks) == {(region, zone) for region, zones in regions.items() for zone in zones}
    networks = [ipaddress.ip_network(block) for block in blocks.values()]
    assert all(network.subnet_of(POD_RANGE) for network in networks)  # pyright: ignore[reportArgumentType]
    assert not any(a.overlaps(b) for a, b in combinations(networks, 2))
    assert all(network.num_addresses >= 512 for network in networks)


def test_two_regions_of_three_zones_have_blocks_of_twenty_bits():
    blocks = pod_blocks({"us-east": ["a", "b", "c"], "eu-west": ["a", "b", "c"]})
    assert blocks["us-east", "a"] == "198.18.0.0/20"
    assert blocks["eu-west", "c"] == "198.18.80.0/20"
