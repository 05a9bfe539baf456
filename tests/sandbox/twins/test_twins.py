"""The twins as a process, between a real moto server and a real API server."""

from __future__ import annotations

import secrets
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from sandbox.control_plane import ControlPlane, Ports
from sandbox.host import Machine
from sandbox.kube import Api
from sandbox.moto import client, start_moto
from sandbox.paths import SandboxPaths
from sandbox.processes import Processes
from sandbox.services import Endpoints, start_twins
from sandbox.state import RegionState
from sandbox.tools import ensure
from sandbox.zones import Zones

pytestmark = pytest.mark.engine

ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
ROLE = "arn:aws:iam::123456789012:role/node"
SERVICES = "/api/v1/namespaces/default/services"
_WORD = "service.beta.kubernetes.io/aws-load-balancer-"


@dataclass(kw_only=True)
class World:
    """A region: its API server and moto with a cluster in three zones."""

    api: Api
    moto: str
    subnets: list[str] = field(default_factory=list)

    def aws(self, service: str) -> Any:
        return client(service, self.moto)

    def nodes(self) -> dict[str, dict[str, Any]]:
        return {node["metadata"]["name"]: node for node in self.api.get("/api/v1/nodes")["items"]}

    def service(self, name: str) -> dict[str, Any]:
        return self.api.get(f"{SERVICES}/{name}")

    def merge(self, path: str, patch: dict[str, Any]) -> None:
        self.api.call("PATCH", path, patch, content_type="application/merge-patch+json")

    def until(self, true: Callable[[], Any], what: str, seconds: float = 20) -> float:
        began = time.monotonic()
        while not true():
            assert time.monotonic() - began < seconds, f"{what}: not within {seconds} s"
            time.sleep(0.05)
        return time.monotonic() - began


def _account(world: World) -> None:
    ec2, eks = world.aws("ec2"), world.aws("eks")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    for kind, role in enumerate(("kubernetes.io/role/internal-elb", "kubernetes.io/role/elb")):
        for index, zone in enumerate(ZONES):
            made = ec2.create_subnet(
                VpcId=vpc,
                CidrBlock=f"10.0.{10 * kind + index}.0/24",
                AvailabilityZone=zone,
                TagSpecifications=[{"ResourceType": "subnet", "Tags": [{"Key": role, "Value": "1"}]}],
            )
            if kind == 0:
                world.subnets.append(made["Subnet"]["SubnetId"])
    eks.create_cluster(
        name="c", roleArn=ROLE, version="1.33", resourcesVpcConfig={"subnetIds": world.subnets}
    )


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    paths = SandboxPaths.of(f"twins-test-{secrets.token_hex(4)}")
    paths.create()
    try:
        tools, host = ensure(["etcd", "kubernetes"]), Machine(paths)
        ports = Ports(etcd=host.free_port(), api_server=host.free_port())
        access = ControlPlane("us-east", paths, host, tools, ports=ports).start(secrets.token_hex(16))
        Zones(access, paths, host, tools).start_all({ZONES[0]: "198.18.0.0/20"})
        url = start_moto(paths, host, host.free_port())
        world = World(api=access.api(), moto=url)
        _account(world)
        region = RegionState(
            name="us-east",
            location="us-east-1",
            zones=ZONES,
            etcd_port=ports.etcd,
            api_server_port=ports.api_server,
            kubeconfig=access.kubeconfig,
        )
        start_twins(paths, host, region, Endpoints(aws=url, gcs=""))
        yield world
    finally:
        Processes(paths).stop_all()
        shutil.rmtree(paths.root, ignore_errors=True)


@pytest.fixture
def group(world: World) -> Iterator[str]:
    name = "gpu-us-east-1a"
    world.aws("eks").create_nodegroup(
        clusterName="c",
        nodegroupName=name,
        nodeRole=ROLE,
        subnets=world.subnets[:1],
        instanceTypes=["g5.2xlarge"],
        labels={"standfast.dev/pool": "gpu"},
        taints=[{"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}],
        scalingConfig={"minSize": 0, "desiredSize": 2, "maxSize": 5},
    )
    yield name
    if name in world.aws("eks").list_nodegroups(clusterName="c")["nodegroups"]:
        world.aws("eks").delete_nodegroup(clusterName="c", nodegroupName=name)
    world.until(lambda: not world.nodes(), "the group's nodes are gone")


def _ready(node: dict[str, Any]) -> bool:
    conditions = node.get("status", {}).get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def test_a_node_group_becomes_nodes_that_kwok_keeps_ready(world: World, group: str) -> None:
    world.until(lambda: [_ready(node) for node in world.nodes().values()] == [True, True], "two ready nodes")
    # KWOK begins a node with a capacity of its own.
    world.until(
        lambda: {node["status"]["capacity"]["cpu"] for node in world.nodes().values()} == {"8"},
        "the capacity of the instance type",
    )
    node = world.nodes()[f"{group}-0"]
    labels = node["metadata"]["labels"]
    assert labels["topology.kubernetes.io/zone"] == ZONES[0]
    assert labels["standfast.dev/pool"] == "gpu"
    assert labels["node.kubernetes.io/instance-type"] == "g5.2xlarge"
    assert node["status"]["allocatable"]["nvidia.com/gpu"] == "1"
    # Text for text what the twin wants, or it would write each node anew in every pass.
    assert node["status"]["capacity"]["memory"] == "32Gi"
    assert {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"} in node["spec"]["taints"]


def _scale(world: World, group: str, desired: int, **more: Any) -> None:
    sizes = {"minSize": 0, "desiredSize": desired, "maxSize": 5}
    world.aws("eks").update_nodegroup_config(
        clusterName="c", nodegroupName=group, scalingConfig=sizes, **more
    )


def test_nodes_follow_the_group(world: World, group: str) -> None:
    world.until(lambda: len(world.nodes()) == 2, "two nodes")
    before = {name: node["metadata"]["uid"] for name, node in world.nodes().items()}
    _scale(world, group, 4, labels={"addOrUpdateLabels": {"tier": "one"}})
    world.until(lambda: len(world.nodes()) == 4, "four nodes")
    assert {name: world.nodes()[name]["metadata"]["uid"] for name in before} == before
    world.until(
        lambda: all(node["metadata"]["labels"].get("tier") == "one" for node in world.nodes().values()),
        "the label on every node",
    )
    world.merge(f"/api/v1/nodes/{group}-0", {"spec": {"unschedulable": True}})
    _scale(world, group, 1)
    world.until(lambda: set(world.nodes()) == {f"{group}-0"}, "the first node alone")
    assert world.nodes()[f"{group}-0"]["spec"]["unschedulable"] is True


def test_a_node_that_somebody_deletes_comes_back(world: World, group: str) -> None:
    world.until(lambda: len(world.nodes()) == 2, "two nodes")
    world.api.call("DELETE", f"/api/v1/nodes/{group}-1")
    world.until(lambda: len(world.nodes()) == 2, "two nodes again")


def test_a_group_of_three_zones_spreads(world: World) -> None:
    world.aws("eks").create_nodegroup(
        clusterName="c",
        nodegroupName="system",
        nodeRole=ROLE,
        subnets=world.subnets,
        instanceTypes=["m6i.large"],
        scalingConfig={"minSize": 3, "desiredSize": 5, "maxSize": 6},
    )
    world.until(lambda: len(world.nodes()) == 5, "five nodes")
    zones = [node["metadata"]["labels"]["topology.kubernetes.io/zone"] for node in world.nodes().values()]
    assert sorted(Counter(zones).values()) == [1, 2, 2]
    world.aws("eks").delete_nodegroup(clusterName="c", nodegroupName="system")
    world.until(lambda: not world.nodes(), "no nodes")


def _service(name: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": name,
            "annotations": {f"{_WORD}name": f"standfast-{name}", f"{_WORD}scheme": "internet-facing"},
        },
        "spec": {
            "type": "LoadBalancer",
            "loadBalancerClass": "service.k8s.aws/nlb",
            "ports": [{"name": "https", "port": 443}, {"name": "status", "port": 15021}],
            **spec,
        },
    }


def _hosts(service: dict[str, Any]) -> list[str]:
    return [one["hostname"] for one in service["status"]["loadBalancer"].get("ingress", [])]


def test_a_service_gets_a_load_balancer_for_as_long_as_it_lives(world: World) -> None:
    elb = world.aws("elbv2")
    world.api.call("POST", SERVICES, _service("gateway"))
    took = world.until(lambda: _hosts(world.service("gateway")), "a host name")
    assert took < 5
    found = elb.describe_load_balancers(Names=["standfast-gateway"])["LoadBalancers"][0]
    assert (found["Type"], found["Scheme"]) == ("network", "internet-facing")
    assert _hosts(world.service("gateway")) == [found["DNSName"]]
    assert {zone["ZoneName"] for zone in found["AvailabilityZones"]} == set(ZONES)
    assert world.service("gateway")["metadata"]["finalizers"].count("service.k8s.aws/resources") == 1
    listeners = elb.describe_listeners(LoadBalancerArn=found["LoadBalancerArn"])["Listeners"]
    assert sorted((one["Port"], one["Protocol"]) for one in listeners) == [(443, "TCP"), (15021, "TCP")]

    world.merge(f"{SERVICES}/gateway", {"spec": {"ports": [{"name": "https", "port": 443}]}})
    ports = lambda: elb.describe_listeners(LoadBalancerArn=found["LoadBalancerArn"])["Listeners"]  # noqa: E731
    world.until(lambda: len(ports()) == 1, "one listener")

    world.api.call("DELETE", f"{SERVICES}/gateway")
    names = lambda: [one["metadata"]["name"] for one in world.api.get(SERVICES)["items"]]  # noqa: E731
    world.until(lambda: "gateway" not in names(), "the service is gone")
    assert elb.describe_load_balancers()["LoadBalancers"] == []
    assert elb.describe_target_groups()["TargetGroups"] == []


def test_other_classes_are_left_alone(world: World) -> None:
    world.api.call("POST", SERVICES, _service("other", loadBalancerClass="example.com/lb"))
    world.api.call("POST", SERVICES, _service("ours"))
    world.until(lambda: _hosts(world.service("ours")), "a host name for ours")
    assert _hosts(world.service("other")) == []
    assert "finalizers" not in world.service("other")["metadata"]
    for name in ("ours", "other"):
        world.api.call("DELETE", f"{SERVICES}/{name}")
