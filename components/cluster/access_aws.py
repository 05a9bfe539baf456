"""Who may reach the cluster's API, and what the cluster and its nodes may do in AWS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from components.cluster.problems import ClusterError

ADMIN_POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"

CLUSTER_POLICY = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"

NODE_POLICIES = (
    "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
    "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly",
)
"""A node joins the cluster and pulls images; the vpc-cni add-on manages addresses, with a role of its own.

Source: https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html
"""

CNI_POLICY = "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"
EBS_CSI_POLICY = "arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy"

MAX_PUBLIC_CIDRS = 40
"""https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html"""


def public_cidrs(api_access: Sequence[Any]) -> list[str] | None:
    """The networks that reach the public endpoint, each once and in order; none when there is no endpoint.

    EKS takes an absent list for the whole world, so the endpoint itself is off when nobody is named.
    """
    cidrs = sorted(set(api_access))
    if len(cidrs) > MAX_PUBLIC_CIDRS:
        raise ClusterError(
            f"apiAccess: {len(cidrs)} networks with the peers' addresses, and EKS takes {MAX_PUBLIC_CIDRS}; "
            "name fewer or larger ones"
        )
    return cidrs or None


def principal_slug(arn: str) -> str:
    """An IAM principal's part of a resource name: ``123456789012-role-ops`` for its ARN."""
    return "-".join(arn.removeprefix("arn:aws:iam::").replace(":", "/").split("/"))


def cluster_trust(location: str, account: str, cluster_name: str) -> list[dict[str, Any]]:
    """EKS takes the role for this cluster alone.

    Source: https://docs.aws.amazon.com/eks/latest/userguide/cross-service-confused-deputy-prevention.html
    """
    return [
        {
            "Effect": "Allow",
            "Principal": {"Service": "eks.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": account},
                "ArnLike": {"aws:SourceArn": f"arn:aws:eks:{location}:{account}:cluster/{cluster_name}"},
            },
        }
    ]


def secrets_key_use(key_arn: Any) -> list[dict[str, Any]]:
    """What the cluster's role does with the key that encrypts Kubernetes secrets.

    Source: https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html
    """
    return [
        {
            "Effect": "Allow",
            "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ListGrants", "kms:DescribeKey"],
            "Resource": key_arn,
        }
    ]


def model_reader(buckets: Sequence[Any], objects: Sequence[Any], keys: Sequence[Any]) -> list[dict[str, Any]]:
    """What the S3 CSI driver may do: list and read models, and decrypt them. All are ARNs.

    Source: https://github.com/awslabs/mountpoint-s3/blob/main/doc/CONFIGURATION.md#iam-permissions
    """
    return [
        {"Sid": "ListModels", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": list(buckets)},
        {"Sid": "ReadModels", "Effect": "Allow", "Action": "s3:GetObject", "Resource": list(objects)},
        {"Sid": "DecryptModels", "Effect": "Allow", "Action": "kms:Decrypt", "Resource": list(keys)},
    ]
