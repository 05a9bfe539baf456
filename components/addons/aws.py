"""What add-ons need of AWS: charts that only EKS has, plugins, and what each workload may do."""

from __future__ import annotations

from typing import Any

import pulumi

from components.addons.args import KUBE_SYSTEM, VELERO, AddonsArgs
from components.addons.charts import CLUSTER_AUTOSCALER, LOAD_BALANCER_CONTROLLER, Addon
from components.addons.placement import CRITICAL, resources, spread
from components.addons.policies_aws import autoscaler_policy, load_balancer_policy, velero_policy
from components.addons.values_platform import VELERO_SERVICE_ACCOUNT
from components.shared.identity_aws import PodIdentity, PodIdentityArgs
from components.shared.labels import labels
from components.shared.pod_security import restricted_container

CONTROLLER = "aws-load-balancer-controller"
AUTOSCALER = "cluster-autoscaler"
STORAGE_CLASS = "gp3"


def storage_class() -> dict[str, Any]:
    """The default class: encrypted, and in the zone of the pod that first uses the volume.

    Source: https://docs.aws.amazon.com/eks/latest/userguide/ebs-csi.html
    """
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": STORAGE_CLASS,
            "labels": labels(STORAGE_CLASS, "addons"),
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        "provisioner": "ebs.csi.aws.com",
        "parameters": {"type": "gp3", "encrypted": "true"},
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowVolumeExpansion": True,
    }


def velero_plugin() -> dict[str, Any]:
    """The init container that brings Velero's S3 object store."""
    return {
        "name": "velero-plugin-for-aws",
        "image": "velero/velero-plugin-for-aws:v1.14.3",
        "imagePullPolicy": "IfNotPresent",
        "volumeMounts": [{"mountPath": "/target", "name": "plugins"}],
    }


def load_balancer_controller(args: AddonsArgs) -> dict[str, Any]:
    """Makes NLBs of the Services that ask for them by class; ALBs, WAF and Shield are not used."""
    return {
        "clusterName": args.cluster_name,
        "region": args.location,
        "vpcId": args.vpc_id,
        "replicaCount": 2,
        "serviceAccount": {"create": True, "name": CONTROLLER},
        "createIngressClassResource": False,
        "ingressClassParams": {"create": False},
        "enableServiceMutatorWebhook": False,
        "enableShield": False,
        "enableWaf": False,
        "enableWafv2": False,
        "defaultTargetType": "ip",
        "defaultTags": dict(args.tags),
        "podDisruptionBudget": {"maxUnavailable": 1},
        "resources": resources("100m", "256Mi"),
        "topologySpreadConstraints": spread({"app.kubernetes.io/name": CONTROLLER}),
        "priorityClassName": CRITICAL,
    }


def cluster_autoscaler(args: AddonsArgs) -> dict[str, Any]:
    """Grows and shrinks the node groups, one of which stands in each zone.

    Groups that differ in nothing but their zone count as similar, and grow in turn.

    The autoscaler stops altogether when more than 45 % of the nodes are unready. One zone of two is half of
    them: just when the living zone must grow. Nodes of a lost zone must not hold it back.
    Source: https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/FAQ.md
    """
    return {
        "cloudProvider": "aws",
        "awsRegion": args.location,
        "autoDiscovery": {"clusterName": args.cluster_name},
        "image": {"tag": f"v{args.kubernetes_version}.0"},
        "replicaCount": 2,
        "rbac": {"serviceAccount": {"create": True, "name": AUTOSCALER}},
        "extraArgs": {
            "balance-similar-node-groups": True,
            "max-total-unready-percentage": 100,
            "expander": "least-waste",
            "skip-nodes-with-system-pods": False,
            "skip-nodes-with-local-storage": False,
            "scan-interval": "10s",
            "max-node-provision-time": "15m",
            "scale-down-delay-after-add": "10m",
        },
        "resources": resources("100m", "512Mi"),
        "priorityClassName": CRITICAL,
        "podDisruptionBudget": {"maxUnavailable": 1},
        "topologySpreadConstraints": spread({"app.kubernetes.io/instance": AUTOSCALER}),
        "containerSecurityContext": restricted_container(),
        "serviceMonitor": {"enabled": True, "namespace": KUBE_SYSTEM, "interval": "30s"},
    }


def addons(args: AddonsArgs) -> list[Addon]:
    """The releases that only AWS needs."""
    return [
        Addon(CONTROLLER, LOAD_BALANCER_CONTROLLER, KUBE_SYSTEM, load_balancer_controller(args)),
        Addon(
            AUTOSCALER,
            CLUSTER_AUTOSCALER,
            KUBE_SYSTEM,
            cluster_autoscaler(args),
            after=("kube-prometheus-stack",),
        ),
    ]


def identities(name: str, args: AddonsArgs, parent: pulumi.Resource) -> dict[str, PodIdentity]:
    """The identities by the release whose pods use them."""
    wanted = {
        CONTROLLER: (KUBE_SYSTEM, CONTROLLER, load_balancer_policy(args.cluster_name)),
        AUTOSCALER: (
            KUBE_SYSTEM,
            AUTOSCALER,
            autoscaler_policy(args.cluster_name, args.location, args.account),
        ),
        VELERO: (VELERO, VELERO_SERVICE_ACCOUNT, velero_policy(args.velero)),
    }
    return {
        release: PodIdentity(
            f"{name}-{release}-identity",
            PodIdentityArgs(
                cluster_name=args.cluster_name,
                account=args.account,
                location=args.location,
                namespace=namespace,
                service_account=service_account,
                statements=statements,
                tags=args.tags,
            ),
            pulumi.ResourceOptions(parent=parent, depends_on=list(args.after)),
        )
        for release, (namespace, service_account, statements) in wanted.items()
    }
