"""What one region's inference service consists of, as manifests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.inference import volume_aws
from components.inference.args import (
    APP_LABELS,
    BACKUP_LABELS,
    NAMESPACE,
    PDB,
    PORT,
    SERVICE,
    InferenceArgs,
)
from components.inference.workload import deployment
from components.shared import egress
from components.shared.labels import BEFORE_ITS_PODS, labels
from config.platform import Cloud
from config.region import ReadsFrom

_VOLUMES = {Cloud.AWS: (volume_aws.volume, volume_aws.claim)}
_METRICS_PORT = 15020
_PRIORITY = 1_000_000


def namespace() -> dict[str, Any]:
    """``ml-serving``: Pod Security Standard "restricted", in the mesh.

    "restricted" refuses the capabilities of Istio's own init container: the mesh must run its CNI plugin.
    Source: https://istio.io/latest/docs/setup/additional-setup/pod-security-admission/
    """
    modes = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": NAMESPACE,
            "labels": {**labels(NAMESPACE, "inference"), "istio-injection": "enabled", **modes},
        },
    }


def service() -> dict[str, Any]:
    """``inference-service``: reached through the mesh gateway alone.

    A load balancer of its own, as in the lesson, would go round the gateway's mTLS, retries and failover.
    ``topology-mode: Auto`` is left out: Envoy takes endpoints from istiod and knows no hints, the localities
    of the DestinationRule decide; for all else hints would keep callers in a zone whose pods are gone.
    Source: https://istio.io/latest/docs/tasks/traffic-management/locality-load-balancing/
    """
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {**_metadata(SERVICE), "annotations": dict(BEFORE_ITS_PODS)},
        "spec": {
            "type": "ClusterIP",
            "selector": dict(APP_LABELS),
            "ports": [
                {
                    "name": "http",
                    "appProtocol": "http",
                    "protocol": "TCP",
                    "port": PORT,
                    "targetPort": PORT,
                }
            ],
        },
    }


def disruption_budget(args: InferenceArgs) -> dict[str, Any]:
    """``inference-pdb``: guards pods that serve.

    A pod that is not ready guards nothing: it may always be evicted, or the pods of a lost zone would hold
    back the drain of their own nodes.
    Source: https://kubernetes.io/docs/tasks/run-application/configure-pdb/#unhealthy-pod-eviction-policy
    """
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": _metadata(PDB),
        "spec": {
            "minAvailable": args.inference.min_available,
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": dict(APP_LABELS)},
        },
    }


def autoscaler(args: InferenceArgs) -> dict[str, Any]:
    """The HPA: from the steady size to the size that carries a lost peer as well.

    Failover raises ``minReplicas``; the floor holds without any metric, so a metrics pipeline that is down
    with the peer does not matter. Load is measured on the server alone: the sidecar's share would dilute it.
    """
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": _metadata(SERVICE),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": SERVICE},
            "minReplicas": args.inference.replicas,
            "maxReplicas": args.inference.peak_replicas,
            "metrics": [
                {
                    "type": "ContainerResource",
                    "containerResource": {
                        "name": "cpu",
                        "container": "inference",
                        "target": {"type": "Utilization", "averageUtilization": 70},
                    },
                }
            ],
            "behavior": {
                "scaleUp": {
                    "stabilizationWindowSeconds": 0,
                    "selectPolicy": "Max",
                    "policies": [
                        {"type": "Percent", "value": 100, "periodSeconds": 15},
                        {"type": "Pods", "value": 4, "periodSeconds": 15},
                    ],
                },
                "scaleDown": {
                    "stabilizationWindowSeconds": 600,
                    "selectPolicy": "Max",
                    "policies": [
                        {"type": "Percent", "value": 10, "periodSeconds": 60},
                        {"type": "Pods", "value": 1, "periodSeconds": 60},
                    ],
                },
            },
        },
    }


def priority_class() -> dict[str, Any]:
    """Above all but the system: when GPUs are short in the zones that are left, serving takes them."""
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": SERVICE, "labels": labels(SERVICE, "inference")},
        "value": _PRIORITY,
        "globalDefault": False,
        "preemptionPolicy": "PreemptLowerPriority",
        "description": "Inference that clients wait for; it may take a GPU from training.",
    }


def service_account() -> dict[str, Any]:
    """The pods' identity in the mesh; they never ask the Kubernetes API."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": _metadata(SERVICE),
        "automountServiceAccountToken": False,
    }


def _from(namespace_name: str, pods: dict[str, str] | None = None) -> dict[str, Any]:
    peer: dict[str, Any] = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace_name}}
    }
    return {**peer, "podSelector": {"matchLabels": pods}} if pods else peer


def default_deny() -> dict[str, Any]:
    """Nothing in, nothing out but names: every pod in the namespace says itself what it needs."""
    return _policy(
        "default-deny",
        {},
        ingress=[],
        egress=[
            {
                "to": [_from("kube-system", {"k8s-app": "kube-dns"})],
                "ports": [_port(53, "UDP"), _port(53, "TCP")],
            }
        ],
    )


def allowed(args: InferenceArgs) -> dict[str, Any]:
    """The gateways come in, Prometheus reads merged metrics, the sidecar speaks with istiod.

    The kubelet's probes come from the pod's own node, which every policy engine lets in. Models arrive
    through the node's driver, not through the pod's network, unless the pod fetches them from the copy.
    """
    copy = [] if args.copy is None else [egress.to_clouds()]
    return _policy(
        SERVICE,
        dict(APP_LABELS),
        ingress=[
            {"from": [_from("istio-system")], "ports": [_port(PORT)]},
            {
                "from": [_from("monitoring", {"app.kubernetes.io/name": "prometheus"})],
                "ports": [_port(_METRICS_PORT)],
            },
        ],
        egress=[{"to": [_from("istio-system", {"app": "istiod"})], "ports": [_port(15012)]}, *copy],
    )


def manifests(args: InferenceArgs) -> Mapping[str, dict[str, Any]]:
    """All objects by the short name that they have in the stack, the namespace first.

    Volume and claim bear the name of a source that is not the region's own; with the copy there are none.
    """
    volume, claim = _VOLUMES[args.cloud]
    suffix = "" if args.reads_from is ReadsFrom.OWN else f"-{args.reads_from}"
    mounted = {} if args.copy else {f"volume{suffix}": volume(args), f"claim{suffix}": claim(args)}
    return {
        "namespace": namespace(),
        "priority": priority_class(),
        "account": service_account(),
        "default-deny": default_deny(),
        "allowed": allowed(args),
        **mounted,
        "service": service(),
        "pdb": disruption_budget(args),
        "deployment": deployment(args),
        "autoscaler": autoscaler(args),
    }


def _metadata(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "namespace": NAMESPACE,
        "labels": {**labels(name, "inference"), **APP_LABELS, **BACKUP_LABELS},
    }


def _port(number: int, protocol: str = "TCP") -> dict[str, Any]:
    return {"port": number, "protocol": protocol}


def _policy(
    name: str, pods: dict[str, str], *, ingress: list[dict[str, Any]], egress: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels(name, "inference")},
        "spec": {
            "podSelector": {"matchLabels": pods} if pods else {},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": ingress,
            "egress": egress,
        },
    }
