"""What the add-ons' workloads may do in AWS."""

from __future__ import annotations

from typing import Any

import pulumi

from components.addons.args import VeleroStore

_OWNER_TAG = "elbv2.k8s.aws/cluster"


def load_balancer_policy(cluster_name: pulumi.Input[str]) -> list[dict[str, Any]]:
    """The controller's published policy, less what only ALBs, WAF, Shield and Cognito need.

    Where the published policy asks that a resource carries the controller's tag at all, this one asks for
    this cluster's: two clusters of one account cannot touch each other's load balancers.
    Source: https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/v3.6.0/docs/install/iam_policy.json
    """
    owned = {"StringEquals": {f"aws:ResourceTag/{_OWNER_TAG}": cluster_name}}
    created = {"StringEquals": {f"aws:RequestTag/{_OWNER_TAG}": cluster_name}}
    elb = "arn:aws:elasticloadbalancing:*:*"
    tagged = [f"{elb}:targetgroup/*/*", f"{elb}:loadbalancer/net/*/*"]
    return [
        {
            "Effect": "Allow",
            "Action": "iam:CreateServiceLinkedRole",
            "Resource": "*",
            "Condition": {"StringEquals": {"iam:AWSServiceName": "elasticloadbalancing.amazonaws.com"}},
        },
        {"Effect": "Allow", "Action": _LOAD_BALANCER_READS, "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": ["acm:DescribeCertificate", "acm:ListCertificates"],
            "Resource": "*",
        },
        # Backend rules are written on the nodes' security group, which EKS made: it carries no tag of ours.
        {
            "Effect": "Allow",
            "Action": ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"],
            "Resource": "*",
        },
        {"Effect": "Allow", "Action": "ec2:CreateSecurityGroup", "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": "ec2:CreateTags",
            "Resource": "arn:aws:ec2:*:*:security-group/*",
            "Condition": {
                "StringEquals": {
                    "ec2:CreateAction": "CreateSecurityGroup",
                    f"aws:RequestTag/{_OWNER_TAG}": cluster_name,
                }
            },
        },
        {
            "Effect": "Allow",
            "Action": ["ec2:CreateTags", "ec2:DeleteTags"],
            "Resource": "arn:aws:ec2:*:*:security-group/*",
            "Condition": {**owned, "Null": {f"aws:RequestTag/{_OWNER_TAG}": "true"}},
        },
        {"Effect": "Allow", "Action": "ec2:DeleteSecurityGroup", "Resource": "*", "Condition": owned},
        {
            "Effect": "Allow",
            "Action": [
                "elasticloadbalancing:CreateLoadBalancer",
                "elasticloadbalancing:CreateTargetGroup",
            ],
            "Resource": "*",
            "Condition": created,
        },
        {
            "Effect": "Allow",
            "Action": "elasticloadbalancing:AddTags",
            "Resource": tagged,
            "Condition": {
                "StringEquals": {
                    "elasticloadbalancing:CreateAction": ["CreateLoadBalancer", "CreateTargetGroup"],
                    f"aws:RequestTag/{_OWNER_TAG}": cluster_name,
                }
            },
        },
        {
            "Effect": "Allow",
            "Action": ["elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"],
            "Resource": tagged,
            "Condition": {**owned, "Null": {f"aws:RequestTag/{_OWNER_TAG}": "true"}},
        },
        # Listeners carry no tag of their own when they are made.
        {
            "Effect": "Allow",
            "Action": ["elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"],
            "Resource": [f"{elb}:listener/net/*/*/*"],
        },
        {
            "Effect": "Allow",
            "Action": _LISTENER_WRITES,
            "Resource": [f"{elb}:loadbalancer/net/*/*", f"{elb}:listener/net/*/*/*"],
        },
        {"Effect": "Allow", "Action": _OWNED_WRITES, "Resource": "*", "Condition": owned},
        {
            "Effect": "Allow",
            "Action": ["elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets"],
            "Resource": f"{elb}:targetgroup/*/*",
            "Condition": owned,
        },
    ]


_LOAD_BALANCER_READS = [
    "ec2:DescribeAccountAttributes",
    "ec2:DescribeAddresses",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeInstances",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeTags",
    "ec2:DescribeVpcPeeringConnections",
    "ec2:DescribeVpcs",
    "ec2:GetSecurityGroupsForVpc",
    "elasticloadbalancing:DescribeCapacityReservation",
    "elasticloadbalancing:DescribeListenerAttributes",
    "elasticloadbalancing:DescribeListenerCertificates",
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeLoadBalancerAttributes",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeRules",
    "elasticloadbalancing:DescribeSSLPolicies",
    "elasticloadbalancing:DescribeTags",
    "elasticloadbalancing:DescribeTargetGroupAttributes",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
    "elasticloadbalancing:DescribeTrustStores",
]

_LISTENER_WRITES = [
    "elasticloadbalancing:CreateListener",
    "elasticloadbalancing:DeleteListener",
    "elasticloadbalancing:ModifyListener",
    "elasticloadbalancing:AddListenerCertificates",
    "elasticloadbalancing:RemoveListenerCertificates",
]

_OWNED_WRITES = [
    "elasticloadbalancing:DeleteLoadBalancer",
    "elasticloadbalancing:DeleteTargetGroup",
    "elasticloadbalancing:ModifyCapacityReservation",
    "elasticloadbalancing:ModifyListenerAttributes",
    "elasticloadbalancing:ModifyLoadBalancerAttributes",
    "elasticloadbalancing:ModifyTargetGroup",
    "elasticloadbalancing:ModifyTargetGroupAttributes",
    "elasticloadbalancing:SetIpAddressType",
    "elasticloadbalancing:SetSecurityGroups",
    "elasticloadbalancing:SetSubnets",
]


def autoscaler_policy(cluster_name: pulumi.Input[str], location: str, account: str) -> list[dict[str, Any]]:
    """Read all groups, change only those that EKS tagged as this cluster's.

    Source: https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/README.md
    """
    owner = pulumi.Output.concat("aws:ResourceTag/k8s.io/cluster-autoscaler/", cluster_name)
    nodegroups = pulumi.Output.concat(f"arn:aws:eks:{location}:{account}:nodegroup/", cluster_name, "/*/*")
    return [
        {
            "Effect": "Allow",
            "Action": [
                "autoscaling:DescribeAutoScalingGroups",
                "autoscaling:DescribeAutoScalingInstances",
                "autoscaling:DescribeLaunchConfigurations",
                "autoscaling:DescribeScalingActivities",
                "autoscaling:DescribeTags",
                "ec2:DescribeImages",
                "ec2:DescribeInstanceTypes",
                "ec2:DescribeLaunchTemplateVersions",
                "ec2:GetInstanceTypesFromInstanceRequirements",
            ],
            "Resource": "*",
        },
        {"Effect": "Allow", "Action": "eks:DescribeNodegroup", "Resource": nodegroups},
        {
            "Effect": "Allow",
            "Action": [
                "autoscaling:SetDesiredCapacity",
                "autoscaling:TerminateInstanceInAutoScalingGroup",
            ],
            "Resource": f"arn:aws:autoscaling:{location}:{account}:autoScalingGroup:*",
            "Condition": {"StringEquals": owner.apply(lambda key: {key: "owned"})},
        },
    ]


def velero_policy(own: VeleroStore) -> list[dict[str, Any]]:
    """Write the region's own bucket; its key only by way of S3. No EC2: volumes go by CSI.

    Source: https://github.com/vmware-tanzu/velero-plugin-for-aws#set-permissions-for-velero
    """
    return [
        *_objects(
            own,
            [
                "s3:GetObject",
                "s3:PutObject",
                "s3:DeleteObject",
                "s3:AbortMultipartUpload",
                "s3:ListMultipartUploadParts",
            ],
        ),
        _key(own, ["kms:Decrypt", "kms:GenerateDataKey"]),
    ]


def _objects(store: VeleroStore, actions: list[str]) -> list[dict[str, Any]]:
    listing = ["s3:ListBucket", "s3:GetBucketLocation"]
    return [
        {"Effect": "Allow", "Action": listing, "Resource": store.bucket_arn},
        {"Effect": "Allow", "Action": actions, "Resource": pulumi.Output.concat(store.bucket_arn, "/*")},
    ]


def _key(store: VeleroStore, actions: list[str]) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Action": actions,
        "Resource": store.kms_key_arn,
        "Condition": {"StringEquals": {"kms:ViaService": f"s3.{store.location}.amazonaws.com"}},
    }
