"""The cluster of one region on AWS."""

from __future__ import annotations

import json

import pulumi
from pulumi_aws import eks, iam, kms

from components.cluster.access_aws import (
    ADMIN_POLICY,
    CLUSTER_POLICY,
    NODE_POLICIES,
    cluster_trust,
    principal_slug,
    public_cidrs,
    secrets_key_use,
)
from components.cluster.addons_aws import AFTER_NODES, BEFORE_NODES, addon_plans
from components.cluster.args import ClusterArgs
from components.cluster.kubeconfig_aws import kubeconfig
from components.cluster.system_aws import AddonSet, AddonSetArgs, SystemNodeGroup, SystemNodeGroupArgs
from components.shared.iam_aws import rendered, service_trust
from components.shared.logs_aws import KEY_DELETION_DAYS, LogGroup, LogGroupArgs, key_owner
from components.shared.tags import named
from config.region import Protection

CONTROL_PLANE_LOGS = ("api", "audit", "authenticator", "controllerManager", "scheduler")


class Cluster(pulumi.ComponentResource):
    """An EKS cluster with its nodes for add-ons and its own add-ons.

    Whoever creates it is its first administrator: that principal installs the region's Kubernetes objects in
    the same ``up``. EKS writes this as an access entry, where it is seen and can be taken back; ``admins``
    names the others, and must not name the creator again.
    """

    name: pulumi.Output[str]
    endpoint: pulumi.Output[str]
    born: pulumi.Output[str]
    ca_data: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]
    issuer: pulumi.Output[str]
    node_role_arn: pulumi.Output[str]
    security_group_id: pulumi.Output[str]
    ready: list[pulumi.Resource]
    """What a workload waits for: nodes and every add-on."""

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("standfast:cluster:Cluster", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        plans = addon_plans(args.version, len(args.private_subnet_ids))
        cluster = self._cluster()
        self._admins(cluster)
        # Known from the cluster itself, so that what uses the name waits for it.
        self.name = cluster.name
        self.endpoint = cluster.endpoint
        self.born = cluster.created_at
        self.ca_data = cluster.certificate_authority.apply(lambda ca: ca.data or "")
        self.issuer = cluster.identities.apply(lambda known: (known[0].oidcs or [])[0].issuer or "")
        self.security_group_id = cluster.vpc_config.apply(
            lambda config: config.cluster_security_group_id or ""
        )
        self.kubeconfig = pulumi.Output.all(self.name, self.endpoint, self.ca_data).apply(
            lambda known: json.dumps(kubeconfig(known[0], args.location, known[1], known[2]))
        )
        self.node_role_arn = self._node_role()
        network = AddonSet(
            f"{name}-node-addons",
            AddonSetArgs(
                cluster=args, cluster_name=self.name, plans=[plans[addon] for addon in BEFORE_NODES]
            ),
            self._child,
        )
        nodes = SystemNodeGroup(
            f"{name}-system",
            SystemNodeGroupArgs(
                cluster=args,
                cluster_name=self.name,
                node_role_arn=self.node_role_arn,
                after=network.installed,
            ),
            self._child,
        )
        addons = AddonSet(
            f"{name}-addons",
            AddonSetArgs(
                cluster=args,
                cluster_name=self.name,
                plans=[plans[addon] for addon in AFTER_NODES],
                after=[nodes.group, *network.installed],
            ),
            self._child,
        )
        self.ready = [nodes.group, *network.installed, *addons.installed]
        self.register_outputs({"name": self.name, "endpoint": self.endpoint})

    def _cluster(self) -> eks.Cluster:
        args, name = self._args, self._name
        role = iam.Role(
            f"{name}-role",
            assume_role_policy=rendered(cluster_trust(args.location, args.account, args.cluster_name)),
            description=f"Control plane of {args.cluster_name}",
            tags=dict(args.tags),
            opts=self._child,
        )
        key = kms.Key(
            f"{name}-secrets-key",
            description=f"Kubernetes secrets of {args.cluster_name}",
            enable_key_rotation=True,
            deletion_window_in_days=KEY_DELETION_DAYS,
            policy=rendered([key_owner(args.account)]),
            tags=named(dict(args.tags), f"{args.cluster_name}-secrets"),
            opts=self._child,
        )
        kms.Alias(
            f"{name}-secrets-key-alias",
            name=f"alias/{args.cluster_name}/secrets",
            target_key_id=key.key_id,
            opts=self._child,
        )
        grants = [
            iam.RolePolicyAttachment(
                f"{name}-role-eks", role=role.name, policy_arn=CLUSTER_POLICY, opts=self._child
            ),
            iam.RolePolicy(
                f"{name}-role-secrets-key",
                role=role.name,
                policy=rendered(secrets_key_use(key.arn)),
                opts=self._child,
            ),
        ]
        # EKS makes the log group by itself, unencrypted and for ever, when it is not there before.
        logs = LogGroup(
            f"{name}-logs",
            LogGroupArgs(
                log_group=f"/aws/eks/{args.cluster_name}/cluster",
                location=args.location,
                account=args.account,
                retention_days=args.log_retention_days,
                tags=args.tags,
            ),
            self._child,
        )
        cidrs = pulumi.Output.from_input(args.api_access).apply(public_cidrs)
        return eks.Cluster(
            f"{name}-eks",
            name=args.cluster_name,
            version=args.version,
            role_arn=role.arn,
            access_config=eks.ClusterAccessConfigArgs(
                authentication_mode="API", bootstrap_cluster_creator_admin_permissions=True
            ),
            bootstrap_self_managed_addons=False,
            deletion_protection=args.protection is Protection.GUARDED,
            enabled_cluster_log_types=list(CONTROL_PLANE_LOGS),
            encryption_config=eks.ClusterEncryptionConfigArgs(
                provider=eks.ClusterEncryptionConfigProviderArgs(key_arn=key.arn), resources=["secrets"]
            ),
            upgrade_policy=eks.ClusterUpgradePolicyArgs(support_type=args.support.value),
            vpc_config=eks.ClusterVpcConfigArgs(
                subnet_ids=list(args.private_subnet_ids.values()),
                endpoint_private_access=True,
                endpoint_public_access=cidrs.apply(lambda known: known is not None),
                public_access_cidrs=cidrs,
            ),
            # Lets an operator, or AWS itself, move traffic away from a zone that is sick but not dead.
            zonal_shift_config=eks.ClusterZonalShiftConfigArgs(enabled=True),
            tags=named(dict(args.tags), args.cluster_name),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*grants, logs]),
        )

    def _admins(self, cluster: eks.Cluster) -> None:
        for arn in self._args.admins:
            entry_name = f"{self._name}-admin-{principal_slug(arn)}"
            entry = eks.AccessEntry(
                entry_name,
                cluster_name=cluster.name,
                principal_arn=arn,
                type="STANDARD",
                tags=dict(self._args.tags),
                opts=self._child,
            )
            eks.AccessPolicyAssociation(
                f"{entry_name}-policy",
                cluster_name=cluster.name,
                principal_arn=entry.principal_arn,
                policy_arn=ADMIN_POLICY,
                access_scope=eks.AccessPolicyAssociationAccessScopeArgs(type="cluster"),
                opts=self._child,
            )

    def _node_role(self) -> pulumi.Output[str]:
        """The role of every node; its ARN is known once its policies are in place."""
        name = f"{self._name}-node-role"
        role = iam.Role(
            name,
            assume_role_policy=rendered(service_trust("ec2.amazonaws.com")),
            description=f"Nodes of {self._args.cluster_name}",
            tags=dict(self._args.tags),
            opts=self._child,
        )
        grants = [
            iam.RolePolicyAttachment(
                f"{name}-{arn.rpartition('/')[2]}", role=role.name, policy_arn=arn, opts=self._child
            ).id
            for arn in NODE_POLICIES
        ]
        return pulumi.Output.all(role.arn, *grants).apply(lambda known: str(known[0]))
