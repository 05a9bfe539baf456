"""How long a resolver keeps what it was told."""

from __future__ import annotations

from dnslib import RCODE
from hypothesis import given
from hypothesis import strategies as st

from sandbox.dns.cache import Cache, Entry
from sandbox.dns.zone import resource

_SOA = "ns-1.example.com. host.example.com. 1 7200 900 1209600 {}"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _entry(ttl: int) -> Entry:
    return Entry(rcode=RCODE.NOERROR, records=(resource("a.example.com", "A", ttl, "192.0.2.1"),))


@given(ttl=st.integers(1, 600), stretch=st.integers(0, 600), after=st.floats(0, 1200))
def test_an_answer_lives_for_its_ttl_or_the_floor_under_it(ttl: int, stretch: int, after: float) -> None:
    clock = Clock()
    cache = Cache(stretch, clock)
    cache.put("a.example.com", "A", _entry(ttl))
    clock.now += after
    left = 100.0 + max(ttl, stretch) - clock.now
    found = cache.get("a.example.com", "A")
    assert (found is not None) is (left > 0)
    if found is not None:
        assert 1 <= found.records[0].ttl <= max(ttl, stretch)
        assert found.records[0].ttl - 1 < left <= found.records[0].ttl


def test_that_there_is_none_is_kept_as_the_soa_says() -> None:
    clock = Clock()
    cache = Cache(clock=clock)
    soa = resource("example.com", "SOA", 60, _SOA.format(60))
    cache.put("x.example.com", "A", Entry(rcode=RCODE.NXDOMAIN, authority=(soa,)))
    clock.now += 59
    found = cache.get("x.example.com", "A")
    assert found is not None
    assert found.rcode == RCODE.NXDOMAIN
    clock.now += 2
    assert cache.get("x.example.com", "A") is None


def test_a_ttl_of_nothing_and_an_answer_without_soa_are_not_kept() -> None:
    cache = Cache()
    cache.put("a.example.com", "A", _entry(0))
    cache.put("b.example.com", "A", Entry(rcode=RCODE.NXDOMAIN))
    assert cache.get("a.example.com", "A") is None
    assert cache.get("b.example.com", "A") is None


def test_types_of_a_name_are_kept_apart() -> None:
    cache = Cache()
    cache.put("a.example.com", "A", _entry(30))
    assert cache.get("a.example.com", "AAAA") is None
