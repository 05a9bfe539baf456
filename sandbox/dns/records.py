"""Records as Route 53 holds them, and which of a group it answers with: pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.dns.errors import RefusedError
from sandbox.dns.latency import nearest

_UNKNOWN = (
    "AliasTarget",
    "CidrRoutingConfig",
    "Failover",
    "GeoLocation",
    "GeoProximityLocation",
    "MultiValueAnswer",
    "TrafficPolicyInstanceId",
)


@dataclass(frozen=True, kw_only=True)
class Record:
    """One ResourceRecordSet. `name` is in lower case without the last dot; `ttl` in seconds.

    `region` is set for latency records, `weight` for weighted ones. `unknown` names what of it this stand-in
    does not do.
    """

    name: str
    type: str
    ttl: int
    values: tuple[str, ...]
    identifier: str = ""
    health_check: str = ""
    region: str = ""
    weight: int | None = None
    unknown: str = ""


def plain(name: str) -> str:
    """A name as DNS compares it."""
    return name.rstrip(".").lower().replace("\\052", "*")


def record_of(answer: Mapping[str, Any]) -> Record:
    """A record of a ListResourceRecordSets answer."""
    weight = answer.get("Weight")
    return Record(
        name=plain(answer["Name"]),
        type=answer["Type"],
        ttl=int(answer.get("TTL") or 0),
        values=tuple(_value(one["Value"]) for one in answer.get("ResourceRecords") or ()),
        identifier=answer.get("SetIdentifier") or "",
        health_check=answer.get("HealthCheckId") or "",
        region=answer.get("Region") or "",
        weight=None if weight is None else int(weight),
        unknown=next((key for key in _UNKNOWN if answer.get(key)), ""),
    )


def _value(text: str) -> str:
    """moto writes the SOA that it makes for a new zone as `{'Value': '…'}`."""
    return text.removeprefix("{'Value': '").removesuffix("'}")


def choose(
    group: Sequence[Record], *, healthy: Callable[[str], bool], place: Callable[[], str], draw: float
) -> Record:
    """The record of one name and type that Route 53 answers with.

    `healthy` judges a health check by its id, `place` is the AWS region that the client is near to (asked
    only for latency records), `draw` is in [0, 1). Records whose check fails are left out; when none is
    left, all count as healthy. Of weighted records those of weight 0 are considered only when no other is
    healthy. Sources:
    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-how-route-53-chooses-records.html,
    …/routing-policy-latency.html, …/routing-policy-weighted.html
    """
    for record in group:
        if record.unknown:
            raise RefusedError(
                f"{record.name} {record.type} uses {record.unknown}, which is not modelled here"
            )
    kinds = {(bool(record.region), record.weight is not None) for record in group}
    if len(kinds) != 1:
        raise RefusedError(f"{group[0].name} {group[0].type} mixes routing policies")
    latency, weighted = kinds.pop()
    if not latency and not weighted:
        if len(group) > 1:
            raise RefusedError(f"{group[0].name} {group[0].type} has {len(group)} simple records")
        return group[0]
    living = [record for record in group if not record.health_check or healthy(record.health_check)]
    if weighted:
        return _by_weight(group, living, draw)
    region = nearest(place(), [record.region for record in living or group])
    return next(record for record in living or group if record.region == region)


def _by_weight(group: Sequence[Record], living: Sequence[Record], draw: float) -> Record:
    heavy = [record for record in group if record.weight]
    candidates = [record for record in heavy if record in living] or list(living) or heavy or list(group)
    total = sum(record.weight or 0 for record in candidates)
    if total == 0:
        return candidates[int(draw * len(candidates))]
    reached = 0
    for record in candidates:
        reached += record.weight or 0
        if draw * total < reached:
            return record
    return candidates[-1]
