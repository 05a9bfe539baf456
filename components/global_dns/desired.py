"""What a health check asks."""

from __future__ import annotations

READY_PATH = "/v2/health/ready"
"""The readiness probe of the inference service: a region that answers here can serve models."""

PORT = 443
"""Where clients ask as well."""
