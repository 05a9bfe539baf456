"""Samples: cluster."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.providers.base import Properties
from tests.sandbox.aws_provider.driver import Driver, Resource
from tests.sandbox.aws_provider.ground import (
    ROLE,
    Sample,
    cluster,
    cluster_inputs,
    launch_template,
    role,
)


def node_group(driver: Driver) -> Properties:
    template = launch_template(driver)
    return {
        "clusterName": cluster(driver),
        "nodeGroupName": "gpu-us-east-1a",
        "nodeRoleArn": role(driver).outputs["arn"],
        "subnetIds": [next(r.id for r in driver.made if r.name == "net-a")],
        "amiType": "AL2023_x86_64_NVIDIA",
        "capacityType": "ON_DEMAND",
        "instanceTypes": ["g5.2xlarge", "g6.2xlarge"],
        "labels": {"standfast.dev/pool": "gpu"},
        "taints": [{"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}],
        "scalingConfig": {"minSize": 2, "desiredSize": 2, "maxSize": 6},
        "updateConfig": {"maxUnavailable": 1},
        "nodeRepairConfig": {"enabled": True},
        "launchTemplate": {"id": template.id, "version": str(template.outputs["latestVersion"])},
        "tags": {"pool": "gpu"},
    }


def entry(driver: Driver) -> Properties:
    return {
        "clusterName": cluster(driver),
        "principalArn": role(driver, "standfast-operator").outputs["arn"],
        "type": "STANDARD",
        "tags": {"who": "operator"},
    }


def policy_association(driver: Driver) -> Properties:
    made = driver.create("aws:eks/accessEntry:AccessEntry", "entry", entry(driver))
    return {
        "clusterName": made.outputs["clusterName"],
        "principalArn": made.outputs["principalArn"],
        "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSAdminPolicy",
        "accessScope": {"type": "namespace", "namespaces": ["ml-serving", "velero"]},
    }


def kept_gone(kind: str) -> Callable[[Driver, Resource], None]:
    """What has no moto to be deleted from goes through AWS's own operation, beside the engine."""

    def meddle(driver: Driver, resource: Resource) -> None:
        driver.session.clients.store.drop_all(kind, "us-east-1", resource.outputs["clusterName"])

    return meddle


SAMPLES = [
    Sample(
        token="aws:eks/cluster:Cluster",
        inputs=cluster_inputs,
        change={
            "version": "1.34",
            "enabledClusterLogTypes": ["audit"],
            "upgradePolicy": {"supportType": "EXTENDED"},
        },
        back=False,
        meddle=lambda d, r: d.aws("eks").delete_cluster(name=r.id),
        wrong={"upgradePolicy": {"supportType": "FOREVER"}},
    ),
    Sample(
        token="aws:eks/nodeGroup:NodeGroup",
        inputs=node_group,
        change={
            "scalingConfig": {"minSize": 1, "desiredSize": 3, "maxSize": 6},
            "labels": {"standfast.dev/pool": "gpu", "more": "yes"},
            "taints": [{"key": "nvidia.com/gpu", "value": "here", "effect": "NO_SCHEDULE"}],
            "updateConfig": {"maxUnavailable": 2},
            "tags": {"pool": "accelerated"},
        },
        meddle=lambda d, r: d.aws("eks").update_nodegroup_config(
            clusterName="standfast-us-east",
            nodegroupName="gpu-us-east-1a",
            scalingConfig={"minSize": 0, "desiredSize": 1, "maxSize": 6},
        ),
        drifted="scalingConfig",
        wrong={"amiType": "WINDOWS_95"},
    ),
    Sample(
        token="aws:eks/addon:Addon",
        inputs=lambda d: {
            "clusterName": cluster(d),
            "addonName": "vpc-cni",
            "addonVersion": "v1.20.1-eksbuild.3",
            "configurationValues": '{"env": {"ENABLE_PREFIX_DELEGATION": "true"}}',
            "resolveConflictsOnCreate": "OVERWRITE",
            "resolveConflictsOnUpdate": "OVERWRITE",
            "podIdentityAssociations": [{"roleArn": ROLE, "serviceAccount": "aws-node"}],
            "tags": {"Name": "cni"},
        },
        change={"addonVersion": "v1.20.2-eksbuild.1", "tags": {"Name": "network"}},
        meddle=kept_gone("eks-addon"),
        wrong={"clusterName": "not there"},
    ),
    Sample(
        token="aws:eks/accessEntry:AccessEntry",
        inputs=entry,
        change={"kubernetesGroups": ["operators"], "tags": {"who": "them"}},
        meddle=kept_gone("eks-access-entry"),
    ),
    Sample(
        token="aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        inputs=policy_association,
        meddle=kept_gone("eks-access-policy"),
    ),
    Sample(
        token="aws:eks/podIdentityAssociation:PodIdentityAssociation",
        inputs=lambda d: {
            "clusterName": cluster(d),
            "namespace": "velero",
            "serviceAccount": "velero",
            "roleArn": ROLE,
            "tags": {"Name": "velero"},
        },
        change={"roleArn": f"{ROLE}-else", "tags": {"Name": "backups"}},
        meddle=kept_gone("eks-pod-identity"),
    ),
]
