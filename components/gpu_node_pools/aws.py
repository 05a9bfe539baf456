"""GPU nodes of one region on AWS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_aws import eks

from components.gpu_node_pools.desired import NodeGroupPlan, node_groups
from components.shared.labels import GPU_TAINT_KEY, GPU_TAINT_VALUE
from components.shared.nodes_aws import Disk, launch_template
from components.shared.tags import named
from config.region import Capacity, GpuPool
from config.timings import DISK_MIB_PER_SECOND

AMI_TYPE = "AL2023_x86_64_NVIDIA"

CAPACITY_TYPES = {
    Capacity.ON_DEMAND: "ON_DEMAND",
    Capacity.SPOT: "SPOT",
    # A reservation is on-demand capacity to which the launch template points.
    Capacity.RESERVATION: "ON_DEMAND",
}


@dataclass(frozen=True, kw_only=True)
class GpuNodePoolsArgs:
    """``private_subnet_ids`` has one subnet for each zone; ``model_size`` is bytes.

    ``node_role_arn`` must come with its policies in place, as ``Cluster.node_role_arn`` does.
    """

    cluster_name: pulumi.Input[str]
    kubernetes_version: str
    node_role_arn: pulumi.Input[str]
    private_subnet_ids: Mapping[str, pulumi.Input[str]]
    pools: Sequence[GpuPool]
    model_size: int
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class GpuNodePools(pulumi.ComponentResource):
    """One managed node group for each pool and zone.

    A group of its own for each zone lets the warm nodes of a zone be counted on: a group over all zones is
    balanced by AWS as it likes, and the autoscaler cannot choose the zone in which it grows. No group is
    protected: it holds no state, its cache is filled again from the region's own bucket, and replacing one
    must stay possible; the plan's name keeps the old one until the new one stands.
    """

    node_groups: dict[str, dict[str, eks.NodeGroup]]
    """By pool, then by zone."""

    def __init__(self, name: str, args: GpuNodePoolsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("standfast:gpu_node_pools:GpuNodePools", name, None, opts)
        self._name, self._args = name, args
        plans = node_groups(args.pools, tuple(args.private_subnet_ids), args.model_size)
        self.node_groups = {pool.name: {} for pool in args.pools}
        for plan in plans:
            self.node_groups[plan.pool][plan.zone] = self._node_group(plan)
        self.register_outputs(
            {
                "node_groups": {
                    pool: {zone: group.node_group_name for zone, group in zones.items()}
                    for pool, zones in self.node_groups.items()
                }
            }
        )

    def _node_group(self, plan: NodeGroupPlan) -> eks.NodeGroup:
        args, name = self._args, f"{self._name}-{plan.pool}-{plan.zone}"
        template = launch_template(
            f"{name}-template",
            # A cold cache is filled at the disk's speed: gp3's usual 125 MiB/s take 19 minutes for 140 GiB.
            Disk(size=plan.disk, iops=4000, throughput=DISK_MIB_PER_SECOND),
            args.tags,
            pulumi.ResourceOptions(parent=self),
            plan.reservation,
        )
        return eks.NodeGroup(
            name,
            cluster_name=args.cluster_name,
            node_group_name=plan.name,
            node_role_arn=args.node_role_arn,
            subnet_ids=[args.private_subnet_ids[plan.zone]],
            version=args.kubernetes_version,
            ami_type=AMI_TYPE,
            capacity_type=CAPACITY_TYPES[plan.capacity],
            instance_types=list(plan.instance_types),
            launch_template=eks.NodeGroupLaunchTemplateArgs(
                id=template.id, version=template.latest_version.apply(str)
            ),
            scaling_config=eks.NodeGroupScalingConfigArgs(
                min_size=plan.warm, desired_size=plan.warm, max_size=plan.maximum
            ),
            labels=plan.labels,
            taints=[eks.NodeGroupTaintArgs(key=GPU_TAINT_KEY, value=GPU_TAINT_VALUE, effect="NO_SCHEDULE")],
            update_config=eks.NodeGroupUpdateConfigArgs(
                max_unavailable=1,
                # A reservation has no room for a new node beside the old ones: the old one goes first.
                update_strategy="MINIMAL" if plan.reservation else None,
            ),
            # Half a zone's nodes failing at once is the zone's fault: replacing them would not help it.
            node_repair_config=eks.NodeGroupNodeRepairConfigArgs(
                enabled=True,
                max_parallel_nodes_repaired_count=1,
                max_unhealthy_node_threshold_percentage=50,
            ),
            tags={**named(dict(args.tags), plan.name), **plan.autoscaler_hints},
            # How many nodes run above the warm ones is the autoscaler's to say.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["scalingConfig.desiredSize"]),
        )
