"""The sandbox's `kubernetes` provider: pulumi_kubernetes' resources on a real API server."""

from __future__ import annotations

from sandbox.providers.kubernetes.provider import KubernetesProvider

__all__ = ["KubernetesProvider"]
