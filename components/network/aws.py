"""The network of one region on AWS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network

import pulumi
from pulumi_aws import ec2, iam

from components.network.desired import ZoneNetwork, zone_networks
from components.network.endpoint_aws import endpoint_policy
from components.shared.iam_aws import rendered, service_trust
from components.shared.logs_aws import LogGroup, LogGroupArgs
from components.shared.tags import named

ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """``cidr`` is the region's network, /16 to /20; ``zones`` two to eight zones of ``location``.

    ``cluster_name`` is the cluster that will run in the subnets; ``buckets`` are the names of the platform's
    buckets in this region, which pods may reach over the S3 endpoint.
    """

    cidr: IPv4Network
    zones: Sequence[str]
    location: str
    account: str
    cluster_name: str
    buckets: Sequence[str]
    flow_log_retention_days: int = 90
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Network(pulumi.ComponentResource):
    """A VPC in which every zone has its own subnets, its own NAT gateway and its own way to it.

    One shared NAT gateway would take the way out of all zones along when its zone goes.
    """

    vpc_id: pulumi.Output[str]
    private_subnet_ids: dict[str, pulumi.Output[str]]
    public_subnet_ids: dict[str, pulumi.Output[str]]
    nat_ips: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("standfast:network:Network", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        vpc = ec2.Vpc(
            f"{name}-vpc",
            cidr_block=str(args.cidr),
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=named(dict(args.tags), name),
            opts=self._child,
        )
        self.vpc_id = vpc.id
        ec2.DefaultSecurityGroup(
            f"{name}-default-security-group",
            # Empty lists, so that what lands in it by mistake talks to nobody.
            vpc_id=vpc.id,
            ingress=[],
            egress=[],
            tags=named(dict(args.tags), f"{name}-default"),
            opts=self._child,
        )
        gateway = ec2.InternetGateway(
            f"{name}-internet-gateway",
            vpc_id=vpc.id,
            tags=named(dict(args.tags), name),
            opts=self._child,
        )
        public_table = self._public_table(gateway)
        self.private_subnet_ids, self.public_subnet_ids, self.nat_ips = {}, {}, {}
        private_tables = [
            self._zone(zone, public_table, gateway) for zone in zone_networks(args.cidr, args.zones)
        ]
        ec2.VpcEndpoint(
            f"{name}-s3",
            vpc_id=vpc.id,
            service_name=f"com.amazonaws.{args.location}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id for table in private_tables],
            policy=rendered(endpoint_policy(args.location, args.account, args.buckets)),
            tags=named(dict(args.tags), f"{name}-s3"),
            opts=self._child,
        )
        self._flow_logs()
        self.register_outputs({"vpc_id": self.vpc_id, "nat_ips": self.nat_ips})

    def _public_table(self, gateway: ec2.InternetGateway) -> ec2.RouteTable:
        table = ec2.RouteTable(
            f"{self._name}-public-routes",
            vpc_id=self.vpc_id,
            tags=named(dict(self._args.tags), f"{self._name}-public"),
            opts=self._child,
        )
        ec2.Route(
            f"{self._name}-public-out",
            route_table_id=table.id,
            destination_cidr_block=ANYWHERE,
            gateway_id=gateway.id,
            opts=self._child,
        )
        return table

    def _zone(
        self, zone: ZoneNetwork, public_table: ec2.RouteTable, gateway: ec2.InternetGateway
    ) -> ec2.RouteTable:
        """Everything of one zone; its private route table."""
        public = self._subnet(zone.zone, "public", str(zone.public), "kubernetes.io/role/elb")
        private = self._subnet(zone.zone, "private", str(zone.private), "kubernetes.io/role/internal-elb")
        prefix = f"{self._name}-{zone.zone}"
        tags = dict(self._args.tags)
        ec2.RouteTableAssociation(
            f"{prefix}-public-routes-association",
            subnet_id=public.id,
            route_table_id=public_table.id,
            opts=self._child,
        )
        # AWS refuses an address or a NAT gateway in a VPC that is not yet attached to the internet.
        attached = pulumi.ResourceOptions(parent=self, depends_on=[gateway])
        address = ec2.Eip(
            f"{prefix}-nat-address", domain="vpc", tags=named(tags, f"{prefix}-nat"), opts=attached
        )
        nat = ec2.NatGateway(
            f"{prefix}-nat",
            subnet_id=public.id,
            allocation_id=address.allocation_id,
            connectivity_type="public",
            tags=named(tags, prefix),
            opts=attached,
        )
        table = ec2.RouteTable(
            f"{prefix}-private-routes",
            vpc_id=self.vpc_id,
            tags=named(tags, f"{prefix}-private"),
            opts=self._child,
        )
        ec2.Route(
            f"{prefix}-private-out",
            route_table_id=table.id,
            destination_cidr_block=ANYWHERE,
            nat_gateway_id=nat.id,
            opts=self._child,
        )
        ec2.RouteTableAssociation(
            f"{prefix}-private-routes-association",
            subnet_id=private.id,
            route_table_id=table.id,
            opts=self._child,
        )
        self.public_subnet_ids[zone.zone] = public.id
        self.private_subnet_ids[zone.zone] = private.id
        self.nat_ips[zone.zone] = address.public_ip
        return table

    def _subnet(self, zone: str, kind: str, cidr: str, role: str) -> ec2.Subnet:
        """A subnet with the tags by which the load balancer controller finds it.

        Source: https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/subnet_discovery/
        """
        name = f"{self._name}-{zone}-{kind}"
        return ec2.Subnet(
            name,
            vpc_id=self.vpc_id,
            availability_zone=zone,
            cidr_block=cidr,
            # Only load balancers and NAT gateways are in public subnets, and both bring their addresses.
            map_public_ip_on_launch=False,
            tags={
                **named(dict(self._args.tags), name),
                role: "1",
                f"kubernetes.io/cluster/{self._args.cluster_name}": "shared",
            },
            opts=self._child,
        )

    def _flow_logs(self) -> None:
        """Who spoke with whom, kept for as long as an incident is looked into.

        Source: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html; the permission to
        create log groups is left out, since the group is there.
        """
        name, args = f"{self._name}-flow-logs", self._args
        logs = LogGroup(
            name,
            LogGroupArgs(
                log_group=f"/aws/vpc/{args.cluster_name}/flow-logs",
                location=args.location,
                account=args.account,
                retention_days=args.flow_log_retention_days,
                tags=args.tags,
            ),
            self._child,
        )
        condition = {
            "StringEquals": {"aws:SourceAccount": args.account},
            "ArnLike": {"aws:SourceArn": f"arn:aws:ec2:{args.location}:{args.account}:vpc-flow-log/*"},
        }
        role = iam.Role(
            f"{name}-role",
            assume_role_policy=rendered(service_trust("vpc-flow-logs.amazonaws.com", condition)),
            description=f"Flow logs of {self._name}",
            tags=dict(args.tags),
            opts=self._child,
        )
        statements = [
            {
                "Effect": "Allow",
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"],
                "Resource": [logs.arn, pulumi.Output.concat(logs.arn, ":*")],
            },
            {
                "Effect": "Allow",
                "Action": "logs:DescribeLogGroups",
                "Resource": f"arn:aws:logs:{args.location}:{args.account}:log-group:*",
            },
        ]
        policy = iam.RolePolicy(
            f"{name}-policy", role=role.name, policy=rendered(statements), opts=self._child
        )
        ec2.FlowLog(
            name,
            vpc_id=self.vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=logs.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=60,
            tags=named(dict(args.tags), name),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
