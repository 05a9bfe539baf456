"""Which addresses each zone of a region gets."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

LARGEST_PREFIX, SMALLEST_PREFIX = 16, 20
"""A VPC is at most a /16 (AWS); below a /20 a zone's private subnet would hold too few pods."""

SLOTS = "abcdefgh"
"""Zones by letter: a zone's place in the region's network depends on its letter alone."""

_ZONE_BITS, _PRIVATE_BITS, _PUBLIC_BITS = 3, 1, 3


class NetworkError(ValueError):
    """The region's network cannot be laid out; the message says what to change."""


@dataclass(frozen=True)
class ZoneNetwork:
    """One zone's subnets."""

    zone: str
    private: IPv4Network
    public: IPv4Network


def slot(zone: str) -> int:
    """The place of a zone, 0 to 7, by its letter."""
    match = re.fullmatch(r".*-\d([a-h])", zone)
    if not match:
        raise NetworkError(f"zone {zone}: its letter must be one of {', '.join(SLOTS)}; choose another zone")
    return SLOTS.index(match[1])


def zone_network(cidr: IPv4Network, zone: str) -> ZoneNetwork:
    """The subnets of one zone: the first half of its eighth is private, the next sixteenth of it public.

    A zone's addresses follow from ``cidr`` and its letter, never from the other zones, so that a zone that
    is added, removed or written in another order renumbers nobody: a subnet with another CIDR is another
    subnet, and with it another set of nodes. Of a /16 a zone gets a private /20 (4,091 pod and node
    addresses) and a public /22; of a /20 a private /24 and a public /26. The rest of the eighth is left free.
    AWS keeps five addresses of each subnet, and a load balancer asks for eight free ones:
    https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
    """
    if not LARGEST_PREFIX <= cidr.prefixlen <= SMALLEST_PREFIX:
        raise NetworkError(
            f"cidr {cidr}: must be /{LARGEST_PREFIX} to /{SMALLEST_PREFIX}; choose such a network"
        )
    block = list(cidr.subnets(prefixlen_diff=_ZONE_BITS))[slot(zone)]
    private, rest = block.subnets(prefixlen_diff=_PRIVATE_BITS)
    public = next(rest.subnets(prefixlen_diff=_PUBLIC_BITS - _PRIVATE_BITS))
    return ZoneNetwork(zone, private, public)


def zone_networks(cidr: IPv4Network, zones: Sequence[str]) -> tuple[ZoneNetwork, ...]:
    """The subnets of every zone, in the order of ``zones``; two to eight zones of one region."""
    if not 2 <= len(zones) <= len(SLOTS):
        raise NetworkError(f"zones {', '.join(zones)}: name two to {len(SLOTS)} zones")
    if len({zone[:-1] for zone in zones}) > 1:
        raise NetworkError(f"zones {', '.join(zones)}: all must be of one region")
    if len(set(zones)) < len(zones):
        raise NetworkError(f"zones {', '.join(zones)}: each may be named once")
    return tuple(zone_network(cidr, zone) for zone in zones)
