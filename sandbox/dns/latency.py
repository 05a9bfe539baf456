"""How far a client is from an AWS region: the stand-in for Route 53's own measurements.

Route 53 measures latency between networks and AWS regions over time and does not publish it
(https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy-latency.html). Here a place is an
AWS region's name, and a round trip is light in fibre (200 km a millisecond) along 1.4 times the great
circle: within a fifth of what clouds publish for routes across the Atlantic and within a continent
(https://cloud.ibm.com/docs/vpc?topic=vpc-network-latency-dashboard: Washington to Frankfurt 91 ms, to
London 75, Dallas to Washington 31; the rule says 92, 83 and 27), too short for routes between Asia and
Europe. Only the order of regions counts.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from sandbox.dns.errors import RefusedError

# Degrees of the metropolitan areas that AWS names:
# https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
LOCATIONS = {
    "us-east-1": (38.9, -77.4),
    "us-east-2": (40.0, -83.0),
    "us-west-1": (37.4, -121.9),
    "us-west-2": (45.8, -119.7),
    "ca-central-1": (45.5, -73.6),
    "sa-east-1": (-23.6, -46.6),
    "eu-west-1": (53.3, -6.3),
    "eu-west-2": (51.5, -0.1),
    "eu-west-3": (48.9, 2.4),
    "eu-central-1": (50.1, 8.7),
    "eu-north-1": (59.3, 18.1),
    "eu-south-1": (45.5, 9.2),
    "ap-northeast-1": (35.7, 139.7),
    "ap-northeast-2": (37.6, 127.0),
    "ap-south-1": (19.1, 72.9),
    "ap-southeast-1": (1.4, 103.8),
    "ap-southeast-2": (-33.9, 151.2),
}
_EARTH_KM = 6371.0
_DETOUR = 1.4
_KM_PER_MS = 200.0
_INSIDE_MS = 1.0


def round_trip_ms(place: str, region: str) -> float:
    """Milliseconds there and back between two AWS regions. RefusedError for one that is not known."""
    for name in (place, region):
        if name not in LOCATIONS:
            raise RefusedError(
                f"no latency is known for {name!r}", remedy=f"known are {', '.join(sorted(LOCATIONS))}"
            )
    (lat1, lon1), (lat2, lon2) = (tuple(map(math.radians, LOCATIONS[name])) for name in (place, region))
    squared = (
        math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    )
    distance = 2 * _EARTH_KM * math.asin(min(1.0, math.sqrt(squared)))
    return _INSIDE_MS + 2 * distance * _DETOUR / _KM_PER_MS


def nearest(place: str, regions: Iterable[str]) -> str:
    """The region with the lowest latency from a place; by name where two are equal."""
    return min(regions, key=lambda region: (round_trip_ms(place, region), region))
