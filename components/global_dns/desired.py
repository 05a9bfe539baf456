"""The numbers of failover by name, and what they add up to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

READY_PATH = "/v2/health/ready"
"""The readiness probe of the inference service: a region that answers here can serve models."""


@dataclass(frozen=True)
class Probing:
    """How a region is found dead, and how long a name is remembered.

    Route 53 takes intervals of 10 s and 30 s. ``ttl`` counts from the last answer that a resolver got.
    Sources: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html,
    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/best-practices-dns.html
    """

    port: int = 443
    path: str = READY_PATH
    interval: timedelta = timedelta(seconds=10)
    failures: int = 3
    ttl: timedelta = timedelta(seconds=30)

    @property
    def recovery_floor(self) -> timedelta:
        """The least that a lost region costs its clients: as many probes as it takes, and the TTL."""
        return self.interval * self.failures + self.ttl


PROBING = Probing()


def seconds(duration: timedelta) -> int:
    """Whole seconds, as DNS and health checks count."""
    return int(duration.total_seconds())
