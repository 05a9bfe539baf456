"""https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from ..model import Finding, Resource, Severity, Stack, StackRule
from ..network import SUBNET, made_from, zone, zones

_NAT = "aws:ec2/natGateway:NatGateway"
_TABLE = "aws:ec2/routeTable:RouteTable"
_ROUTE = "aws:ec2/route:Route"
_ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"


def _check(stack: Stack) -> Iterator[Finding]:
    gateways = {
        zone(subnet): nat for nat in stack.of(_NAT) for subnet in made_from(stack, nat, "subnetId", SUBNET)
    }
    if stack.of(_NAT) or stack.of("aws:eks/cluster:Cluster"):
        for missing in sorted(zones(stack) - set(gateways)):
            yield Finding(f"{missing} has no NAT gateway of its own")
    routes: dict[str, list[Resource]] = defaultdict(list)
    for route in stack.of(_ROUTE):
        for table in made_from(stack, route, "routeTableId", _TABLE):
            routes[table.urn].append(route)
    for association in stack.of(_ASSOCIATION):
        for subnet in made_from(stack, association, "subnetId", SUBNET):
            for table in made_from(stack, association, "routeTableId", _TABLE):
                yield from _crossing(stack, subnet, routes[table.urn])


def _crossing(stack: Stack, subnet: Resource, routes: list[Resource]) -> Iterator[Finding]:
    for route in routes:
        for nat in made_from(stack, route, "natGatewayId", _NAT):
            for home in made_from(stack, nat, "subnetId", SUBNET):
                if zone(home) != zone(subnet):
                    yield Finding(f"{subnet.name} in {zone(subnet)} leaves through {zone(home)}", route.urn)


RULE = StackRule(
    id="nat-in-each-zone",
    severity=Severity.HIGH,
    title="Each zone leaves through a NAT gateway of its own",
    reason="With one shared gateway the loss of its zone cuts every other zone off from the cloud's own "
    "services.",
    remedy="A NAT gateway and a private route table for each zone.",
    check=_check,
)
