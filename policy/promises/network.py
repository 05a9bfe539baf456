"""Zones, and which gateway a subnet's traffic leaves through."""

from __future__ import annotations

from collections.abc import Iterator

from .model import Resource, Stack
from .values import at, number, sequence

SUBNET = "aws:ec2/subnet:Subnet"
NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
GPU_TAINT = "nvidia.com/gpu"
_GPU_TAG = "k8s.io/cluster-autoscaler/node-template/resources/nvidia.com/gpu"


def zone(subnet: Resource) -> str:
    return str(at(subnet.props, "availabilityZone") or "")


def zones(stack: Stack) -> frozenset[str]:
    """The zones that the stack has subnets in."""
    return frozenset(zone(subnet) for subnet in stack.of(SUBNET)) - {""}


def made_from(stack: Stack, resource: Resource, key: str, type_: str) -> list[Resource]:
    """The resources of a type that a property was made from: ids are not known in a first preview."""
    return stack.by_urn(resource.depends.get(key, frozenset()), type_)


def gpu_groups(stack: Stack) -> Iterator[Resource]:
    """Node groups that only pods which tolerate the GPU taint may use."""
    for group in stack.of(NODE_GROUP):
        if any(at(taint, "key") == GPU_TAINT for taint in sequence(at(group.props, "taints"))):
            yield group


def group_zones(stack: Stack, group: Resource) -> frozenset[str]:
    return frozenset(zone(subnet) for subnet in made_from(stack, group, "subnetIds", SUBNET)) - {""}


def warm_gpus(group: Resource) -> float:
    """GPUs that are there without scaling: nodes at least, times the GPUs that each is tagged with."""
    nodes = number(at(group.props, "scalingConfig", "minSize")) or 0
    return nodes * (number(at(group.props, "tags", _GPU_TAG)) or 1)
