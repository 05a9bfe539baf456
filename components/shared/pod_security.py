"""What pods may do on their node: the Pod Security Standard "restricted", and a root that is only read.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
"""

from __future__ import annotations

from typing import Any


def restricted_pod(user: int, *, own_volumes: bool = False) -> dict[str, Any]:
    """A pod's ``securityContext``: it runs as ``user``, a group of the same number, and never as root.

    With ``own_volumes`` what the pod mounts belongs to that group too, so that it can be written.
    """
    return {
        "runAsNonRoot": True,
        "runAsUser": user,
        "runAsGroup": user,
        **({"fsGroup": user} if own_volumes else {}),
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def restricted_container() -> dict[str, Any]:
    """A container's ``securityContext``, within such a pod."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
