"""The Deployment: where its pods may run, what they may do, and how they come and go."""

from __future__ import annotations

import json
from typing import Any

from components.inference import copy_gcs
from components.inference.args import (
    APP_LABELS,
    BACKUP_LABELS,
    MODELS_PATH,
    NAMESPACE,
    PORT,
    SERVICE,
    InferenceArgs,
)
from components.inference.volume_aws import cache_size, claim_name
from components.shared.labels import (
    GPU_RESOURCE,
    GPU_TAINT_KEY,
    HOSTNAME_LABEL,
    POOL_LABEL,
    ZONE_LABEL,
    labels,
)
from components.shared.pod_security import restricted_container, restricted_pod
from config.timings import (
    IMAGE_PULL,
    NODE_START,
    PATIENT_LOAD_BYTES_PER_SECOND,
    READINESS_DELAY,
    READINESS_PERIOD,
    TOLERATION,
    seconds,
)

_LOAD_FLOOR_SECONDS = 300
_STARTUP_PERIOD = 10
_DRAIN_SECONDS = 15
_GRACE_SECONDS = 60
_USER = 1000


def load_seconds(model_size: int) -> int:
    """Seconds that a first load of ``model_size`` bytes may take before it counts as hung."""
    return max(_LOAD_FLOOR_SECONDS, -(-model_size // PATIENT_LOAD_BYTES_PER_SECOND))


def progress_deadline_seconds(model_size: int, loads: int = 1) -> int:
    """Seconds without one more ready pod after which a rollout has failed: a node, its image and its loads.

    A pod that reads the copy loads twice: to its disk, and from there.
    """
    return loads * load_seconds(model_size) + seconds(NODE_START + IMAGE_PULL)


def loads(args: InferenceArgs) -> int:
    """How often a pod moves all models before it is ready."""
    return 1 if args.copy is None else 2


def _storage(args: InferenceArgs, gib: int) -> str:
    """``gib`` for the server itself; models that are on the pod's own disk come on top of it."""
    models = 0 if args.copy is None else int(cache_size(args.model_size).removesuffix("Gi"))
    return f"{gib + models}Gi"


def spread() -> dict[str, Any]:
    """Even over zones, counting only the zones that can still take a pod.

    By default a tainted node's zone counts as a domain: with a zone lost its count stays at zero, so that
    no other zone may take more than ``maxSkew`` pods and every replacement is Pending for ever.
    Each rollout is spread by itself, or pods of the old one would push the new ones together.
    Source: https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/
    """
    return {
        "maxSkew": 1,
        "topologyKey": ZONE_LABEL,
        "whenUnsatisfiable": "DoNotSchedule",
        "nodeTaintsPolicy": "Honor",
        "nodeAffinityPolicy": "Honor",
        "matchLabelKeys": ["pod-template-hash"],
        "labelSelector": {"matchLabels": dict(APP_LABELS)},
    }


def tolerations() -> list[dict[str, Any]]:
    """GPU nodes' taint, and a short stay on a node that is lost.

    The effect stays NoExecute: tolerating the NoSchedule taint of a lost node too would make it a candidate,
    and count its zone in the spread again.
    """
    lost = [
        {
            "key": f"node.kubernetes.io/{condition}",
            "operator": "Exists",
            "effect": "NoExecute",
            "tolerationSeconds": seconds(TOLERATION),
        }
        for condition in ("unreachable", "not-ready")
    ]
    return [{"key": GPU_TAINT_KEY, "operator": "Exists", "effect": "NoSchedule"}, *lost]


def affinity(args: InferenceArgs) -> dict[str, Any]:
    """Only nodes of the GPU pools; apart from each other where that is possible."""
    return {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [
                    {
                        "matchExpressions": [
                            {"key": POOL_LABEL, "operator": "In", "values": sorted(args.pool_names)}
                        ]
                    }
                ]
            }
        },
        "podAntiAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {
                    "weight": 100,
                    "podAffinityTerm": {
                        "labelSelector": {"matchLabels": dict(APP_LABELS)},
                        "topologyKey": HOSTNAME_LABEL,
                    },
                }
            ]
        },
    }


def _probe(path: str, initial: int, period: int, **more: int) -> dict[str, Any]:
    return {
        "httpGet": {"path": path, "port": PORT},
        "initialDelaySeconds": initial,
        "periodSeconds": period,
        **more,
    }


def container(args: InferenceArgs) -> dict[str, Any]:
    """The server. Readiness and liveness have the lesson's numbers and begin when the models are loaded."""
    return {
        "name": "inference",
        "image": args.inference.image,
        "ports": [{"name": "http", "containerPort": PORT}],
        "env": [{"name": "MODEL_REPOSITORY", "value": MODELS_PATH}],
        "resources": {
            "requests": {"cpu": "2", "memory": "8Gi", "ephemeral-storage": _storage(args, 1)},
            "limits": {"memory": "12Gi", "ephemeral-storage": _storage(args, 4), GPU_RESOURCE: 1},
        },
        "startupProbe": {
            "httpGet": {"path": "/v2/health/live", "port": PORT},
            "periodSeconds": _STARTUP_PERIOD,
            "failureThreshold": -(-load_seconds(args.model_size) // _STARTUP_PERIOD),
        },
        "readinessProbe": _probe("/v2/health/ready", seconds(READINESS_DELAY), seconds(READINESS_PERIOD)),
        "livenessProbe": _probe("/v2/health/live", 60, 15),
        # Endpoints and Envoys need a moment to learn that the pod is leaving; an image without a shell can
        # sleep too, because the kubelet does it.
        "lifecycle": {"preStop": {"sleep": {"seconds": _DRAIN_SECONDS}}},
        "securityContext": restricted_container(),
        "volumeMounts": [
            {"name": "models", "mountPath": MODELS_PATH, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - a path inside the container
            {"name": "shm", "mountPath": "/dev/shm"},  # noqa: S108 - a path inside the container
        ],
    }


def pod_spec(args: InferenceArgs) -> dict[str, Any]:
    """The pod, within Pod Security Standard "restricted"."""
    fetched: dict[str, Any] = {}
    models = [
        {"name": "models", "persistentVolumeClaim": {"claimName": claim_name(args), "readOnly": True}},
    ]
    if args.copy is not None:
        fetched = {"initContainers": [copy_gcs.fetcher(args.copy)]}
        models = copy_gcs.volumes(args.copy, args.model_size)
    return {
        **fetched,
        "serviceAccountName": SERVICE,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "priorityClassName": SERVICE,
        "terminationGracePeriodSeconds": _GRACE_SECONDS,
        "securityContext": restricted_pod(_USER),
        "topologySpreadConstraints": [spread()],
        "affinity": affinity(args),
        "tolerations": tolerations(),
        "containers": [container(args)],
        "volumes": [
            *models,
            {"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}},
            {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}},
        ],
    }


def sidecar_annotations() -> dict[str, str]:
    """What the sidecar does for the pod.

    The agent scrapes the server beside it and serves both metrics merged on 15020, which is outside of the
    mesh's mTLS: so Prometheus needs no certificate and STRICT needs no exception on the service's port.
    Source: https://istio.io/latest/docs/ops/integrations/prometheus/#option-1-metrics-merging
    The drain of the sidecar outlasts the server's, or the last requests would lose their way.
    """
    return {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": str(PORT),
        "prometheus.io/path": "/metrics",
        "proxy.istio.io/config": json.dumps(
            {
                "holdApplicationUntilProxyStarts": True,
                "terminationDrainDuration": f"{_DRAIN_SECONDS + 15}s",
            }
        ),
    }


def deployment(args: InferenceArgs) -> dict[str, Any]:
    """``inference-service``, as Kubernetes runs it.

    A rollout never takes a ready pod away first. It may surge by a tenth (at least one pod): the warm GPUs
    that wait for a lost zone are at least a seventh of the replicas with up to eight zones.
    """
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": SERVICE,
            "namespace": NAMESPACE,
            "labels": {**labels(SERVICE, "inference"), **APP_LABELS, **BACKUP_LABELS},
        },
        "spec": {
            "replicas": args.inference.replicas,
            "selector": {"matchLabels": dict(APP_LABELS)},
            "progressDeadlineSeconds": progress_deadline_seconds(args.model_size, loads(args)),
            "revisionHistoryLimit": 5,
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "10%"},
            },
            "template": {
                "metadata": {
                    "labels": {**labels(SERVICE, "inference"), **APP_LABELS},
                    "annotations": sidecar_annotations(),
                },
                "spec": pod_spec(args),
            },
        },
    }
