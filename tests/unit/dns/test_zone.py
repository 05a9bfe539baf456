"""What an authority says of a name."""

from __future__ import annotations

from collections.abc import Sequence

from dnslib import QTYPE, RCODE
from hypothesis import given
from hypothesis import strategies as st

from sandbox.dns.balancers import Balancer, balancer_zones, location_of
from sandbox.dns.records import Record
from sandbox.dns.zone import Answer, Zone, zone_of

_SOA = "ns-1.awsdns-1.com. hostmaster.example.com. 1 7200 900 1209600 86400"


def _record(name: str, kind: str, value: str, ttl: int = 30) -> Record:
    return Record(name=name, type=kind, ttl=ttl, values=(value,))


ZONE = Zone.of(
    "example.com",
    [
        _record("example.com", "SOA", _SOA, ttl=900),
        _record("a.example.com", "CNAME", "b.example.com"),
        _record("b.example.com", "CNAME", "lb.elsewhere.net", ttl=60),
        _record("deep.under.example.com", "A", "192.0.2.1"),
        _record("*.wild.example.com", "A", "192.0.2.2"),
        _record("known.wild.example.com", "TXT", '"text"'),
        _record("loop.example.com", "CNAME", "pool.example.com"),
        _record("pool.example.com", "CNAME", "loop.example.com"),
    ],
)


def _first(group: Sequence[Record]) -> Record:
    return group[0]


def _ask(name: str, kind: str = "A") -> Answer:
    return ZONE.answer(name, kind, _first)


def _shown(answer: Answer) -> list[tuple[str, str, int, str]]:
    return [
        (str(one.rname).rstrip("."), str(QTYPE.get(one.rtype)), one.ttl, str(one.rdata).rstrip("."))
        for one in answer.answers
    ]


def test_a_chain_is_followed_as_far_as_the_zone_goes() -> None:
    answer = _ask("a.example.com")
    assert answer.rcode == RCODE.NOERROR
    assert _shown(answer) == [
        ("a.example.com", "CNAME", 30, "b.example.com"),
        ("b.example.com", "CNAME", 60, "lb.elsewhere.net"),
    ]
    assert _shown(_ask("a.example.com", "CNAME")) == [("a.example.com", "CNAME", 30, "b.example.com")]


def test_a_chain_that_bites_its_tail_ends() -> None:
    assert len(_ask("loop.example.com").answers) <= 8


def test_no_such_name_and_no_such_type_carry_the_soa() -> None:
    for name, kind, rcode in [
        ("nobody.example.com", "A", RCODE.NXDOMAIN),
        ("deep.under.example.com", "AAAA", RCODE.NOERROR),
        ("under.example.com", "A", RCODE.NOERROR),  # a name only because of those below it
    ]:
        answer = _ask(name, kind)
        assert (answer.rcode, answer.answers) == (rcode, ())
        assert [one.ttl for one in answer.authority] == [900]


def test_wildcards_answer_for_names_that_are_not_there() -> None:
    assert _shown(_ask("any.wild.example.com")) == [("any.wild.example.com", "A", 30, "192.0.2.2")]
    assert _ask("known.wild.example.com").answers == ()
    assert _ask("known.wild.example.com").rcode == RCODE.NOERROR


_LABEL = st.from_regex(r"[a-z]{1,5}", fullmatch=True)


@given(st.lists(_LABEL, max_size=4))
def test_every_name_of_the_zone_gets_an_answer(labels: list[str]) -> None:
    name = ".".join([*labels, "example.com"])
    answer = _ask(name)
    assert answer.rcode in (RCODE.NOERROR, RCODE.NXDOMAIN)
    assert answer.answers or answer.authority


def test_a_load_balancer_has_the_address_of_its_service() -> None:
    found = [
        Balancer(host="In-1.us-east-1.elb.amazonaws.com", location="us-east-1", service="ingress"),
        Balancer(host="x-9.elb.us-east-1.amazonaws.com", location="us-east-1", service="east-west"),
        Balancer(host="other-1.us-east-1.elb.amazonaws.com", location="us-east-1", service="other"),
    ]
    addresses = {"us-east-1": {"ingress": "100.64.0.10", "east-west": "100.64.0.11"}, "eu-west-1": {}}
    zones = balancer_zones(found, addresses)

    def ask(name: str) -> Answer:
        zone = zone_of(zones, name)
        assert zone is not None
        return zone.answer(name, "A", _first)

    assert _shown(ask("in-1.us-east-1.elb.amazonaws.com")) == [
        ("in-1.us-east-1.elb.amazonaws.com", "A", 60, "100.64.0.10")
    ]
    assert _shown(ask("x-9.elb.us-east-1.amazonaws.com"))[0][3] == "100.64.0.11"
    assert ask("other-1.us-east-1.elb.amazonaws.com").rcode == RCODE.NXDOMAIN
    assert ask("in-1.eu-west-1.elb.amazonaws.com").authority[0].ttl == 60
    assert zone_of(zones, "sts.amazonaws.com") is None
    assert location_of("in-1.us-east-1.elb.amazonaws.com", addresses) == "us-east-1"
    assert location_of("in-1.us-west-2.elb.amazonaws.com", addresses) is None
