"""The numbers of failover by name."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from components.global_dns.desired import PROBING, Probing, seconds


def test_a_lost_region_costs_its_clients_a_minute_at_least() -> None:
    assert PROBING.recovery_floor == timedelta(seconds=60)


def test_the_probe_is_the_lessons_readiness() -> None:
    assert (PROBING.port, PROBING.path) == (443, "/v2/health/ready")


@given(st.integers(1, 10), st.sampled_from([10, 30]), st.integers(0, 300))
def test_the_floor_grows_with_each_of_its_parts(failures: int, interval: int, ttl: int) -> None:
    probing = Probing(interval=timedelta(seconds=interval), failures=failures, ttl=timedelta(seconds=ttl))
    assert seconds(probing.recovery_floor) == interval * failures + ttl
