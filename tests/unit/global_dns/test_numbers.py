"""What a health check asks."""

from __future__ import annotations

from components.global_dns.desired import PORT, READY_PATH


def test_the_probe_is_the_lessons_readiness() -> None:
    assert (PORT, READY_PATH) == (443, "/v2/health/ready")
