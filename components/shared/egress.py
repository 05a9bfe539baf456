"""Where pods that speak to a cloud may go, as rules of a NetworkPolicy."""

from __future__ import annotations

from typing import Any

POD_IDENTITY_AGENT = "169.254.170.23/32"
"""Where pods on EKS ask for their credentials.

Source: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html
"""


def to_clouds() -> dict[str, Any]:
    """TLS to anywhere but the node's own metadata: no store has addresses that a policy could name."""
    return {
        "to": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]}}],
        "ports": [{"port": 443, "protocol": "TCP"}],
    }


def to_pod_identity() -> dict[str, Any]:
    """The agent that hands out credentials of AWS."""
    return {"to": [{"ipBlock": {"cidr": POD_IDENTITY_AGENT}}], "ports": [{"port": 80, "protocol": "TCP"}]}
