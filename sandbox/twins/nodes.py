"""The Node objects that a managed node group makes: pure, from EKS's and EC2's answers.

Stands in for EKS managed node groups (https://docs.aws.amazon.com/eks/latest/userguide/managed-node-
groups.html): an Auto Scaling group holds `desiredSize` instances spread evenly over the group's zones, and
each registers as a Node with the group's labels and taints and EKS's own.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.twins.instance_types import InstanceType

GROUP_LABEL = "eks.amazonaws.com/nodegroup"
APPLIED = "sandbox.standfast.dev/applied"
_EFFECTS = {"NO_SCHEDULE": "NoSchedule", "NO_EXECUTE": "NoExecute", "PREFER_NO_SCHEDULE": "PreferNoSchedule"}
_AWS_RESERVED = 4  # the first four addresses of a subnet are AWS's


@dataclass(frozen=True, kw_only=True)
class Subnet:
    """zone: such as us-east-1a; cidr: of the subnet."""

    id: str
    zone: str
    cidr: str


@dataclass(frozen=True, kw_only=True)
class NodeGroup:
    """A managed node group as the twin needs it. disk: GiB of the root volume."""

    name: str
    arn: str
    desired: int
    subnets: tuple[Subnet, ...]
    instance_type: InstanceType
    capacity_type: str = "ON_DEMAND"
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    taints: tuple[Mapping[str, str], ...] = ()
    version: str = ""
    disk: int = 20


@dataclass(frozen=True, kw_only=True)
class WantedNode:
    """A Node and what it offers: metadata.labels and taints are those of the group, status is its own."""

    name: str
    labels: dict[str, str]
    taints: list[dict[str, str]]
    provider_id: str
    status: dict[str, Any]

    @property
    def applied(self) -> str:
        """What of the group is on the Node, so that what the group takes back can be told from what others
        put.
        """
        return json.dumps({"labels": self.labels, "taints": self.taints}, sort_keys=True)

    def manifest(self) -> dict[str, Any]:
        """The object to create."""
        return {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": self.name, "labels": self.labels, "annotations": {APPLIED: self.applied}},
            "spec": {"providerID": self.provider_id, "taints": self.taints},
        }


def wanted_nodes(group: NodeGroup, region: str) -> list[WantedNode]:
    """The group's nodes: number i in zone i modulo the zones, so that the spread is even at every size.

    region: the AWS location. A smaller group loses its last nodes, so names of the others stay.
    """
    return [_node(group, region, index) for index in range(group.desired)]


def _node(group: NodeGroup, region: str, index: int) -> WantedNode:
    subnets = sorted(group.subnets, key=lambda subnet: (subnet.zone, subnet.id))
    subnet = subnets[index % len(subnets)]
    name = f"{group.name}-{index}"
    instance = hashlib.sha256(f"{group.arn}/{index}".encode()).hexdigest()
    labels = {
        **group.labels,
        "eks.amazonaws.com/capacityType": group.capacity_type,
        GROUP_LABEL: group.name,
        "kubernetes.io/arch": group.instance_type.architecture,
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": group.instance_type.name,
        "topology.kubernetes.io/region": region,
        "topology.kubernetes.io/zone": subnet.zone,
    }
    status = {
        "capacity": group.instance_type.capacity(group.disk),
        "allocatable": group.instance_type.allocatable(group.disk),
        "addresses": [
            {"type": "InternalIP", "address": _address(subnet, instance)},
            {"type": "Hostname", "address": name},
        ],
        "nodeInfo": _node_info(group, instance),
    }
    return WantedNode(
        name=name,
        labels=labels,
        taints=[_taint(taint) for taint in group.taints],
        provider_id=f"aws:///{subnet.zone}/i-{instance[:17]}",
        status=status,
    )


def _taint(taint: Mapping[str, str]) -> dict[str, str]:
    value = {"value": taint["value"]} if taint.get("value") else {}
    return {"key": taint["key"], **value, "effect": _EFFECTS[taint["effect"]]}


def _address(subnet: Subnet, instance: str) -> str:
    """An address of the subnet, the same for the same instance."""
    network = ipaddress.ip_network(subnet.cidr)
    free = network.num_addresses - _AWS_RESERVED - 1
    return str(network.network_address + _AWS_RESERVED + int(instance, 16) % max(free, 1))


def _node_info(group: NodeGroup, instance: str) -> dict[str, str]:
    return {
        "architecture": group.instance_type.architecture,
        "bootID": instance[:32],
        "containerRuntimeVersion": "containerd://2.1",
        # Not a bare number: KWOK renders it into YAML when a node comes back, and would send a float.
        "kernelVersion": "6.12.0-amzn2023.x86_64",
        "kubeProxyVersion": f"v{group.version}.0",
        "kubeletVersion": f"v{group.version}.0",
        "machineID": instance[:32],
        "operatingSystem": "linux",
        "osImage": "Amazon Linux 2023",
        "systemUUID": instance[:32],
    }


def patch_for(node: Mapping[str, Any], wanted: WantedNode) -> dict[str, Any] | None:
    """What to merge into a live Node so that it carries the group's labels and taints; None if it does.

    Labels and taints that others put (a cordon, the node lifecycle controller) stay.
    """
    metadata = node["metadata"]
    before = json.loads((metadata.get("annotations") or {}).get(APPLIED) or "{}")
    labels: dict[str, str | None] = {
        key: value for key, value in wanted.labels.items() if (metadata.get("labels") or {}).get(key) != value
    }
    labels |= dict.fromkeys(before.get("labels", {}).keys() - wanted.labels.keys())
    patch: dict[str, Any] = {}
    if labels:
        patch["metadata"] = {"labels": labels}
    taints = _merged_taints(node.get("spec", {}).get("taints") or [], before.get("taints", []), wanted.taints)
    if taints is not None:
        patch["spec"] = {"taints": taints}
    if patch:
        patch.setdefault("metadata", {})["annotations"] = {APPLIED: wanted.applied}
    return patch or None


def _merged_taints(
    live: Sequence[dict[str, Any]], before: Sequence[dict[str, str]], wanted: Sequence[dict[str, str]]
) -> list[dict[str, Any]] | None:
    def key(taint: Mapping[str, Any]) -> tuple[Any, ...]:
        return taint["key"], taint.get("value") or "", taint["effect"]

    mine, want = {key(taint) for taint in before}, {key(taint) for taint in wanted}
    present = {key(taint) for taint in live}
    if want <= present and not (mine - want) & present:
        return None
    others = [taint for taint in live if key(taint) not in mine | want]
    return [*others, *wanted]
