"""Values of Istio's charts: one primary of a mesh that spans regions on different networks.

Source: https://istio.io/latest/docs/setup/install/multicluster/multi-primary_multi-network/ and the charts'
own values files.
"""

from __future__ import annotations

import json
from typing import Any

from components.addons.args import AddonsArgs
from components.addons.placement import CRITICAL, resources, spread

TRUST_DOMAIN = "cluster.local"
"""The same in all regions: an identity means the same wherever the pod runs."""

_SECCOMP = {"type": "RuntimeDefault"}


def replicas(zones: int) -> int:
    """Replicas of what traffic depends on: one for each zone, as far as that helps."""
    return min(max(zones, 2), 3)


def base() -> dict[str, Any]:
    """CRDs. The chart's reader account may read every Secret of the cluster; ours, in the mesh, may not."""
    return {"global": {"enableReaderRBAC": False}, "defaultRevision": "default"}


def cni() -> dict[str, Any]:
    """Sets up the pods' traffic redirection from the node, so that pods themselves need no privileges."""
    return {"resources": {"requests": {"cpu": "50m", "memory": "100Mi"}}, "seccompProfile": _SECCOMP}


def mesh_config() -> dict[str, Any]:
    """What holds for every proxy: mTLS by itself, nothing out of the mesh that is not declared, JSON logs."""
    return {
        "trustDomain": TRUST_DOMAIN,
        "enableAutoMtls": True,
        "enablePrometheusMerge": True,
        "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"},
        "accessLogFile": "/dev/stdout",
        "accessLogEncoding": "JSON",
        "defaultConfig": {"holdApplicationUntilProxyStarts": True},
    }


def istiod(args: AddonsArgs) -> dict[str, Any]:
    """The control plane: one for each zone, and able to start while a peer's API server does not answer."""
    count = replicas(len(args.zones))
    return {
        "autoscaleEnabled": True,
        "autoscaleMin": count,
        "autoscaleMax": count + 2,
        "rollingMaxSurge": "100%",
        "rollingMaxUnavailable": "25%",
        "resources": resources("200m", "1Gi"),
        "seccompProfile": _SECCOMP,
        "topologySpreadConstraints": spread({"app": "istiod"}),
        "cni": {"enabled": True},
        "env": {
            # istiod is not ready until remote clusters have synced or this has passed: a survivor that
            # restarts while its peer is gone must not wait longer. A peer's Secrets never sync, because its
            # reader account cannot list them; its endpoints do. The switch that spares the attempt
            # (PILOT_ENABLE_REMOTE_CREDENTIALS_CONTROLLER=false) ends istiod with a nil dereference as soon
            # as a peer has joined, as measured in the sandbox.
            "PILOT_REMOTE_CLUSTER_TIMEOUT": "10s",
        },
        "pdb": {"minAvailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow"},
        "gateways": {"seccompProfile": _SECCOMP},
        "meshConfig": mesh_config(),
        "global": {
            # Read by the chart's templates alone, as in the chart of the CRDs.
            "enableReaderRBAC": False,
            "meshID": args.mesh_id,
            "multiCluster": {"clusterName": args.cluster_name},
            "network": args.network,
            "defaultPodDisruptionBudget": {"enabled": True},
            "priorityClassName": CRITICAL,
            "logAsJson": True,
            "networkPolicy": {"enabled": True},
            "proxy": {"resources": resources("100m", "256Mi"), "seccompProfile": _SECCOMP},
        },
    }


def gateway(args: AddonsArgs, release: str) -> dict[str, Any]:
    """A gateway without a Service: the mesh makes that itself, with the cloud's annotations on it."""
    count = replicas(len(args.zones))
    return {
        "service": {"type": "None"},
        "autoscaling": {
            "enabled": True,
            "minReplicas": count,
            "maxReplicas": 4 * count,
            "targetCPUUtilizationPercentage": 60,
        },
        "podDisruptionBudget": {"maxUnavailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow"},
        # All listeners are above 1024, so that the sysctl of the chart's default is not needed.
        "securityContext": {"seccompProfile": _SECCOMP},
        "resources": resources("200m", "512Mi"),
        "topologySpreadConstraints": spread({"app": release}),
        "priorityClassName": CRITICAL,
        # A load balancer goes on sending new connections to a target for a while after it was taken out.
        "podAnnotations": {"proxy.istio.io/config": json.dumps({"terminationDrainDuration": "75s"})},
        "terminationGracePeriodSeconds": 90,
    }


def east_west_gateway(args: AddonsArgs, release: str) -> dict[str, Any]:
    """The gateway through which peers reach this region's pods: it sees the network by its labels."""
    return {**gateway(args, release), "networkGateway": args.network}
