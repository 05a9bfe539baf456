"""What a workload may do in AWS: a role for one service account of one cluster, by EKS Pod Identity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi_aws import eks, iam

from components.shared.iam_aws import Statement, rendered


@dataclass(frozen=True, kw_only=True)
class PodIdentityArgs:
    """Whose identity it is and what it may do.

    ``statements`` become one inline policy; ``managed_policy_arns`` are for add-ons whose policy AWS keeps.
    ``location`` and ``account`` are the cluster's, and go into the condition on the cluster's ARN.
    """

    cluster_name: pulumi.Input[str]
    account: str
    location: str
    namespace: str
    service_account: str
    statements: Sequence[Statement] = ()
    managed_policy_arns: Sequence[str] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


def trust(cluster_arn: Any, namespace: str, service_account: str) -> list[dict[str, Any]]:
    """The trust policy's statements: the service account of the cluster, and no other, gets the role.

    Pod Identity sets the request tags itself, so the conditions hold even when someone associates the role
    with another service account.
    Source: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html and pod-id-abac.html
    """
    return [
        {
            "Effect": "Allow",
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
            "Condition": {
                "StringEquals": {
                    "aws:RequestTag/eks-cluster-arn": cluster_arn,
                    "aws:RequestTag/kubernetes-namespace": namespace,
                    "aws:RequestTag/kubernetes-service-account": service_account,
                }
            },
        }
    ]


class PodIdentity(pulumi.ComponentResource):
    """An IAM role, its policy, and the association with one service account.

    Pods get credentials from the first start after the association exists: let the workload depend on this.
    """

    role_arn: pulumi.Output[str]
    role_name: pulumi.Output[str]

    def __init__(self, name: str, args: PodIdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("standfast:shared:PodIdentity", name, None, opts)
        if not args.statements and not args.managed_policy_arns:
            raise ValueError(f"{name}: the identity may do nothing; give statements or managed policies")
        child = pulumi.ResourceOptions(parent=self)
        cluster_arn = pulumi.Output.concat(
            f"arn:aws:eks:{args.location}:{args.account}:cluster/", args.cluster_name
        )
        role = iam.Role(
            f"{name}-role",
            assume_role_policy=rendered(trust(cluster_arn, args.namespace, args.service_account)),
            description=f"Service account {args.namespace}/{args.service_account}",
            tags=dict(args.tags),
            opts=child,
        )
        grants: list[pulumi.Resource] = []
        if args.statements:
            grants.append(
                iam.RolePolicy(f"{name}-policy", role=role.name, policy=rendered(args.statements), opts=child)
            )
        for arn in args.managed_policy_arns:
            policy = arn.rpartition("/")[2]
            grants.append(
                iam.RolePolicyAttachment(f"{name}-{policy}", role=role.name, policy_arn=arn, opts=child)
            )
        eks.PodIdentityAssociation(
            f"{name}-association",
            cluster_name=args.cluster_name,
            namespace=args.namespace,
            service_account=args.service_account,
            role_arn=role.arn,
            tags=dict(args.tags),
            # A pod that starts between the two would run with a role that may do nothing yet.
            opts=pulumi.ResourceOptions(parent=self, depends_on=grants),
        )
        self.role_arn = role.arn
        self.role_name = role.name
        self.register_outputs({"role_arn": self.role_arn})
