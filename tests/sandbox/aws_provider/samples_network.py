"""Samples: network."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.providers.base import Properties
from tests.sandbox.aws_provider.driver import Driver, Resource
from tests.sandbox.aws_provider.ground import (
    LAUNCH_TEMPLATE,
    Sample,
    allow,
    role,
    subnets,
    vpc,
)


def nat(driver: Driver) -> Properties:
    eip = driver.create("aws:ec2/eip:Eip", "eip", {"domain": "vpc"})
    return {"allocationId": eip.id, "subnetId": subnets(driver)[0], "tags": {"Name": "nat"}}


def route(driver: Driver) -> Properties:
    network = vpc(driver)
    gateway = driver.create("aws:ec2/internetGateway:InternetGateway", "igw", {"vpcId": network})
    table = driver.create("aws:ec2/routeTable:RouteTable", "table", {"vpcId": network})
    return {"routeTableId": table.id, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": gateway.id}


def association(driver: Driver) -> Properties:
    subnet = subnets(driver)[0]
    network = driver.made[0].id
    table = driver.create("aws:ec2/routeTable:RouteTable", "table", {"vpcId": network})
    return {"routeTableId": table.id, "subnetId": subnet}


def endpoint(driver: Driver) -> Properties:
    network = vpc(driver)
    table = driver.create("aws:ec2/routeTable:RouteTable", "table", {"vpcId": network})
    return {
        "vpcId": network,
        "serviceName": "com.amazonaws.us-east-1.s3",
        "vpcEndpointType": "Gateway",
        "routeTableIds": [table.id],
        "policy": allow("s3:GetObject"),
        "tags": {"Name": "s3"},
    }


def flow_log(driver: Driver) -> Properties:
    group = driver.create("aws:cloudwatch/logGroup:LogGroup", "flow", {"name": "/standfast/flow"})
    return {
        "vpcId": vpc(driver),
        "trafficType": "REJECT",
        "logDestination": group.outputs["arn"],
        "iamRoleArn": role(driver).outputs["arn"],
        "maxAggregationInterval": 60,
        "tags": {"Name": "flow"},
    }


def group_rule(driver: Driver) -> Properties:
    group = driver.create("aws:ec2/securityGroup:SecurityGroup", "group", {"vpcId": vpc(driver)})
    return {
        "securityGroupId": group.id,
        "ipProtocol": "tcp",
        "fromPort": 443,
        "toPort": 443,
        "cidrIpv4": "10.0.0.0/8",
        "description": "from inside",
        "tags": {"Name": "inside"},
    }


def _foreign_ingress(driver: Driver, resource: Resource) -> None:
    ranges = [{"CidrIp": "192.0.2.0/24"}]
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": ranges}
    driver.aws("ec2").authorize_security_group_ingress(GroupId=resource.id, IpPermissions=[permission])


def _tag(driver: Driver, resource: Resource) -> None:
    driver.aws("ec2").create_tags(Resources=[resource.id], Tags=[{"Key": "Name", "Value": "somebody's"}])


def ec2(operation: str, parameter: str, *, many: bool = False) -> Callable[[Driver, Resource], None]:
    """Deletes by an EC2 operation."""

    def meddle(driver: Driver, resource: Resource) -> None:
        getattr(driver.aws("ec2"), operation)(**{parameter: [resource.id] if many else resource.id})

    return meddle


RULE: Properties = {
    "fromPort": 443,
    "toPort": 443,
    "protocol": "tcp",
    "cidrBlocks": ["10.0.0.0/8", "192.168.0.0/16"],
}


ALL_OUT: Properties = {"fromPort": 0, "toPort": 0, "protocol": "-1", "cidrBlocks": ["0.0.0.0/0"]}


SAMPLES = [
    Sample(
        token="aws:ec2/vpc:Vpc",
        inputs=lambda d: {"cidrBlock": "10.16.0.0/16", "enableDnsHostnames": True, "tags": {"Name": "net"}},
        change={"enableDnsHostnames": False, "tags": {"Name": "network"}},
        meddle=lambda d, r: d.aws("ec2").modify_vpc_attribute(VpcId=r.id, EnableDnsSupport={"Value": False}),
        drifted="enableDnsSupport",
        wrong={"cidrBlock": "10.16.0.0/99"},
    ),
    Sample(
        token="aws:ec2/subnet:Subnet",
        inputs=lambda d: {
            "vpcId": vpc(d),
            "cidrBlock": "10.16.0.0/20",
            "availabilityZone": "us-east-1b",
            "tags": {"Name": "private"},
        },
        change={"mapPublicIpOnLaunch": True},
        meddle=ec2("delete_subnet", "SubnetId"),
    ),
    Sample(
        token="aws:ec2/internetGateway:InternetGateway",
        inputs=lambda d: {"vpcId": vpc(d), "tags": {"Name": "out"}},
        change={"tags": {"Name": "way out"}},
        meddle=_tag,
        drifted="tags",
    ),
    Sample(
        token="aws:ec2/eip:Eip",
        inputs=lambda d: {"domain": "vpc", "tags": {"Name": "nat"}},
        change={"tags": {"Name": "other"}},
        meddle=ec2("release_address", "AllocationId"),
        wrong={"domain": "moon"},
    ),
    Sample(
        token="aws:ec2/natGateway:NatGateway",
        inputs=nat,
        change={"tags": {"Name": "other"}},
        meddle=ec2("delete_nat_gateway", "NatGatewayId"),
    ),
    Sample(
        token="aws:ec2/routeTable:RouteTable",
        inputs=lambda d: {"vpcId": vpc(d), "tags": {"Name": "private"}},
        change={"tags": {}},
        meddle=_tag,
        drifted="tags",
    ),
    Sample(
        token="aws:ec2/route:Route",
        inputs=route,
        meddle=lambda d, r: d.aws("ec2").delete_route(
            RouteTableId=r.outputs["routeTableId"], DestinationCidrBlock="0.0.0.0/0"
        ),
    ),
    Sample(
        token="aws:ec2/routeTableAssociation:RouteTableAssociation",
        inputs=association,
        meddle=ec2("disassociate_route_table", "AssociationId"),
    ),
    Sample(
        token="aws:ec2/vpcEndpoint:VpcEndpoint",
        inputs=endpoint,
        change={"policy": allow("s3:GetObject", "s3:ListBucket")},
        meddle=ec2("delete_vpc_endpoints", "VpcEndpointIds", many=True),
    ),
    Sample(
        token="aws:ec2/flowLog:FlowLog",
        inputs=flow_log,
        change={"tags": {"Name": "other"}},
        meddle=ec2("delete_flow_logs", "FlowLogIds", many=True),
        wrong={"trafficType": "SOME"},
    ),
    Sample(
        token="aws:ec2/securityGroup:SecurityGroup",
        inputs=lambda d: {"vpcId": vpc(d), "ingress": [RULE], "egress": [ALL_OUT], "tags": {"Name": "group"}},
        change={"ingress": [RULE, {**RULE, "fromPort": 80, "toPort": 80, "description": "plain"}]},
        meddle=_foreign_ingress,
        drifted="ingress",
    ),
    Sample(
        token="aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        inputs=lambda d: {"vpcId": vpc(d), "ingress": [], "egress": [], "tags": {"Name": "closed"}},
        change={"egress": [ALL_OUT]},
        meddle=_foreign_ingress,
        drifted="ingress",
    ),
    Sample(
        token="aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        inputs=group_rule,
        change={"cidrIpv4": "10.1.0.0/16"},
        meddle=lambda d, r: d.aws("ec2").revoke_security_group_ingress(
            GroupId=r.outputs["securityGroupId"], SecurityGroupRuleIds=[r.id]
        ),
    ),
    Sample(
        token="aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        inputs=group_rule,
        change={"toPort": 444},
        meddle=lambda d, r: d.aws("ec2").revoke_security_group_egress(
            GroupId=r.outputs["securityGroupId"], SecurityGroupRuleIds=[r.id]
        ),
    ),
    Sample(
        token="aws:ec2/launchTemplate:LaunchTemplate",
        inputs=lambda d: {**LAUNCH_TEMPLATE, "tags": {"Name": "gpu"}},
        change={
            "metadataOptions": {
                "httpTokens": "required",
                "httpPutResponseHopLimit": 2,
                "httpEndpoint": "enabled",
            }
        },
        meddle=ec2("delete_launch_template", "LaunchTemplateId"),
        wrong={"metadataOptions": {"httpTokens": "maybe"}},
    ),
]
