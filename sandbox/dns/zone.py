"""Authoritative answers of a hosted zone: pure.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/SOA-NSrecords.html, RFC 1034 section 4.3.2, RFC
2308.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dnslib import QTYPE, RCODE, RR

from sandbox.dns.records import Record

Choose = Callable[[Sequence[Record]], Record]
_LONGEST_CHAIN = 8


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is said to a question. `identifiers` are those of the records chosen, for the log."""

    rcode: int
    answers: tuple[RR, ...] = ()
    authority: tuple[RR, ...] = ()
    identifiers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Zone:
    """A zone's records by name and type. `names` holds every name that exists, those above records too."""

    name: str
    groups: Mapping[tuple[str, str], tuple[Record, ...]]
    names: frozenset[str] = field(default_factory=frozenset[str])

    @classmethod
    def of(cls, name: str, records: Iterable[Record]) -> Zone:
        groups: dict[tuple[str, str], tuple[Record, ...]] = {}
        names = {name}
        for record in records:
            key = (record.name, record.type)
            groups[key] = (*groups.get(key, ()), record)
            labels = record.name.split(".")
            above = (".".join(labels[start:]) for start in range(len(labels)))
            names |= {one for one in above if one == name or one.endswith(f".{name}")}
        return cls(name, groups, frozenset(names))

    def holds(self, name: str) -> bool:
        return name == self.name or name.endswith(f".{self.name}")

    def answer(self, name: str, kind: str, choose: Choose) -> Answer:
        """A question of one of the zone's names; a chain of CNAMEs is followed as far as the zone goes."""
        answers: list[RR] = []
        identifiers: list[str] = []
        for _ in range(_LONGEST_CHAIN):
            owner = self._owner(name)
            if owner is None:
                return self._nothing(RCODE.NXDOMAIN, answers, identifiers)
            group = self.groups.get((owner, kind)) or self.groups.get((owner, "CNAME"))
            if group is None:
                return self._nothing(RCODE.NOERROR, answers, identifiers)
            record = choose(group)
            answers += [resource(name, record.type, record.ttl, value) for value in record.values]
            identifiers += [record.identifier] if record.identifier else []
            if record.type == kind or not record.values:
                break
            name = record.values[0].rstrip(".").lower()
            if not self.holds(name):
                break
        return Answer(rcode=RCODE.NOERROR, answers=tuple(answers), identifiers=tuple(identifiers))

    def _owner(self, name: str) -> str | None:
        """The name whose records answer: itself, or a wildcard under the closest name (RFC 4592)."""
        if name in self.names:
            return name
        above = name
        while above not in self.names:
            above = above.partition(".")[2]
        wildcard = f"*.{above}"
        return wildcard if wildcard in self.names else None

    def _nothing(self, rcode: int, answers: Sequence[RR], identifiers: Sequence[str]) -> Answer:
        records = self.groups.get((self.name, "SOA"), ())
        soa = tuple(
            resource(self.name, "SOA", _negative_ttl(record), value)
            for record in records
            for value in record.values
        )
        return Answer(rcode=rcode, answers=tuple(answers), authority=soa, identifiers=tuple(identifiers))


def _negative_ttl(soa: Record) -> int:
    """How long "there is none" holds: the lesser of the SOA's TTL and its last number (RFC 2308, 5)."""
    return min(soa.ttl, *(int(value.split()[-1]) for value in soa.values))


@functools.lru_cache(maxsize=1024)
def resource(name: str, kind: str, ttl: int, value: str) -> RR:
    """One resource record from Route 53's text of it."""
    if kind in ("CNAME", "NS"):
        value = f"{value.rstrip('.')}."
    return RR.fromZone(f"{name}. {ttl} IN {kind} {value}")[0]


def kind_name(number: int) -> str:
    """A query type as text; `TYPE<n>` when it has no name."""
    return str(QTYPE.get(number, f"TYPE{number}"))


def zone_of(zones: Iterable[Zone], name: str) -> Zone | None:
    """The zone that a name belongs to: the longest that holds it."""
    holding = [zone for zone in zones if zone.holds(name)]
    return max(holding, key=lambda zone: len(zone.name), default=None)
