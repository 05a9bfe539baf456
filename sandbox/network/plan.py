"""Who has which address in the sandbox's network: pure.

Each region is a network namespace, joined to the namespace `world` by one link; what lies between two
regions, or between a client and a region, crosses those links. Regions take 100.64.0.0/10, which no public
machine has (RFC 6598); pods have their own blocks (`sandbox.zones.pod_blocks`).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sandbox.zones import pod_blocks

WORLD = "world"
"""The namespace of clients, resolvers and health checkers."""

_REGIONS = ipaddress.ip_network("100.64.0.0/10")
RESOLVER = "100.127.255.53"
"""A resolver that keeps answers for their TTL, in `world`."""
STRETCHING_RESOLVER = "100.127.255.54"
"""A resolver that keeps answers longer than they allow, in `world`."""
AUTHORITY = "100.127.255.1"
"""The authoritative name server of the platform's zone, in `world`."""
CLIENT = "100.127.255.10"
"""Where clients call from, in `world`."""
CHECKERS = tuple(f"100.127.255.{number}" for number in range(101, 106))
"""Health checkers, in `world`."""
WORLD_ADDRESSES = (RESOLVER, STRETCHING_RESOLVER, AUTHORITY, CLIENT, *CHECKERS)


@dataclass(frozen=True, kw_only=True)
class RegionNetwork:
    """A region's addresses. `network` is its own /24, `pods`: zone → the block of its pods (CIDR)."""

    region: str
    network: str
    pods: Mapping[str, str]

    def _host(self, number: int) -> str:
        return str(ipaddress.ip_network(self.network)[number])

    @property
    def router(self) -> str:
        """World's end of the region's link."""
        return self._host(1)

    @property
    def address(self) -> str:
        """The region's end of its link: istiod and whatever else is no pod and no load balancer."""
        return self._host(2)

    @property
    def ingress_balancer(self) -> str:
        """The network load balancer in front of the ingress gateway (443)."""
        return self._host(10)

    @property
    def east_west_balancer(self) -> str:
        """The network load balancer in front of the east-west gateway (15443)."""
        return self._host(11)

    @property
    def ingress_gateway(self) -> str:
        """The ingress gateway's Envoy."""
        return self._host(20)

    @property
    def east_west_gateway(self) -> str:
        """The east-west gateway's Envoy."""
        return self._host(21)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Everything that the region's namespace holds besides pods."""
        gateways = (self.ingress_gateway, self.east_west_gateway)
        return (self.address, self.ingress_balancer, self.east_west_balancer, *gateways)


@dataclass(frozen=True, kw_only=True)
class NetworkPlan:
    """The whole sandbox's network."""

    regions: Mapping[str, RegionNetwork]

    @classmethod
    def of(cls, zones: Mapping[str, Sequence[str]]) -> NetworkPlan:
        """The plan for these regions (region → its zones, in order); the same regions give the same plan."""
        blocks = pod_blocks(zones)
        networks = _REGIONS.subnets(new_prefix=24)
        return cls(
            regions={
                region: RegionNetwork(
                    region=region,
                    network=str(network),
                    pods={zone: blocks[region, zone] for zone in names},
                )
                for (region, names), network in zip(zones.items(), networks, strict=False)
            }
        )
