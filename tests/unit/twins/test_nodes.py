from __future__ import annotations

import copy
import ipaddress
import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.twins.instance_types import InstanceType, binary
from sandbox.twins.nodes import APPLIED, NodeGroup, Subnet, patch_for, wanted_nodes

G5 = InstanceType.parse(
    {
        "InstanceType": "g5.2xlarge",
        "VCpuInfo": {"DefaultVCpus": 8},
        "MemoryInfo": {"SizeInMiB": 32768},
        "GpuInfo": {"Gpus": [{"Name": "A10G", "Manufacturer": "NVIDIA", "Count": 1}]},
        "NetworkInfo": {"MaximumNetworkInterfaces": 4, "Ipv4AddressesPerInterface": 15},
        "ProcessorInfo": {"SupportedArchitectures": ["x86_64"]},
    }
)
SUBNETS = tuple(
    Subnet(id=f"subnet-{zone}", zone=f"us-east-1{zone}", cidr=f"10.0.{n}.0/24")
    for n, zone in enumerate("abcd")
)
GROUP = NodeGroup(
    name="gpu-us-east-1a",
    arn="arn:aws:eks:us-east-1:123456789012:nodegroup/c/gpu-us-east-1a/1",
    desired=3,
    subnets=SUBNETS[:1],
    instance_type=G5,
    labels={"standfast.dev/pool": "gpu"},
    taints=({"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"},),
    version="1.33",
)


def test_a_type_offers_what_ec2_says() -> None:
    assert G5.capacity(100) == {
        "cpu": "8",
        "memory": "32Gi",
        "ephemeral-storage": "100Gi",
        "pods": "58",
        "nvidia.com/gpu": "1",
    }
    # 60 + 10 + 5 + 5 + 4 x 2.5 millicores; 255 + 11 x 58 + 100 MiB
    assert G5.allocatable(100)["cpu"] == "7910m"
    assert G5.allocatable(100)["memory"] == f"{32768 - 255 - 638 - 100}Mi"


@pytest.mark.parametrize(
    ("mebibytes", "text"),
    [(0, "0"), (15783, "15783Mi"), (32768, "32Gi"), (1048576, "1Ti"), (1049600, "1025Gi")],
)
def test_a_quantity_is_written_as_the_api_server_gives_it_back(mebibytes: int, text: str) -> None:
    assert binary(mebibytes) == text


def test_a_node_carries_what_schedulers_and_kwok_ask_for() -> None:
    node = wanted_nodes(GROUP, "us-east-1")[0]
    assert node.labels == {
        "standfast.dev/pool": "gpu",
        "eks.amazonaws.com/capacityType": "ON_DEMAND",
        "eks.amazonaws.com/nodegroup": "gpu-us-east-1a",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": "gpu-us-east-1a-0",
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": "g5.2xlarge",
        "topology.kubernetes.io/region": "us-east-1",
        "topology.kubernetes.io/zone": "us-east-1a",
    }
    assert node.taints == [{"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}]
    assert node.provider_id.startswith("aws:///us-east-1a/i-")


@given(st.integers(0, 40), st.integers(1, 4))
def test_a_group_spreads_evenly_over_its_zones(desired: int, zones: int) -> None:
    group = replace(GROUP, desired=desired, subnets=SUBNETS[:zones])
    nodes = wanted_nodes(group, "us-east-1")
    assert len({node.name for node in nodes}) == desired
    counts = Counter(node.labels["topology.kubernetes.io/zone"] for node in nodes)
    spread = [counts[subnet.zone] for subnet in group.subnets]
    assert max(spread) - min(spread) <= 1


@given(st.integers(1, 20), st.integers(0, 20))
def test_scaling_leaves_the_other_nodes_as_they_are(desired: int, other: int) -> None:
    small, large = sorted((desired, other))
    group = replace(GROUP, subnets=SUBNETS[:3])
    kept = wanted_nodes(replace(group, desired=small), "us-east-1")
    assert wanted_nodes(replace(group, desired=large), "us-east-1")[:small] == kept


@given(st.integers(1, 60))
def test_addresses_lie_in_the_nodes_subnet(desired: int) -> None:
    for node in wanted_nodes(replace(GROUP, desired=desired), "us-east-1"):
        address = ipaddress.ip_address(node.status["addresses"][0]["address"])
        network = ipaddress.ip_network(GROUP.subnets[0].cidr)
        assert address in network
        assert address - 4 >= network.network_address  # type: ignore[operator]
        assert address != network.broadcast_address


def _live() -> dict[str, Any]:
    return copy.deepcopy(wanted_nodes(GROUP, "us-east-1")[0].manifest())


UNREACHABLE = {"key": "node.kubernetes.io/unreachable", "effect": "NoSchedule"}


def test_a_node_that_is_as_wanted_is_left_alone() -> None:
    live = _live()
    live["metadata"]["labels"]["somebody"] = "else's"
    live["spec"]["taints"] = [UNREACHABLE, *live["spec"]["taints"]]
    assert patch_for(live, wanted_nodes(GROUP, "us-east-1")[0]) is None


def test_a_changed_group_changes_its_nodes_and_leaves_what_others_put() -> None:
    live = _live()
    live["metadata"]["labels"]["somebody"] = "else's"
    live["spec"]["taints"].append(UNREACHABLE)
    changed = replace(GROUP, labels={"tier": "one"}, taints=())
    wanted = wanted_nodes(changed, "us-east-1")[0]
    patch = patch_for(live, wanted)
    assert patch is not None
    assert patch["metadata"]["labels"] == {"standfast.dev/pool": None, "tier": "one"}
    assert patch["spec"]["taints"] == [UNREACHABLE]
    assert json.loads(patch["metadata"]["annotations"][APPLIED])["taints"] == []


@pytest.mark.parametrize(
    ("effect", "written"),
    [("NO_SCHEDULE", "NoSchedule"), ("NO_EXECUTE", "NoExecute"), ("PREFER_NO_SCHEDULE", "PreferNoSchedule")],
)
def test_taints_are_written_as_kubernetes_does(effect: str, written: str) -> None:
    group = replace(GROUP, taints=({"key": "k", "effect": effect},))
    assert wanted_nodes(group, "us-east-1")[0].taints == [{"key": "k", "effect": written}]
