"""Keeps a region's Nodes as its managed node groups say: the loop around `nodes.py`.

Stands in for EKS's managed node groups and their Auto Scaling groups: scaling, deletion, and changes of
labels and taints (https://docs.aws.amazon.com/eks/latest/userguide/update-managed-node-group.html). KWOK then
plays the kubelets.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from lightkube import ApiError, Client
from lightkube.models.core_v1 import Node as NodeModel
from lightkube.resources.core_v1 import Node, NodeStatus
from lightkube.types import PatchType

from sandbox.twins.instance_types import InstanceType
from sandbox.twins.loop import Repeater
from sandbox.twins.nodes import GROUP_LABEL, NodeGroup, Subnet, WantedNode, patch_for, wanted_nodes

_log = logging.getLogger(__name__)
_POLL_SECONDS = 2.0
_GLANCE_SECONDS = 0.1
_NOT_FOUND = 404
_CONFLICT = 409


class Bell:
    """Rings when the aws provider has changed what is kept beside moto, as it does with every node group
    it touches.

    Looking at one SQLite counter costs nothing, so that moto itself need be asked only now and then.
    """

    def __init__(self, directory: Path | None) -> None:
        self._path = directory / "aws-kept.sqlite" if directory else None
        self._db: sqlite3.Connection | None = None
        self._seen = -1

    def rang(self) -> bool:
        """Whether there was a change since the last time this was asked."""
        if self._path is None:
            return False
        try:
            if self._db is None:
                if not self._path.exists():
                    return False
                self._db = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=1)
            version = int(self._db.execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.Error:
            self._db = None
            return False
        before, self._seen = self._seen, version
        return version != before

    def wait(self, seconds: float, stopped: threading.Event) -> None:
        """Until it rings, or for as long as given."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends and not stopped.is_set() and not self.rang():
            stopped.wait(_GLANCE_SECONDS)


class NodeGroupTwin:
    """moto's node groups of one location → Nodes of its API server. `eks` and `ec2` are boto3 clients."""

    def __init__(self, *, kube: Client, eks: Any, ec2: Any, location: str, directory: Path | None) -> None:
        self._kube, self._eks, self._ec2, self._location = kube, eks, ec2, location
        self._bell = Bell(directory)
        self._types: dict[str, InstanceType] = {}
        self._subnets: dict[tuple[str, ...], tuple[Subnet, ...]] = {}
        self._templates: dict[tuple[str, str], dict[str, Any]] = {}

    def run(self, stopped: threading.Event) -> None:
        """Reconciles until stopped."""
        repeater = Repeater("node groups", stopped)
        while not stopped.is_set():
            repeater.attempt(self.reconcile)
            self._bell.wait(_POLL_SECONDS, stopped)

    def reconcile(self) -> None:
        """One pass."""
        wanted = {
            node.name: node for group in self.node_groups() for node in wanted_nodes(group, self._location)
        }
        live = {_name(node): node for node in self._kube.list(Node) if _is_ours(node)}
        for name in live.keys() - wanted.keys():
            self._delete(name)
        for name, node in wanted.items():
            if name not in live:
                self._create(node)
            else:
                self._adjust(live[name], node)

    def node_groups(self) -> Iterable[NodeGroup]:
        """All node groups of the location, as moto has them."""
        for cluster in self._eks.list_clusters()["clusters"]:
            for name in self._eks.list_nodegroups(clusterName=cluster)["nodegroups"]:
                answer = self._eks.describe_nodegroup(clusterName=cluster, nodegroupName=name)
                yield self._node_group(answer["nodegroup"])

    def _node_group(self, group: dict[str, Any]) -> NodeGroup:
        template = self._template(group.get("launchTemplate"))
        types = group.get("instanceTypes") or []
        kind = template.get("InstanceType") or types[0]
        disks = [
            device.get("Ebs", {}).get("VolumeSize") for device in template.get("BlockDeviceMappings", [])
        ]
        return NodeGroup(
            name=group["nodegroupName"],
            arn=group["nodegroupArn"],
            desired=int(group["scalingConfig"]["desiredSize"]),
            subnets=self._zones(tuple(group["subnets"])),
            instance_type=self._type(kind),
            capacity_type=group.get("capacityType", "ON_DEMAND"),
            labels=group.get("labels") or {},
            taints=tuple(group.get("taints") or ()),
            version=group.get("version", ""),
            disk=int(next((disk for disk in disks if disk), group.get("diskSize") or 20)),
        )

    def _zones(self, ids: tuple[str, ...]) -> tuple[Subnet, ...]:
        """A group's subnets; zone and range of a subnet never change."""
        if ids not in self._subnets:
            found = self._ec2.describe_subnets(SubnetIds=list(ids))["Subnets"]
            self._subnets[ids] = tuple(
                Subnet(id=one["SubnetId"], zone=one["AvailabilityZone"], cidr=one["CidrBlock"])
                for one in found
            )
        return self._subnets[ids]

    def _template(self, given: dict[str, Any] | None) -> dict[str, Any]:
        """A launch template's data. A numbered version never changes, `$Default` may come to mean another."""
        if not given:
            return {}
        by = {"LaunchTemplateId": given["id"]} if given.get("id") else {"LaunchTemplateName": given["name"]}
        version = str(given.get("version", "$Default"))
        key = (next(iter(by.values())), version)
        if key in self._templates:
            return self._templates[key]
        answer = self._ec2.describe_launch_template_versions(**by, Versions=[version])
        data = dict(answer["LaunchTemplateVersions"][0]["LaunchTemplateData"])
        if version.isdecimal():
            self._templates[key] = data
        return data

    def _type(self, name: str) -> InstanceType:
        if name not in self._types:
            answer = self._ec2.describe_instance_types(InstanceTypes=[name])["InstanceTypes"]
            self._types[name] = InstanceType.parse(answer[0])
        return self._types[name]

    def _create(self, wanted: WantedNode) -> None:
        try:
            self._kube.create(cast(Node, Node.from_dict(wanted.manifest())))
        except ApiError as error:
            if error.status.code != _CONFLICT:
                raise
        self._kube.patch(NodeStatus, wanted.name, {"status": wanted.status}, patch_type=PatchType.MERGE)
        _log.info("node %s: made", wanted.name)

    def _adjust(self, live: NodeModel, wanted: WantedNode) -> None:
        patch = patch_for(live.to_dict(), wanted)
        if patch is not None:
            self._kube.patch(Node, wanted.name, patch, patch_type=PatchType.MERGE)
            _log.info("node %s: labels and taints as its group has them", wanted.name)
        capacity = (live.status.capacity if live.status else None) or {}
        if any(capacity.get(name) != value for name, value in wanted.status["capacity"].items()):
            self._kube.patch(NodeStatus, wanted.name, {"status": wanted.status}, patch_type=PatchType.MERGE)

    def _delete(self, name: str) -> None:
        try:
            self._kube.delete(Node, name)
        except ApiError as error:
            if error.status.code != _NOT_FOUND:
                raise
        _log.info("node %s: gone with its group's size", name)


def _name(node: NodeModel) -> str:
    return (node.metadata and node.metadata.name) or ""


def _is_ours(node: NodeModel) -> bool:
    return GROUP_LABEL in ((node.metadata and node.metadata.labels) or {})
