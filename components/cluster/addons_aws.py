"""The cluster's own add-ons: which, which version, and how they are set up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from components.cluster.problems import ClusterError

VPC_CNI = "vpc-cni"
KUBE_PROXY = "kube-proxy"
POD_IDENTITY_AGENT = "eks-pod-identity-agent"
COREDNS = "coredns"
METRICS_SERVER = "metrics-server"
NODE_MONITORING = "eks-node-monitoring-agent"
SNAPSHOTS = "snapshot-controller"
EBS_CSI = "aws-ebs-csi-driver"
S3_CSI = "aws-mountpoint-s3-csi-driver"

BEFORE_NODES = (POD_IDENTITY_AGENT, VPC_CNI, KUBE_PROXY)
"""A node becomes ready only with a network, and a pod gets an AWS identity only from a running agent."""

AFTER_NODES = (COREDNS, METRICS_SERVER, NODE_MONITORING, SNAPSHOTS, EBS_CSI, S3_CSI)
"""Add-ons with pods that must be scheduled: EKS calls them active only when they run."""

VERSIONS: Mapping[str, Mapping[str, str]] = {
    "1.34": {
        VPC_CNI: "v1.21.1-eksbuild.1",
        KUBE_PROXY: "v1.34.1-eksbuild.2",
        POD_IDENTITY_AGENT: "v1.3.10-eksbuild.2",
        COREDNS: "v1.12.4-eksbuild.1",
        METRICS_SERVER: "v0.8.0-eksbuild.6",
        NODE_MONITORING: "v1.6.4-eksbuild.1",
        SNAPSHOTS: "v8.3.0-eksbuild.1",
        EBS_CSI: "v1.54.0-eksbuild.1",
        S3_CSI: "v2.3.0-eksbuild.1",
    },
    "1.35": {
        VPC_CNI: "v1.21.1-eksbuild.8",
        KUBE_PROXY: "v1.35.3-eksbuild.5",
        POD_IDENTITY_AGENT: "v1.3.10-eksbuild.3",
        COREDNS: "v1.14.2-eksbuild.4",
        METRICS_SERVER: "v0.8.1-eksbuild.6",
        NODE_MONITORING: "v1.6.4-eksbuild.1",
        SNAPSHOTS: "v8.5.0-eksbuild.3",
        EBS_CSI: "v1.59.0-eksbuild.1",
        S3_CSI: "v2.3.0-eksbuild.1",
    },
}
"""Pinned by Kubernetes version.

``aws eks describe-addon-versions --kubernetes-version 1.35`` lists what there is.
"""


@dataclass(frozen=True)
class AddonPlan:
    """One add-on; ``configuration`` follows its schema (``aws eks describe-addon-configuration``)."""

    name: str
    version: str
    configuration: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def configuration_json(self) -> str | None:
        """The configuration as EKS takes it; none keeps the add-on's own."""
        return json.dumps(self.configuration, sort_keys=True) if self.configuration else None


def _configuration(addon: str, zones: int) -> dict[str, Any]:
    match addon:
        case "vpc-cni":
            return {
                # Network policies are objects without effect until this is on.
                "enableNetworkPolicy": "true",
                # Addresses by /28 blocks: a node of few interfaces runs as many pods as it has room for.
                "env": {"ENABLE_PREFIX_DELEGATION": "true", "WARM_PREFIX_TARGET": "1"},
            }
        case "coredns":
            # Every zone resolves names by itself; ScheduleAnyway, since a lost zone must not hold one back.
            return {
                "replicaCount": max(2, zones),
                "topologySpreadConstraints": [
                    {
                        "maxSkew": 1,
                        "topologyKey": "topology.kubernetes.io/zone",
                        "whenUnsatisfiable": "ScheduleAnyway",
                        "labelSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
                    }
                ],
            }
        case _:
            return {}


def addon_plans(kubernetes_version: str, zones: int) -> dict[str, AddonPlan]:
    """Every add-on by name, for a cluster of ``kubernetes_version`` over ``zones`` zones."""
    versions = VERSIONS.get(kubernetes_version)
    if versions is None:
        raise ClusterError(
            f"kubernetesVersion {kubernetes_version}: its add-on versions are not known; "
            f"choose one of {', '.join(sorted(VERSIONS))}, or add them to components/cluster/addons_aws.py"
        )
    return {
        addon: AddonPlan(addon, versions[addon], _configuration(addon, zones))
        for addon in (*BEFORE_NODES, *AFTER_NODES)
    }
