"""Values of the charts that move things: backups, events, GPUs, and pods that stand unevenly."""

from __future__ import annotations

from typing import Any

from components.addons.args import AddonsArgs
from components.addons.placement import CRITICAL, gpu_tolerations, on_gpu_nodes, resources, spread

VELERO_SERVICE_ACCOUNT = "velero-server"
VELERO_IMAGE_TAG = "v1.18.3"
DEFAULT_STORAGE_LOCATION = "default"
"""The location that schedules name; it is made with the backups, not by the chart."""

EVENT_BUS_VERSION = "2.10.29"
"""The version of JetStream that an EventBus names; the images behind it are pinned here."""

SPREAD_NAMESPACE = "ml-serving"
DESCHEDULING_INTERVAL = "1m"


def velero(plugin: dict[str, Any]) -> dict[str, Any]:
    """Server and node agent. Volumes are snapshotted by CSI and their data moved into the bucket.

    An EBS snapshot stays in its region, so a backup that is only a snapshot is lost with it. ``plugin`` is
    the init container that brings the cloud's object store.
    Source: https://velero.io/docs/main/csi-snapshot-data-movement/
    """
    return {
        "image": {"tag": VELERO_IMAGE_TAG},
        "initContainers": [plugin],
        "credentials": {"useSecret": False},
        "serviceAccount": {"server": {"create": True, "name": VELERO_SERVICE_ACCOUNT}},
        "backupsEnabled": False,
        "snapshotsEnabled": False,
        "deployNodeAgent": True,
        "configuration": {
            "features": "EnableCSI",
            "uploaderType": "kopia",
            "defaultSnapshotMoveData": True,
            "defaultBackupStorageLocation": DEFAULT_STORAGE_LOCATION,
            "backupSyncPeriod": "1m",
            "logFormat": "json",
        },
        "nodeAgent": {"tolerations": gpu_tolerations(), "resources": resources("100m", "1Gi")},
        "resources": resources("100m", "512Mi"),
        "priorityClassName": CRITICAL,
        "containerSecurityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        "metrics": {"serviceMonitor": {"enabled": True}, "nodeAgentPodMonitor": {"enabled": True}},
    }


def argo_events() -> dict[str, Any]:
    """The controller of event buses, sources and sensors; it elects a leader among its replicas.

    The chart's own JetStream entry names ``latest`` for every image.
    """
    return {
        "crds": {"install": True, "keep": False},
        "controller": {
            "replicas": 2,
            "resources": resources("50m", "128Mi"),
            "priorityClassName": CRITICAL,
            "topologySpreadConstraints": spread({"app.kubernetes.io/component": "controller-manager"}),
            "containerSecurityContext": {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
                "runAsNonRoot": True,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "metrics": {"enabled": True, "serviceMonitor": {"enabled": True}},
        },
        "configs": {
            "jetstream": {
                "versions": [
                    {
                        "version": EVENT_BUS_VERSION,
                        "natsImage": f"nats:{EVENT_BUS_VERSION}",
                        "metricsExporterImage": "natsio/prometheus-nats-exporter:0.16.0",
                        "configReloaderImage": "natsio/nats-server-config-reloader:0.16.0",
                        "startCommand": "/nats-server",
                    }
                ]
            }
        },
    }


def nvidia_device_plugin(args: AddonsArgs) -> dict[str, Any]:
    """Offers the GPUs of a node; the chart's own affinity asks for labels that only its discovery sets."""
    return {
        "affinity": on_gpu_nodes(args.pool_names),
        "tolerations": gpu_tolerations(),
        "gfd": {"enabled": False},
        "priorityClassName": "system-node-critical",
    }


def dcgm_exporter(args: AddonsArgs) -> dict[str, Any]:
    """Metrics of the GPUs, for alerts on those that fail."""
    return {
        "affinity": on_gpu_nodes(args.pool_names),
        "tolerations": gpu_tolerations(),
        "serviceMonitor": {"enabled": True, "interval": "30s"},
    }


def descheduler_policy() -> dict[str, Any]:
    """Brings the spread over zones back when a lost zone has returned, and does nothing else.

    The scheduler only places pods, it moves none: after a return the zone stays empty until the next
    rollout. Evictions go through the API, which holds them to the disruption budget; ``nodeFit`` keeps a
    pod where it is when no other node could take it. A sidecar brings emptyDir volumes, which would
    protect every pod of the mesh.
    Source: https://github.com/kubernetes-sigs/descheduler#removepodsviolatingtopologyspreadconstraint
    """
    plugin = "RemovePodsViolatingTopologySpreadConstraint"
    return {
        "profiles": [
            {
                "name": "spread",
                "pluginConfig": [
                    {
                        "name": "DefaultEvictor",
                        "args": {
                            "nodeFit": True,
                            "podProtections": {"defaultDisabled": ["PodsWithLocalStorage"]},
                        },
                    },
                    {
                        "name": plugin,
                        "args": {
                            "namespaces": {"include": [SPREAD_NAMESPACE]},
                            "constraints": ["DoNotSchedule", "ScheduleAnyway"],
                        },
                    },
                ],
                "plugins": {"balance": {"enabled": [plugin]}},
            }
        ]
    }


def descheduler() -> dict[str, Any]:
    """Always running, because a returned zone should not wait for a cron job's turn."""
    return {
        "kind": "Deployment",
        "replicas": 2,
        "leaderElection": {"enabled": True},
        "deschedulingInterval": DESCHEDULING_INTERVAL,
        "deschedulerPolicyAPIVersion": "descheduler/v1alpha2",
        "deschedulerPolicy": descheduler_policy(),
        "resources": resources("50m", "128Mi"),
        "priorityClassName": CRITICAL,
        "topologySpreadConstraints": spread({"app.kubernetes.io/name": "descheduler"}),
    }
