"""https://docs.aws.amazon.com/vpc/latest/userguide/subnet-public-ip.html"""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Resource, ResourceRule, Severity
from ..values import at, listed, sequence

_WORLD = frozenset({"0.0.0.0/0", "::/0"})
_GROUPS = "aws:ec2/securityGroup:SecurityGroup"
_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


def _check(resource: Resource) -> Iterator[str]:
    if at(resource.props, "mapPublicIpOnLaunch") is True:
        yield f"{resource.name} gives every node an address of the internet"
    if resource.type == _RULE and _WORLD & {at(resource.props, "cidrIpv4"), at(resource.props, "cidrIpv6")}:
        yield f"{resource.name} lets the world in"
    for entry in sequence(at(resource.props, "ingress")):
        if _WORLD & {*listed(at(entry, "cidrBlocks")), *listed(at(entry, "ipv6CidrBlocks"))}:
            yield f"{resource.name} lets the world in"


RULE = ResourceRule(
    id="subnets-not-public",
    severity=Severity.HIGH,
    title="Nodes have no public address, and security groups do not let the world in",
    reason="The load balancer is the one door; a node with an address is another.",
    remedy="mapPublicIpOnLaunch false; name the sources of ingress.",
    kinds=frozenset(
        {"aws:ec2/subnet:Subnet", _GROUPS, "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", _RULE}
    ),
    check=_check,
)
