"""Labels of Kubernetes objects, and the keys that components agree on."""

from __future__ import annotations

POOL_LABEL = "standfast.dev/pool"
"""On GPU nodes: the name of their pool."""

GPU_TAINT_KEY = "nvidia.com/gpu"
GPU_TAINT_VALUE = "present"
"""GPU nodes refuse what does not tolerate ``nvidia.com/gpu=present:NoSchedule``."""

GPU_RESOURCE = "nvidia.com/gpu"
"""The extended resource that the NVIDIA device plugin offers."""

ZONE_LABEL = "topology.kubernetes.io/zone"
REGION_LABEL = "topology.kubernetes.io/region"
HOSTNAME_LABEL = "kubernetes.io/hostname"
NETWORK_LABEL = "topology.istio.io/network"

BEFORE_ITS_PODS = {"pulumi.com/skipAwait": "true"}
"""Annotations of a Service that is made before its pods: Pulumi's provider would wait for endpoints first.

Source: https://www.pulumi.com/registry/packages/kubernetes/api-docs/core/v1/service/
"""


def labels(name: str, component: str, *, part_of: str = "standfast") -> dict[str, str]:
    """The recommended labels of one object.

    Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
    """
    return {
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/component": component,
        "app.kubernetes.io/part-of": part_of,
        "app.kubernetes.io/managed-by": "pulumi",
    }
