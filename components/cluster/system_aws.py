"""The nodes on which add-ons run, and the add-ons that the cluster itself needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import eks

from components.cluster.access_aws import CNI_POLICY, EBS_CSI_POLICY, model_reader
from components.cluster.addons_aws import EBS_CSI, S3_CSI, SNAPSHOTS, VPC_CNI, AddonPlan
from components.cluster.args import ClusterArgs
from components.shared.generations import generation
from components.shared.identity_aws import PodIdentity, PodIdentityArgs
from components.shared.labels import POOL_LABEL
from components.shared.nodes_aws import Disk, launch_template
from components.shared.tags import named

NAMESPACE = "kube-system"
SYSTEM_POOL = "system"
SYSTEM_DISK_GIB = 80
AMI_TYPE = "AL2023_x86_64_STANDARD"


@dataclass(frozen=True, kw_only=True)
class SystemNodeGroupArgs:
    """``after`` is what must be there before a node can become ready."""

    cluster: ClusterArgs
    cluster_name: pulumi.Input[str]
    node_role_arn: pulumi.Input[str]
    after: Sequence[pulumi.Resource]


class SystemNodeGroup(pulumi.ComponentResource):
    """One managed node group over all zones, with ``per_zone`` nodes for each, twice that at most."""

    group: eks.NodeGroup

    def __init__(
        self, name: str, args: SystemNodeGroupArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("standfast:cluster:SystemNodeGroup", name, None, opts)
        cluster = args.cluster
        tags = dict(cluster.tags)
        template = launch_template(
            f"{name}-template", Disk(size=SYSTEM_DISK_GIB), tags, pulumi.ResourceOptions(parent=self)
        )
        nodes = cluster.system_nodes.per_zone * len(cluster.private_subnet_ids)
        group_name = f"{SYSTEM_POOL}-{generation(cluster.system_nodes.instance_types)}"
        self.group = eks.NodeGroup(
            f"{name}-nodes",
            cluster_name=args.cluster_name,
            node_group_name=group_name,
            node_role_arn=args.node_role_arn,
            subnet_ids=list(cluster.private_subnet_ids.values()),
            version=cluster.version,
            ami_type=AMI_TYPE,
            capacity_type="ON_DEMAND",
            instance_types=list(cluster.system_nodes.instance_types),
            launch_template=eks.NodeGroupLaunchTemplateArgs(
                id=template.id, version=template.latest_version.apply(str)
            ),
            scaling_config=eks.NodeGroupScalingConfigArgs(
                min_size=nodes, desired_size=nodes, max_size=2 * nodes
            ),
            labels={POOL_LABEL: SYSTEM_POOL},
            update_config=eks.NodeGroupUpdateConfigArgs(max_unavailable=1),
            node_repair_config=eks.NodeGroupNodeRepairConfigArgs(enabled=True),
            tags=named(tags, group_name),
            # The autoscaler may have grown the group.
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=list(args.after), ignore_changes=["scalingConfig.desiredSize"]
            ),
        )
        self.register_outputs({"node_group": self.group.node_group_name})


@dataclass(frozen=True, kw_only=True)
class AddonSetArgs:
    """Add-ons that are installed once ``after`` is there."""

    cluster: ClusterArgs
    cluster_name: pulumi.Input[str]
    plans: Sequence[AddonPlan]
    after: Sequence[pulumi.Resource] = ()


class AddonSet(pulumi.ComponentResource):
    """Add-ons that EKS manages, each with the AWS identity that it needs."""

    installed: list[pulumi.Resource]

    def __init__(self, name: str, args: AddonSetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("standfast:cluster:AddonSet", name, None, opts)
        self._name, self._args = name, args
        by_name: dict[str, pulumi.Resource] = {}
        for plan in args.plans:
            after = [*args.after, *self._identities(plan.name)]
            if plan.name == EBS_CSI and SNAPSHOTS in by_name:
                # The EBS driver takes snapshots only when their CRDs are there as it starts.
                after.append(by_name[SNAPSHOTS])
            by_name[plan.name] = self._addon(plan, after)
        self.installed = list(by_name.values())
        self.register_outputs({"versions": {plan.name: plan.version for plan in args.plans}})

    def _identities(self, addon: str) -> list[PodIdentity]:
        if addon == VPC_CNI:
            return [self._identity(addon, "aws-node", managed_policy=CNI_POLICY)]
        if addon == EBS_CSI:
            return [self._identity(addon, "ebs-csi-controller-sa", managed_policy=EBS_CSI_POLICY)]
        if addon == S3_CSI:
            models = self._args.cluster.models
            statements = model_reader(
                [store.bucket_arn for store in models],
                [pulumi.Output.concat(store.bucket_arn, "/*") for store in models],
                [store.key_arn for store in models],
            )
            return [self._identity(addon, "s3-csi-driver-sa", statements=statements)]
        return []

    def _identity(
        self,
        addon: str,
        service_account: str,
        *,
        managed_policy: str | None = None,
        statements: Sequence[Mapping[str, object]] = (),
    ) -> PodIdentity:
        cluster = self._args.cluster
        return PodIdentity(
            f"{self._name}-{addon}-identity",
            PodIdentityArgs(
                cluster_name=self._args.cluster_name,
                account=cluster.account,
                location=cluster.location,
                namespace=NAMESPACE,
                service_account=service_account,
                statements=statements,
                managed_policy_arns=[managed_policy] if managed_policy else [],
                tags=cluster.tags,
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _addon(self, plan: AddonPlan, after: Sequence[pulumi.Resource]) -> eks.Addon:
        return eks.Addon(
            f"{self._name}-{plan.name}",
            cluster_name=self._args.cluster_name,
            addon_name=plan.name,
            addon_version=plan.version,
            configuration_values=plan.configuration_json,
            # The program owns their settings: what was changed by hand gives way.
            resolve_conflicts_on_create="OVERWRITE",
            resolve_conflicts_on_update="OVERWRITE",
            tags=dict(self._args.cluster.tags),
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(after)),
        )
