"""aws.ec2.RouteTable, Route and RouteTableAssociation."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.providers.aws.entry import Entry, Step
from sandbox.providers.aws.table.ec2_common import only, retag, tag_specifications, tags_of
from sandbox.providers.base.table.fields import Fields, block_set, tags, text
from sandbox.providers.base.table.shapes import from_api, to_api

_DESTINATIONS = ("destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId")
_TARGETS: Fields = {
    "egressOnlyGatewayId": text(api="EgressOnlyInternetGatewayId"),
    "gatewayId": text(),
    "natGatewayId": text(),
    "networkInterfaceId": text(),
    "transitGatewayId": text(),
    "vpcEndpointId": text(),
    "vpcPeeringConnectionId": text(),
}
_ROUTES: Fields = {
    "cidrBlock": text(api="DestinationCidrBlock"),
    "ipv6CidrBlock": text(api="DestinationIpv6CidrBlock"),
    "destinationPrefixListId": text(),
    **_TARGETS,
}
_NO_TABLE = ("InvalidRouteTableID.NotFound",)


def _destination(route: Mapping[str, Any]) -> dict[str, Any]:
    """A route's destination as a request or an answer has it."""
    names = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
    return {name: route[name] for name in names if route.get(name)}


def _table(step: Step, id_: str) -> dict[str, Any] | None:
    return only(step.aws("ec2").describe_route_tables(RouteTableIds=[id_])["RouteTables"])


def _create_table(step: Step) -> str:
    made = step.aws("ec2").create_route_table(
        VpcId=step.new["vpcId"], **tag_specifications(step, "route-table")
    )
    step.made(made["RouteTable"]["RouteTableId"])
    for route in step.new.get("routes") or []:
        step.aws("ec2").create_route(RouteTableId=step.id, **to_api(_ROUTES, route))
    return step.id


def _inline(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A table's routes that somebody made: not the VPC's own, and not those of gateway endpoints."""
    return [
        route
        for route in table.get("Routes", [])
        if route.get("GatewayId") != "local" and not str(route.get("GatewayId", "")).startswith("vpce-")
    ]


def _read_table(step: Step) -> dict[str, Any] | None:
    table = _table(step, step.id)
    if table is None:
        return None
    # Routes that are resources of their own are not this one's: they are compared only if some were given.
    owned = (
        {"routes": [from_api(_ROUTES, route) for route in _inline(table)]} if step.wish.get("routes") else {}
    )
    return {
        **step.values(table, "vpcId"),
        **owned,
        "arn": step.arn("ec2", f"route-table/{step.id}"),
        "ownerId": table.get("OwnerId") or step.session.account,
        "tagsAll": tags_of(table),
    }


def _update_table(step: Step) -> None:
    ec2 = step.aws("ec2")
    if step.changed("routes"):
        for route in _inline(_table(step, step.id) or {}):
            ec2.delete_route(RouteTableId=step.id, **_destination(route))
        for route in step.new.get("routes") or []:
            ec2.create_route(RouteTableId=step.id, **to_api(_ROUTES, route))
    retag(step)


def _delete_table(step: Step) -> None:
    step.aws("ec2").delete_route_table(RouteTableId=step.id)


ROUTE_TABLE = Entry(
    token="aws:ec2/routeTable:RouteTable",  # noqa: S106
    fields={
        "vpcId": text(required=True, replace=True),
        "routes": block_set(_ROUTES, api=None, computed=True),
        "tags": tags(),
    },
    create=_create_table,
    read=_read_table,
    update=_update_table,
    delete=_delete_table,
    gone=_NO_TABLE,
    outputs=("arn", "ownerId"),
)


def _route_id(step: Step) -> str:
    """As the real provider forms it: `r-`, the table, and the destination's checksum (Terraform's
    create_hashcode).
    """
    destination = next(step.wish[name] for name in _DESTINATIONS if step.wish.get(name))
    return f"r-{step.wish['routeTableId']}{zlib.crc32(destination.encode())}"


def _create_route(step: Step) -> str:
    step.aws("ec2").create_route(**step.request("routeTableId", *_DESTINATIONS, *_TARGETS))
    return _route_id(step)


def _read_route(step: Step) -> dict[str, Any] | None:
    table = _table(step, step.wish["routeTableId"]) or {}
    mine = {name: step.wish[name] for name in _DESTINATIONS if step.wish.get(name)}
    for route in table.get("Routes", []):
        found = step.values(route, *_DESTINATIONS)
        if found == mine:
            return {
                "routeTableId": table["RouteTableId"],
                **found,
                **step.values(route, *_TARGETS),
                "origin": route.get("Origin"),
                "state": route.get("State"),
            }
    return None


def _update_route(step: Step) -> None:
    step.aws("ec2").replace_route(**step.request("routeTableId", *_DESTINATIONS, *_TARGETS))


def _delete_route(step: Step) -> None:
    destination = {name[0].upper() + name[1:]: step.old[name] for name in _DESTINATIONS if step.old.get(name)}
    step.aws("ec2").delete_route(RouteTableId=step.old["routeTableId"], **destination)


def _route_rules(inputs: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    if sum(1 for name in _DESTINATIONS if inputs.get(name)) != 1:
        yield "destinationCidrBlock", f"exactly one of {', '.join(_DESTINATIONS)} is needed"
    if sum(1 for name in _TARGETS if inputs.get(name)) != 1:
        yield "gatewayId", f"exactly one of {', '.join(_TARGETS)} is needed"


ROUTE = Entry(
    token="aws:ec2/route:Route",  # noqa: S106
    fields={
        "routeTableId": text(required=True, replace=True),
        **{name: text(replace=True) for name in _DESTINATIONS},
        **_TARGETS,
    },
    create=_create_route,
    read=_read_route,
    update=_update_route,
    delete=_delete_route,
    gone=(*_NO_TABLE, "InvalidRoute.NotFound"),
    outputs=("origin", "state"),
    delete_first=True,
    rules=_route_rules,
)


def _associate(step: Step) -> str:
    made = step.aws("ec2").associate_route_table(**step.request("routeTableId", "subnetId", "gatewayId"))
    return str(made["AssociationId"])


def _read_association(step: Step) -> dict[str, Any] | None:
    by_id = [{"Name": "association.route-table-association-id", "Values": [step.id]}]
    table = only(step.aws("ec2").describe_route_tables(Filters=by_id)["RouteTables"])
    for association in (table or {}).get("Associations", []):
        if association["RouteTableAssociationId"] == step.id:
            return step.values(association)
    return None


def _disassociate(step: Step) -> None:
    step.aws("ec2").disassociate_route_table(AssociationId=step.id)


ROUTE_TABLE_ASSOCIATION = Entry(
    token="aws:ec2/routeTableAssociation:RouteTableAssociation",  # noqa: S106
    fields={
        # AWS gives a moved association a new id, which an update cannot hand to the engine.
        "routeTableId": text(required=True, replace=True),
        "subnetId": text(replace=True),
        "gatewayId": text(replace=True),
    },
    create=_associate,
    read=_read_association,
    delete=_disassociate,
    gone=("InvalidAssociationID.NotFound",),
    delete_first=True,
)

ENTRIES = (ROUTE_TABLE, ROUTE, ROUTE_TABLE_ASSOCIATION)
