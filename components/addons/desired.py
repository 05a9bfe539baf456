"""Which releases a region has, with which values, in which order."""

from __future__ import annotations

from components.addons import aws, charts
from components.addons import values_mesh as mesh
from components.addons import values_monitoring as monitoring
from components.addons import values_platform as platform
from components.addons.args import (
    ARGO_EVENTS,
    EAST_WEST_GATEWAY,
    INGRESS_GATEWAY,
    ISTIO_SYSTEM,
    KUBE_SYSTEM,
    MONITORING,
    VELERO,
    AddonsArgs,
)
from components.addons.charts import Addon

ISTIO_BASE = "istio-base"
ISTIO_CNI = "istio-cni"
ISTIOD = "istiod"
PROMETHEUS = "kube-prometheus-stack"
DESCHEDULER = "descheduler"


def _mesh(args: AddonsArgs) -> list[Addon]:
    # The injector of istiod makes the gateways' pods: without it they would ask for an image named "auto".
    return [
        Addon(ISTIO_BASE, charts.ISTIO_BASE, ISTIO_SYSTEM, mesh.base()),
        Addon(ISTIO_CNI, charts.ISTIO_CNI, KUBE_SYSTEM, mesh.cni(), after=(ISTIO_BASE,)),
        Addon(ISTIOD, charts.ISTIOD, ISTIO_SYSTEM, mesh.istiod(args), after=(ISTIO_BASE, ISTIO_CNI)),
        Addon(
            INGRESS_GATEWAY,
            charts.ISTIO_GATEWAY,
            ISTIO_SYSTEM,
            mesh.gateway(args, INGRESS_GATEWAY),
            after=(ISTIOD,),
        ),
        Addon(
            EAST_WEST_GATEWAY,
            charts.ISTIO_GATEWAY,
            ISTIO_SYSTEM,
            mesh.east_west_gateway(args, EAST_WEST_GATEWAY),
            after=(ISTIOD,),
        ),
    ]


def _platform(args: AddonsArgs) -> list[Addon]:
    # What has a ServiceMonitor in its chart comes after the chart that brings that kind.
    monitored = (PROMETHEUS,)
    return [
        Addon(
            PROMETHEUS,
            charts.KUBE_PROMETHEUS_STACK,
            MONITORING,
            monitoring.prometheus_stack(args, aws.STORAGE_CLASS),
            timeout=900,
        ),
        Addon(
            "prometheus-blackbox-exporter",
            charts.BLACKBOX_EXPORTER,
            MONITORING,
            monitoring.blackbox_exporter(),
            after=monitored,
        ),
        Addon(VELERO, charts.VELERO, VELERO, platform.velero(aws.velero_plugin()), after=monitored),
        Addon(ARGO_EVENTS, charts.ARGO_EVENTS, ARGO_EVENTS, platform.argo_events(), after=monitored),
        Addon(
            "nvidia-device-plugin",
            charts.NVIDIA_DEVICE_PLUGIN,
            KUBE_SYSTEM,
            platform.nvidia_device_plugin(args),
        ),
        Addon(
            "dcgm-exporter",
            charts.DCGM_EXPORTER,
            MONITORING,
            platform.dcgm_exporter(args),
            after=(*monitored, "nvidia-device-plugin"),
        ),
        Addon(DESCHEDULER, charts.DESCHEDULER, KUBE_SYSTEM, platform.descheduler()),
    ]


def addons(args: AddonsArgs) -> list[Addon]:
    """All releases of a region; each comes after those that it names."""
    return [*_mesh(args), *_platform(args), *aws.addons(args)]


def in_order(addons: list[Addon]) -> list[Addon]:
    """The same, with everything after what it waits for; a ValueError names what can never come."""
    placed: dict[str, Addon] = {}
    left = list(addons)
    while left:
        ready = [addon for addon in left if all(name in placed for name in addon.after)]
        if not ready:
            raise ValueError(f"add-ons that wait for each other: {', '.join(a.release for a in left)}")
        placed |= {addon.release: addon for addon in ready}
        left = [addon for addon in left if addon.release not in placed]
    return list(placed.values())
