"""What the cloud allows an account, against what the platform uses and what one region more would use.

Defaults of AWS, which an account may have had raised: over one that can be raised the platform is told, over
one that cannot it is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from config.platform import Purpose, RegionEntry, peers_of
from config.problems import Problem
from config.region import Region

_ROUTE53 = "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html"
_EKS = "https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html"
_VPC = "https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html"
_S3 = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/BucketRestrictions.html"
_S3_RULES = "https://docs.aws.amazon.com/AmazonS3/latest/API/API_ReplicationConfiguration.html"
_IAM = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"

VALIDATED_NAMES = 3
"""Names in each region's certificate, each with a validation record of that region's own."""

RECORDS_A_REGION = VALIDATED_NAMES + 2
"""The validations, the region's name, and its latency record of the entry."""

RECORDS_OF_ALL = 3
"""The name for a disaster, and the zone's own NS and SOA."""

EAST_WEST_PORTS = 2
"""Ports of the east-west gateway: each source address takes a rule for each in its security group."""

ROLES_A_REGION = 13
"""IAM roles of one region with its peers joined."""

ROLES_OF_THE_COPY = 2
"""In the one region that owns a copy of models in another cloud: who reads for it, and who brings it back."""

SYSTEM_NODE_GROUPS = 1
"""Beside the GPU pools' groups."""


class Grows(StrEnum):
    """With what the use of a quota grows."""

    REGIONS = "regions"
    PEERS = "peers of one region"
    ZONES = "zones and pools of one region"
    NOT = "nothing"


@dataclass(frozen=True)
class Quota:
    """One quota: the most that is used of it anywhere, and where that is.

    ``breaks_at`` is the number of regions that would be one too many, None where no number is. For what grows
    with peers it counts the regions when each new one fails over to the region that uses most; the
    configuration allows fewer peers than that.
    """

    name: str
    scope: str
    limit: int
    used: int
    where: str
    grows: Grows
    breaks_at: int | None
    can_be_raised: bool
    source: str

    @property
    def holds(self) -> bool:
        return self.used <= self.limit


@dataclass(frozen=True)
class _Kind:
    """A quota before the platform is known."""

    name: str
    scope: str
    limit: int
    grows: Grows
    source: str
    can_be_raised: bool = True


CHECKS = _Kind("Route 53 health checks", "account", 200, Grows.REGIONS, _ROUTE53)
RECORDS = _Kind("records", "hosted zone", 10_000, Grows.REGIONS, _ROUTE53)
SHARED = _Kind("records of one name and type", "name", 100, Grows.REGIONS, _ROUTE53, can_be_raised=False)
BUCKETS = _Kind("S3 buckets", "account", 10_000, Grows.REGIONS, _S3)
ROLES = _Kind("IAM roles", "account", 1000, Grows.REGIONS, _IAM)
RULES = _Kind("replication rules", "bucket", 1000, Grows.PEERS, _S3_RULES, can_be_raised=False)
ADDRESSES = _Kind(
    "remote secrets: peers' addresses at the API", "cluster", 40, Grows.PEERS, _EKS, can_be_raised=False
)
SOURCES = _Kind("rules of the east-west gateway's security group", "security group", 60, Grows.PEERS, _VPC)
GROUPS = _Kind("EKS managed node groups", "cluster", 30, Grows.ZONES, _EKS)
EIPS = _Kind("elastic addresses", "account and location", 5, Grows.ZONES, _VPC)
VPCS = _Kind("VPCs", "account and location", 5, Grows.NOT, _VPC)
CLUSTERS = _Kind("EKS clusters", "account and location", 100, Grows.NOT, _EKS)
NATS = _Kind("NAT gateways", "zone", 5, Grows.NOT, _VPC)

PER_REGION: Mapping[_Kind, tuple[int, int]] = {
    CHECKS: (0, 1),
    RECORDS: (RECORDS_OF_ALL, RECORDS_A_REGION),
    SHARED: (0, 1),
    BUCKETS: (0, len(Purpose)),
    ROLES: (ROLES_OF_THE_COPY, ROLES_A_REGION),
}
"""What grows with regions: what there is in any case, and what each region adds."""


def quotas(entries: Mapping[str, RegionEntry], regions: Mapping[str, Region]) -> tuple[Quota, ...]:
    """Every quota, at the present number of regions; those without a stack file count like the largest."""
    known = {name: region for name, region in regions.items() if name in entries}
    if not known:
        return ()
    count, most = len(entries), max(len(region.zones) for region in known.values())
    found = [
        _quota(kind, base + each * count, "", (kind.limit - base) // each + 1)
        for kind, (base, each) in PER_REGION.items()
    ]
    zones = {name: len(known[name].zones) if name in known else most for name in entries}
    targets = {name: entry.failover_to for name, entry in entries.items()}
    peers = {name: [peer for peer in peers_of(targets, name) if peer in entries] for name in entries}
    sources = {name: sum(zones[peer] for peer in peers[name]) for name in entries}
    access = {name: len(known[name].api_access) if name in known else 0 for name in entries}
    growing: dict[_Kind, tuple[dict[str, int], int]] = {
        RULES: ({name: len(peers[name]) for name in entries}, 1),
        ADDRESSES: ({name: access[name] + sources[name] for name in entries}, most),
        SOURCES: ({name: (1 + sources[name]) * EAST_WEST_PORTS for name in entries}, most * EAST_WEST_PORTS),
    }
    for kind, (used, each) in growing.items():
        where = max(used, key=lambda name: used[name])
        breaks_at = count + max(0, (kind.limit - used[where]) // each + 1)
        found.append(_quota(kind, used[where], where, breaks_at))
    within: dict[_Kind, dict[str, int]] = {
        GROUPS: {n: len(r.gpu_pools) * len(r.zones) + SYSTEM_NODE_GROUPS for n, r in known.items()},
        EIPS: {name: len(region.zones) for name, region in known.items()},
        VPCS: dict.fromkeys(known, 1),
        CLUSTERS: dict.fromkeys(known, 1),
        NATS: dict.fromkeys(known, 1),
    }
    for kind, used in within.items():
        where = max(used, key=lambda name: used[name])
        found.append(_quota(kind, used[where], where, None))
    return tuple(found)


def _quota(kind: _Kind, used: int, where: str, breaks_at: int | None) -> Quota:
    return Quota(
        name=kind.name,
        scope=kind.scope,
        limit=kind.limit,
        used=used,
        where=where,
        grows=kind.grows,
        breaks_at=breaks_at,
        can_be_raised=kind.can_be_raised,
        source=kind.source,
    )


_REMEDIES = {
    Grows.REGIONS: "list fewer regions",
    Grows.PEERS: "let some of its peers fail over elsewhere, or use fewer zones",
    Grows.ZONES: "use fewer zones or pools",
    Grows.NOT: "use fewer regions in one location",
}


def problems(
    platform: str, key: str, entries: Mapping[str, RegionEntry], regions: Mapping[str, Region]
) -> Iterator[Problem]:
    """Every quota that is passed and cannot be raised."""
    for quota in quotas(entries, regions):
        if not quota.holds and not quota.can_be_raised:
            yield Problem(
                f"{quota.where}: {key}" if quota.where in regions else f"{platform}.regions",
                f"{quota.used} {quota.name}",
                f"{quota.limit} for each {quota.scope} at most, and AWS raises it for nobody; "
                f"{_REMEDIES[quota.grows]} ({quota.used - quota.limit} too many)",
            )


def warnings(found: tuple[Quota, ...]) -> Iterator[str]:
    """Every quota that is passed unless the account's has been raised."""
    for quota in found:
        if not quota.holds and quota.can_be_raised:
            where = f" in {quota.where}" if quota.where else ""
            yield (
                f"{quota.used} {quota.name}{where}: AWS allows {quota.limit} for each {quota.scope} unless "
                f"it was raised; ask for {quota.used} before `up` ({quota.source})"
            )
