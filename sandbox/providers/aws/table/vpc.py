"""aws.ec2.Vpc and aws.ec2.Subnet."""

from __future__ import annotations

from typing import Any

from sandbox.providers.aws.entry import Entry, Step
from sandbox.providers.aws.table.ec2_common import only, retag, tag_specifications, tags_of
from sandbox.providers.base.table.fields import flag, tags, text
from sandbox.providers.base.table.shapes import api_name

_VPC_SWITCHES = ("enableDnsSupport", "enableDnsHostnames", "enableNetworkAddressUsageMetrics")


def _create_vpc(step: Step) -> str:
    made = step.aws("ec2").create_vpc(
        **step.request("cidrBlock", "instanceTenancy"), **tag_specifications(step, "vpc")
    )
    step.made(made["Vpc"]["VpcId"])
    for name, default in zip(_VPC_SWITCHES, (True, False, False), strict=True):
        if step.new.get(name, default) is not default:
            _switch_vpc(step, name)
    return step.id


def _switch_vpc(step: Step, name: str) -> None:
    value = {"Value": bool(step.new.get(name))}
    step.aws("ec2").modify_vpc_attribute(VpcId=step.id, **{api_name(name, VPC.fields[name], False): value})


def _read_vpc(step: Step) -> dict[str, Any] | None:
    ec2 = step.aws("ec2")
    vpc = only(ec2.describe_vpcs(VpcIds=[step.id])["Vpcs"])
    if vpc is None:
        return None
    within = [{"Name": "vpc-id", "Values": [step.id]}]
    tables = ec2.describe_route_tables(Filters=[*within, {"Name": "association.main", "Values": ["true"]}])
    default = {"Name": "group-name", "Values": ["default"]}
    acls = ec2.describe_network_acls(Filters=[*within, {"Name": "default", "Values": ["true"]}])
    main = only(tables["RouteTables"]) or {}
    return {
        **step.values(vpc, "cidrBlock", "instanceTenancy"),
        **{name: _vpc_switch(step, name) for name in _VPC_SWITCHES},
        "arn": step.arn("ec2", f"vpc/{step.id}"),
        "dhcpOptionsId": vpc.get("DhcpOptionsId"),
        "ownerId": vpc.get("OwnerId") or step.session.account,
        "mainRouteTableId": main.get("RouteTableId"),
        "defaultRouteTableId": main.get("RouteTableId"),
        "defaultNetworkAclId": (only(acls["NetworkAcls"]) or {}).get("NetworkAclId"),
        "defaultSecurityGroupId": (
            only(ec2.describe_security_groups(Filters=[*within, default])["SecurityGroups"]) or {}
        ).get("GroupId"),
        "tagsAll": tags_of(vpc),
    }


def _vpc_switch(step: Step, name: str) -> bool:
    attribute = api_name(name, VPC.fields[name], True)
    answer = step.aws("ec2").describe_vpc_attribute(VpcId=step.id, Attribute=attribute)
    return bool(answer.get(api_name(name, VPC.fields[name], False), {}).get("Value"))


def _update_vpc(step: Step) -> None:
    for name in _VPC_SWITCHES:
        if step.changed(name):
            _switch_vpc(step, name)
    retag(step)


def _delete_vpc(step: Step) -> None:
    step.aws("ec2").delete_vpc(VpcId=step.id)


VPC = Entry(
    token="aws:ec2/vpc:Vpc",  # noqa: S106
    fields={
        "cidrBlock": text(required=True, replace=True),
        "enableDnsSupport": flag(default=True),
        "enableDnsHostnames": flag(computed=True),
        "enableNetworkAddressUsageMetrics": flag(computed=True),
        "instanceTenancy": text(default="default", choices=("default", "dedicated"), replace=True),
        "tags": tags(),
    },
    create=_create_vpc,
    read=_read_vpc,
    update=_update_vpc,
    delete=_delete_vpc,
    gone=("InvalidVpcID.NotFound",),
    outputs=(
        "arn",
        "defaultNetworkAclId",
        "defaultRouteTableId",
        "defaultSecurityGroupId",
        "dhcpOptionsId",
        "mainRouteTableId",
        "ownerId",
    ),
)


def _create_subnet(step: Step) -> str:
    made = step.aws("ec2").create_subnet(
        **step.request("vpcId", "cidrBlock", "availabilityZone"), **tag_specifications(step, "subnet")
    )
    step.made(made["Subnet"]["SubnetId"])
    if step.new.get("mapPublicIpOnLaunch"):
        _switch_subnet(step)
    return step.id


def _switch_subnet(step: Step) -> None:
    value = {"Value": bool(step.new.get("mapPublicIpOnLaunch"))}
    step.aws("ec2").modify_subnet_attribute(SubnetId=step.id, MapPublicIpOnLaunch=value)


def _read_subnet(step: Step) -> dict[str, Any] | None:
    subnet = only(step.aws("ec2").describe_subnets(SubnetIds=[step.id])["Subnets"])
    if subnet is None:
        return None
    return {
        **step.values(subnet),
        "arn": subnet.get("SubnetArn") or step.arn("ec2", f"subnet/{step.id}"),
        "availabilityZoneId": subnet.get("AvailabilityZoneId"),
        "ownerId": subnet.get("OwnerId"),
        "tagsAll": tags_of(subnet),
    }


def _update_subnet(step: Step) -> None:
    if step.changed("mapPublicIpOnLaunch"):
        _switch_subnet(step)
    retag(step)


def _delete_subnet(step: Step) -> None:
    step.aws("ec2").delete_subnet(SubnetId=step.id)


SUBNET = Entry(
    token="aws:ec2/subnet:Subnet",  # noqa: S106
    fields={
        "vpcId": text(required=True, replace=True),
        "cidrBlock": text(required=True, replace=True),
        "availabilityZone": text(computed=True, replace=True),
        "mapPublicIpOnLaunch": flag(default=False),
        "tags": tags(),
    },
    create=_create_subnet,
    read=_read_subnet,
    update=_update_subnet,
    delete=_delete_subnet,
    gone=("InvalidSubnetID.NotFound",),
    outputs=("arn", "availabilityZoneId", "ownerId"),
)

ENTRIES = (VPC, SUBNET)
