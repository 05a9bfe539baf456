"""The network, as the engine would see it."""

from __future__ import annotations

import json
from ipaddress import IPv4Network

import pytest

from components.network.aws import Network, NetworkArgs
from tests.program.recording import Recording, record

ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
TOKEN = "standfast:network:Network"


def build(zones: tuple[str, ...] = ZONES) -> Network:
    return Network(
        "us-east-network",
        NetworkArgs(
            cidr=IPv4Network("10.16.0.0/16"),
            zones=zones,
            location="us-east-1",
            account="123456789012",
            cluster_name="standfast-us-east",
            buckets=["standfast-model-registry-us-east-123456789012"],
            tags={"standfast.dev/component": "network"},
        ),
    )


def recorded(zones: tuple[str, ...] = ZONES) -> Recording:
    def program() -> object:
        network = build(zones)
        return {
            "private": network.private_subnet_ids,
            "public": network.public_subnet_ids,
            "nat": network.nat_ips,
        }

    return record(program)


@pytest.fixture(scope="module")
def recording() -> Recording:
    return recorded()


@pytest.mark.parametrize("count", [2, 3, 8])
def test_every_zone_has_its_own_way_out(count: int) -> None:
    zones = tuple(f"us-east-1{letter}" for letter in "abcdefgh"[:count])
    recording = recorded(zones)
    subnets = {s.urn: s for s in recording.of("aws:ec2/subnet:Subnet")}
    nats = recording.of("aws:ec2/natGateway:NatGateway")
    assert len(nats) == len(recording.of("aws:ec2/eip:Eip")) == count
    nat_zones = {nat.name: zone_of(recording, nat.inputs["subnetId"]) for nat in nats}
    assert sorted(nat_zones.values()) == list(zones)
    by_table = {
        route.inputs["routeTableId"]: route.inputs["natGatewayId"]
        for route in recording.of("aws:ec2/route:Route")
        if "natGatewayId" in route.inputs
    }
    ids = {recording.ids[nat.name]: zone for nat, zone in zip(nats, nat_zones.values(), strict=True)}
    for association in recording.of("aws:ec2/routeTableAssociation:RouteTableAssociation"):
        if association.inputs["routeTableId"] in by_table:
            zone = zone_of(recording, association.inputs["subnetId"])
            assert ids[by_table[association.inputs["routeTableId"]]] == zone
    assert len(by_table) == count
    assert len(subnets) == 2 * count


def zone_of(recording: Recording, subnet_id: str) -> str:
    (name,) = [name for name, identity in recording.ids.items() if identity == subnet_id]
    return recording.named(name).inputs["availabilityZone"]


def test_subnets_are_found_by_the_load_balancer_controller(recording: Recording) -> None:
    for subnet in recording.of("aws:ec2/subnet:Subnet"):
        public = subnet.name.endswith("-public")
        tags = subnet.inputs["tags"]
        assert tags["kubernetes.io/cluster/standfast-us-east"] == "shared"
        assert tags.get("kubernetes.io/role/elb") == ("1" if public else None)
        assert tags.get("kubernetes.io/role/internal-elb") == (None if public else "1")
        assert subnet.inputs["mapPublicIpOnLaunch"] is False


def test_the_default_security_group_lets_nothing_through(recording: Recording) -> None:
    group = recording.one("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
    assert group.inputs["ingress"] == []
    assert group.inputs["egress"] == []


def test_the_s3_endpoint_is_on_every_private_table_and_knows_its_buckets(recording: Recording) -> None:
    endpoint = recording.one("aws:ec2/vpcEndpoint:VpcEndpoint")
    private = {recording.ids[f"us-east-network-{zone}-private-routes"] for zone in ZONES}
    assert set(endpoint.inputs["routeTableIds"]) == private
    assert endpoint.inputs["serviceName"] == "com.amazonaws.us-east-1.s3"
    statements = {s["Sid"]: s for s in json.loads(endpoint.inputs["policy"])["Statement"]}
    own = statements["UseOwnBuckets"]
    bucket = "arn:aws:s3:::standfast-model-registry-us-east-123456789012"
    assert own["Resource"] == [bucket, f"{bucket}/*"]
    assert own["Condition"] == {"StringEquals": {"aws:PrincipalAccount": "123456789012"}}
    assert statements["ReadPublicArtifacts"]["Action"] == "s3:GetObject"
    assert "s3:*" not in json.dumps(statements)
    assert all(resource != "*" for s in statements.values() for resource in s["Resource"])


def test_flow_logs_are_encrypted_kept_and_written_by_a_role_of_their_own(recording: Recording) -> None:
    log = recording.one("aws:ec2/flowLog:FlowLog")
    assert log.inputs["trafficType"] == "ALL"
    group = recording.one("aws:cloudwatch/logGroup:LogGroup")
    assert group.inputs["retentionInDays"] == 90
    key = recording.one("aws:kms/key:Key")
    assert key.inputs["enableKeyRotation"] is True
    assert group.inputs["kmsKeyId"] == recording.outputs[key.name]["arn"]
    role = recording.one("aws:iam/role:Role")
    (trust,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"Service": "vpc-flow-logs.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}
    policy = json.loads(recording.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
    writes = [s for s in policy["Statement"] if "logs:PutLogEvents" in s["Action"]]
    arn = recording.outputs[group.name]["arn"]
    assert [s["Resource"] for s in writes] == [[arn, f"{arn}:*"]]


def test_addresses_wait_for_the_internet_gateway(recording: Recording) -> None:
    gateway = recording.one("aws:ec2/internetGateway:InternetGateway")
    for type_ in ("aws:ec2/eip:Eip", "aws:ec2/natGateway:NatGateway"):
        assert all(recording.before(gateway, resource) for resource in recording.of(type_))


def test_outputs_are_by_zone(recording: Recording) -> None:
    for kind in ("private", "public"):
        assert recording.result[kind] == {
            zone: recording.ids[f"us-east-network-{zone}-{kind}"] for zone in ZONES
        }
    assert set(recording.result["nat"]) == set(ZONES)


def test_children_are_in_the_component_and_named_after_it(recording: Recording) -> None:
    component = recording.one(TOKEN)
    inside = {component.urn} | {r.urn for r in recording.resources if r.parent == component.urn}
    for resource in recording.resources:
        assert resource is component or resource.parent in inside
        assert resource.name.startswith("us-east-network")
        assert resource.inputs.get("tags", {"standfast.dev/component": "network"}).items() >= {
            ("standfast.dev/component", "network")
        }
