"""Who may speak with whom in the mesh, and what a peer may read here."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from components.mesh.args import (
    APP_LABELS,
    INGRESS,
    ISTIO_SYSTEM,
    READER,
    SERVICE_PORT,
    SERVING,
)
from components.shared.labels import labels

_SECURITY = "security.istio.io/v1"
_RBAC = "rbac.authorization.k8s.io/v1"
_RBAC_GROUP = "rbac.authorization.k8s.io"
_TRUST_DOMAIN = "cluster.local"
MESH_CONFIG = "istio"
"""The ConfigMap in which istiod keeps the mesh's configuration."""


def encoded(text: str) -> str:
    """A value of a Secret's ``data``."""
    return base64.b64encode(text.encode()).decode()


def cacerts(files: Mapping[str, Any]) -> dict[str, Any]:
    """Secret ``cacerts``, which istiod mounts by this name; ``files`` are base64.

    Source: https://istio.io/latest/docs/tasks/security/cert-management/plugin-ca-cert/
    """
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "cacerts", "namespace": ISTIO_SYSTEM, "labels": labels("cacerts", "mesh")},
        "type": "Opaque",
        "data": dict(files),
    }


def strict_mtls() -> dict[str, Any]:
    """Mesh-wide, because it stands in the root namespace and selects nothing."""
    return {
        "apiVersion": _SECURITY,
        "kind": "PeerAuthentication",
        "metadata": {"name": "default", "namespace": ISTIO_SYSTEM, "labels": labels("default", "mesh")},
        "spec": {"mtls": {"mode": "STRICT"}},
    }


def deny_by_default() -> dict[str, Any]:
    """An allowing policy with no rule allows nothing.

    Source: https://istio.io/latest/docs/concepts/security/#allow-nothing-deny-all-and-allow-all-policy
    """
    name = "default-deny"
    return {
        "apiVersion": _SECURITY,
        "kind": "AuthorizationPolicy",
        "metadata": {"name": name, "namespace": SERVING, "labels": labels(name, "mesh")},
        "spec": {"action": "ALLOW"},
    }


def callers() -> dict[str, Any]:
    """Only an ingress gateway may call the service: this region's, or a peer's.

    All regions share one trust domain, and an east-west gateway lets mTLS through unopened: a peer's
    ingress gateway arrives with its own identity, which is written as this region's is. Prometheus reads
    merged metrics from the agent's port, which no policy of the proxy touches.
    """
    name = "inference-callers"
    principal = f"{_TRUST_DOMAIN}/ns/{ISTIO_SYSTEM}/sa/{INGRESS}"
    return {
        "apiVersion": _SECURITY,
        "kind": "AuthorizationPolicy",
        "metadata": {"name": name, "namespace": SERVING, "labels": labels(name, "mesh")},
        "spec": {
            "selector": {"matchLabels": dict(APP_LABELS)},
            "action": "ALLOW",
            "rules": [
                {
                    "from": [{"source": {"principals": [principal]}}],
                    "to": [{"operation": {"ports": [str(SERVICE_PORT)]}}],
                }
            ],
        },
    }


def _rule(group: str, *resources: str) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": list(resources), "verbs": ["get", "list", "watch"]}


def reader() -> dict[str, dict[str, Any]]:
    """The account for peers' istiods: what service discovery needs, and no Secret anywhere.

    Istio's own reader may list every Secret of the cluster. It needs them for gateways that a remote control
    plane serves, and in this mesh each region has its own.
    """
    metadata = {"name": READER, "labels": labels(READER, "mesh")}
    inside = {**metadata, "namespace": ISTIO_SYSTEM}
    subjects = [{"kind": "ServiceAccount", "name": READER, "namespace": ISTIO_SYSTEM}]

    def binding(kind: str, meta: dict[str, Any]) -> dict[str, Any]:
        return {
            "apiVersion": _RBAC,
            "kind": f"{kind}Binding",
            "metadata": meta,
            "roleRef": {"apiGroup": _RBAC_GROUP, "kind": kind, "name": READER},
            "subjects": subjects,
        }

    return {
        "reader": {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": inside,
            "automountServiceAccountToken": False,
        },
        "reader-cluster-role": {
            "apiVersion": _RBAC,
            "kind": "ClusterRole",
            "metadata": metadata,
            "rules": [
                _rule("", "services", "pods", "nodes", "namespaces"),
                _rule("discovery.k8s.io", "endpointslices"),
                _rule("networking.istio.io", "workloadentries"),
                _rule("gateway.networking.k8s.io", "gateways"),
                _rule("apiextensions.k8s.io", "customresourcedefinitions"),
            ],
        },
        "reader-cluster-binding": binding("ClusterRole", metadata),
        "reader-role": {
            "apiVersion": _RBAC,
            "kind": "Role",
            "metadata": inside,
            "rules": [{**_rule("", "configmaps"), "resourceNames": [MESH_CONFIG]}],
        },
        "reader-binding": binding("Role", inside),
    }


def reader_token() -> dict[str, Any]:
    """A token without an end, which a peer's control plane can hold; Kubernetes fills it in.

    Source: https://kubernetes.io/docs/concepts/configuration/secret/#serviceaccount-token-secrets
    """
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": f"{READER}-token",
            "namespace": ISTIO_SYSTEM,
            "labels": labels(READER, "mesh"),
            "annotations": {"kubernetes.io/service-account.name": READER},
        },
        "type": "kubernetes.io/service-account-token",
    }


def remote_kubeconfig(cluster: str, endpoint: str, ca: str, token: str) -> str:
    """How istiod reaches a peer's API server, in the form of ``istioctl create-remote-secret``.

    JSON is YAML, and stable. ``ca`` is base64 PEM: the server's certificate is always verified.
    """
    if not endpoint.startswith("https://") or not ca or not token:
        raise ValueError(
            f"{cluster}: a remote secret needs an https endpoint, a certificate authority and a token; "
            "bring that region up once more"
        )
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": cluster, "cluster": {"server": endpoint, "certificate-authority-data": ca}}],
        "users": [{"name": cluster, "user": {"token": token}}],
        "contexts": [{"name": cluster, "context": {"cluster": cluster, "user": cluster}}],
        "current-context": cluster,
        "preferences": {},
    }
    return json.dumps(config, sort_keys=True)


def remote_secret(cluster: str, kubeconfig: Any) -> dict[str, Any]:
    """The Secret by which istiod joins a peer; ``kubeconfig`` is base64.

    Source: https://istio.io/latest/docs/setup/install/multicluster/multi-primary_multi-network/
    """
    name = f"istio-remote-secret-{cluster}"
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": ISTIO_SYSTEM,
            "labels": {**labels(name, "mesh"), "istio/multiCluster": "true"},
            "annotations": {"networking.istio.io/cluster": cluster},
        },
        "type": "Opaque",
        "data": {cluster: kubeconfig},
    }
