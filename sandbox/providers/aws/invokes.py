"""The functions of the real provider that a program may call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.providers.aws.clients import Session
from sandbox.providers.aws.errors import AwsProviderError
from sandbox.providers.aws.pairs import unpaired
from sandbox.providers.base import Properties


def _known(token: str, args: Properties, *names: str) -> None:
    """Raises AwsProviderError naming an argument that is not one of `names`."""
    for name in args:
        if name not in names:
            known = ", ".join(names) or "none"
            raise AwsProviderError(
                f"{token}: the sandbox's aws provider knows no argument {name}; it knows {known}"
            )


def _caller_identity(session: Session, args: Properties) -> Properties:
    _known("aws:index/getCallerIdentity:getCallerIdentity", args)
    answer = session.client("sts").get_caller_identity()
    return {
        "id": answer["Account"],
        "accountId": answer["Account"],
        "arn": answer["Arn"],
        "userId": answer["UserId"],
    }


def _partition(session: Session, args: Properties) -> Properties:
    _known("aws:index/getPartition:getPartition", args)
    suffix = "amazonaws.com.cn" if session.partition == "aws-cn" else "amazonaws.com"
    reverse = ".".join(reversed(suffix.split(".")))
    return {
        "id": session.partition,
        "partition": session.partition,
        "dnsSuffix": suffix,
        "reverseDnsPrefix": reverse,
    }


def _region(session: Session, args: Properties) -> Properties:
    _known("aws:index/getRegion:getRegion", args, "region")
    name = str(args.get("region") or session.region)
    return {
        "id": name,
        "name": name,
        "region": name,
        "endpoint": f"ec2.{name}.amazonaws.com",
        "description": name,
    }


def _availability_zones(session: Session, args: Properties) -> Properties:
    _known("aws:index/getAvailabilityZones:getAvailabilityZones", args, "state", "region")
    location = str(args.get("region") or session.region)
    found = session.client("ec2", location).describe_availability_zones()["AvailabilityZones"]
    zones = [zone for zone in found if args.get("state") in (None, zone["State"])]
    return {
        "id": location,
        "region": location,
        "state": args.get("state"),
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone["ZoneId"] for zone in zones],
        "groupNames": sorted({zone.get("GroupName") or location for zone in zones}),
    }


def _zone(session: Session, args: Properties) -> Properties:
    token = "aws:route53/getZone:getZone"  # noqa: S105
    _known(token, args, "name", "zoneId", "privateZone")
    route53 = session.client("route53")
    private = bool(args.get("privateZone", False))
    zones = [
        zone
        for page in route53.get_paginator("list_hosted_zones").paginate()
        for zone in page["HostedZones"]
        if _matches(zone, args) and bool(zone.get("Config", {}).get("PrivateZone")) is private
    ]
    asked = args.get("name") or args.get("zoneId")
    if len(zones) != 1:
        raise AwsProviderError(f"{token}: {len(zones)} hosted zones match {asked!r}; exactly one is needed")
    zone = zones[0]
    id_ = zone["Id"].removeprefix("/hostedzone/")
    servers = route53.get_hosted_zone(Id=id_).get("DelegationSet", {}).get("NameServers", [])
    found = route53.list_tags_for_resource(ResourceType="hostedzone", ResourceId=id_)["ResourceTagSet"][
        "Tags"
    ]
    return {
        "id": id_,
        "zoneId": id_,
        "arn": f"arn:{session.partition}:route53:::hostedzone/{id_}",
        "name": zone["Name"].rstrip("."),
        "callerReference": zone["CallerReference"],
        "comment": zone.get("Config", {}).get("Comment", ""),
        "nameServers": servers,
        "primaryNameServer": servers[0] if servers else "",
        "privateZone": private,
        "resourceRecordSetCount": zone.get("ResourceRecordSetCount", 0),
        "tags": unpaired(found),
    }


def _matches(zone: dict[str, Any], args: Properties) -> bool:
    if args.get("zoneId"):
        return bool(zone["Id"].removeprefix("/hostedzone/") == args["zoneId"])
    return bool(zone["Name"].rstrip(".").lower() == str(args.get("name", "")).rstrip(".").lower())


INVOKES: dict[str, Callable[[Session, Properties], Properties]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getRegion:getRegion": _region,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _availability_zones,
    "aws:route53/getZone:getZone": _zone,
}
