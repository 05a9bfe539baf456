"""The names of load balancers, which AWS answers under `elb.amazonaws.com`.

A record lives 60 seconds
(https://docs.aws.amazon.com/elasticloadbalancing/latest/network/network-load-balancers.html#dns-name).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from sandbox.dns.records import Record, plain
from sandbox.dns.zone import Zone
from sandbox.paths import write_atomic

TTL = 60
STACK_TAG = "service.k8s.aws/stack"
"""Where the load balancer controller writes `<namespace>/<name>` of the Service."""
_SOA = "ns-332.awsdns-41.com. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 60"


@dataclass(frozen=True, kw_only=True)
class Balancer:
    """A load balancer of moto. `service` is the name of the Service that it was made for."""

    host: str
    location: str
    service: str


def zones(location: str) -> tuple[str, str]:
    """Where a location's load balancers have their names: as moto writes them, and as AWS does."""
    return f"{location}.elb.amazonaws.com", f"elb.{location}.amazonaws.com"


def location_of(name: str, locations: Mapping[str, object]) -> str | None:
    """The location whose load balancer a name would be, of those given."""
    for location in locations:
        if any(name.endswith(f".{zone}") for zone in zones(location)):
            return location
    return None


def balancer_zones(
    balancers: Sequence[Balancer], addresses: Mapping[str, Mapping[str, str]]
) -> tuple[Zone, ...]:
    """The zones of these locations' load balancers; `addresses`: location → name of the Service → IPv4.

    A load balancer whose Service has no address there does not exist.
    """
    made: list[Zone] = []
    for location, known in addresses.items():
        for name in zones(location):
            soa = Record(name=name, type="SOA", ttl=TTL, values=(_SOA,))
            records = [
                Record(name=plain(one.host), type="A", ttl=TTL, values=(known[one.service],))
                for one in balancers
                if one.location == location and one.service in known and plain(one.host).endswith(f".{name}")
            ]
            made.append(Zone.of(name, [soa, *records]))
    return tuple(made)


class BalancerFile:
    """The load balancers of all locations, as the authority's process found them in moto: what the resolvers
    of the regions know of their own.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = 0
        self._found: tuple[Balancer, ...] = ()

    def write(self, balancers: Sequence[Balancer]) -> None:
        """Nothing when they are the same as before."""
        if tuple(balancers) != self._found or not self._path.exists():
            self._found = tuple(balancers)
            write_atomic(self._path, json.dumps([asdict(one) for one in balancers]))

    def read(self) -> tuple[Balancer, ...]:
        """The last that could be read; none before the first."""
        try:
            stamp = self._path.stat().st_mtime_ns
            if stamp != self._stamp:
                self._found = tuple(Balancer(**one) for one in json.loads(self._path.read_bytes()))
                self._stamp = stamp
        except FileNotFoundError:
            pass
        return self._found
