"""https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/best-practices-dns.html"""

from __future__ import annotations

from collections.abc import Iterator

from ..dns import client_records
from ..model import Finding, Severity, Stack, StackRule
from ..values import UNKNOWN, at, number

LONGEST = 30


def _check(stack: Stack) -> Iterator[Finding]:
    for record in client_records(stack):
        ttl = at(record.props, "ttl")
        if ttl is UNKNOWN or at(record.props, "aliases"):
            continue
        if (number(ttl) or 300) > LONGEST:
            yield Finding(
                f"record {at(record.props, 'name')} is remembered for {ttl or 300} s, {LONGEST} s at most",
                record.urn,
            )


RULE = StackRule(
    id="dns-ttl-within-budget",
    severity=Severity.HIGH,
    title="Resolvers forget a lost region within 30 s",
    reason="The TTL is added to detection for every client that asked just before: with 30 s of both, 60 s "
    "in all.",
    remedy="ttl: 30 or less on every record of a load balancer.",
    check=_check,
)
