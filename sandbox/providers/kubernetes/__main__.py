"""`python -m sandbox.providers.kubernetes`: prints its port and serves until SIGTERM."""

from __future__ import annotations

from sandbox.providers.base import run
from sandbox.providers.kubernetes.provider import KubernetesProvider

if __name__ == "__main__":
    raise SystemExit(run(KubernetesProvider()))
