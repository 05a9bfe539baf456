"""The namespaces of the add-ons, as manifests."""

from __future__ import annotations

from typing import Any

from components.addons.args import ARGO_EVENTS, ISTIO_SYSTEM, ML_TRAINING, MLFLOW, MONITORING, VELERO
from components.shared.labels import NETWORK_LABEL, labels

_LEVELS = {
    ISTIO_SYSTEM: "restricted",
    # The node agent reads pods' volumes under the kubelet's folder, as root.
    VELERO: "privileged",
    # The node exporter sees the host's processes, network and file systems.
    MONITORING: "privileged",
    # The pods of an event bus are made by its controller, without the fields that "restricted" asks for.
    ARGO_EVENTS: "baseline",
    MLFLOW: "baseline",
    ML_TRAINING: "baseline",
}
"""Pod Security Standard of each namespace: the strictest with which what runs there can start.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""


def namespace(name: str, level: str, extra: dict[str, str]) -> dict[str, Any]:
    """A namespace that enforces ``level`` and warns of whatever "restricted" would refuse."""
    warned = "restricted" if level == "baseline" else level
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": name,
            "labels": {
                **labels(name, "addons"),
                "pod-security.kubernetes.io/enforce": level,
                "pod-security.kubernetes.io/audit": warned,
                "pod-security.kubernetes.io/warn": warned,
                **extra,
            },
        },
    }


def namespaces(network: str) -> dict[str, dict[str, Any]]:
    """All of them by name.

    The network label on the control plane's namespace is the network of every pod of the cluster.
    Source: https://istio.io/latest/docs/setup/install/multicluster/multi-primary_multi-network/
    """
    extra = {ISTIO_SYSTEM: {NETWORK_LABEL: network}}
    return {name: namespace(name, level, extra.get(name, {})) for name, level in _LEVELS.items()}
