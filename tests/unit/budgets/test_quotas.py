"""Quotas: how much is used, and with how many regions each would be too small."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.budgets.quotas import Grows, Quota, problems, quotas, warnings
from config.platform import RegionEntry
from config.region import Region
from tests.unit.budgets.platforms import entries, pool, region, ring

OURS = region(3, pool(3, 5), api_access=("203.0.113.0/24",))


def by_name(found: dict[str, RegionEntry], place: Region = OURS) -> dict[str, Quota]:
    return {quota.name: quota for quota in quotas(found, dict.fromkeys(found, place))}


def star(count: int) -> dict[str, RegionEntry]:
    """Every region fails over to the first one."""
    return entries([1, *([0] * (count - 1))])


def test_our_own_two_regions():
    used = {quota.name: (quota.used, quota.limit, quota.breaks_at) for quota in by_name(ring(2)).values()}
    assert used == {
        "Route 53 health checks": (2, 200, 201),
        "records": (13, 10_000, 2000),
        "records of one name and type": (2, 100, 101),
        "S3 buckets": (6, 10_000, 3334),
        "IAM roles": (28, 1000, 77),
        "replication rules": (1, 1000, 1002),
        "remote secrets: peers' addresses at the API": (4, 40, 15),
        "rules of the east-west gateway's security group": (8, 60, 11),
        "EKS managed node groups": (4, 30, None),
        "elastic addresses": (3, 5, None),
        "VPCs": (1, 5, None),
        "EKS clusters": (1, 100, None),
        "NAT gateways": (1, 5, None),
    }


# Each example makes platforms of up to a thousand regions.
@pytest.mark.slow
@settings(deadline=None, max_examples=8)
@given(st.integers(2, 24), st.integers(2, 8))
def test_a_quota_holds_up_to_the_region_before_the_one_that_breaks_it(count: int, zones: int):
    place = region(zones, pool(3, 5))
    for name, quota in by_name(star(count), place).items():
        if quota.breaks_at is None:
            assert quota.grows in {Grows.ZONES, Grows.NOT}
            continue
        breaks_at = max(quota.breaks_at, count)
        assert not by_name(star(breaks_at), place)[name].holds
        if breaks_at > count:
            assert by_name(star(breaks_at - 1), place)[name].holds


@given(st.integers(2, 24))
def test_in_a_ring_no_region_uses_more_of_what_grows_with_peers(count: int):
    alone, many = by_name(ring(3)), by_name(ring(max(3, count)))
    for name, quota in many.items():
        if quota.grows is not Grows.REGIONS:
            assert quota.used == alone[name].used


def test_addresses_are_refused_where_aws_raises_nothing():
    many = region(8, pool(1, 2), api_access=tuple(f"10.{number}.0.0/16" for number in range(9)))
    found = list(problems("p", "region", star(5), dict.fromkeys(star(5), many)))
    assert [str(problem) for problem in found] == [
        "r0: region: 41 remote secrets: peers' addresses at the API: 40 for each cluster at most, and AWS "
        "raises it for nobody; let some of its peers fail over elsewhere, or use fewer zones (1 too many)"
    ]


def test_what_aws_raises_is_told_and_not_refused():
    wide = region(8, *(pool(1, 2, name=f"p{number}") for number in range(4)))
    found = quotas(star(5), dict.fromkeys(star(5), wide))
    assert not list(problems("p", "region", star(5), dict.fromkeys(star(5), wide)))
    told = "\n".join(warnings(found))
    assert "8 elastic addresses in r0: AWS allows 5 for each account and location unless" in told
    assert "33 EKS managed node groups in r0: AWS allows 30" in told
    assert "66 rules of the east-west gateway's security group in r0: AWS allows 60" in told


def test_regions_without_a_stack_file_count_like_the_largest():
    found = {quota.name: quota for quota in quotas(ring(2), {"r0": OURS})}
    assert found["remote secrets: peers' addresses at the API"].used == 4
    assert quotas(ring(2), {}) == ()


@pytest.mark.parametrize("quota", by_name(ring(2)).values(), ids=lambda quota: quota.name)
def test_every_quota_names_the_page_of_aws_that_it_is_from(quota: Quota):
    assert quota.source.startswith("https://docs.aws.amazon.com/")
