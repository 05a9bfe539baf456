"""The charts, each at one published version."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Chart:
    """A chart as its repository publishes it."""

    name: str
    version: str
    repository: str


_ISTIO = "https://istio-release.storage.googleapis.com/charts"
_ISTIO_VERSION = "1.31.1"
_PROMETHEUS = "https://prometheus-community.github.io/helm-charts"

ISTIO_BASE = Chart("base", _ISTIO_VERSION, _ISTIO)
ISTIO_CNI = Chart("cni", _ISTIO_VERSION, _ISTIO)
ISTIOD = Chart("istiod", _ISTIO_VERSION, _ISTIO)
ISTIO_GATEWAY = Chart("gateway", _ISTIO_VERSION, _ISTIO)
VELERO = Chart("velero", "12.0.0", "https://vmware-tanzu.github.io/helm-charts")
KUBE_PROMETHEUS_STACK = Chart("kube-prometheus-stack", "87.11.0", _PROMETHEUS)
BLACKBOX_EXPORTER = Chart("prometheus-blackbox-exporter", "11.7.0", _PROMETHEUS)
ARGO_EVENTS = Chart("argo-events", "2.4.16", "https://argoproj.github.io/argo-helm")
NVIDIA_DEVICE_PLUGIN = Chart("nvidia-device-plugin", "0.17.1", "https://nvidia.github.io/k8s-device-plugin")
DCGM_EXPORTER = Chart("dcgm-exporter", "4.8.3", "https://nvidia.github.io/dcgm-exporter/helm-charts")
LOAD_BALANCER_CONTROLLER = Chart("aws-load-balancer-controller", "3.6.0", "https://aws.github.io/eks-charts")
CLUSTER_AUTOSCALER = Chart("cluster-autoscaler", "9.59.1", "https://kubernetes.github.io/autoscaler")
DESCHEDULER = Chart("descheduler", "0.35.0", "https://kubernetes-sigs.github.io/descheduler")


@dataclass(frozen=True)
class Addon:
    """One release: what is installed where, with which values, after which others.

    ``release`` is the release's name and its short name in the stack; ``after`` names other releases.
    ``values`` may hold outputs. ``timeout`` is in seconds.
    """

    release: str
    chart: Chart
    namespace: str
    values: dict[str, Any]
    after: tuple[str, ...] = field(default=())
    timeout: int = 600
