"""When Route 53 holds an endpoint for healthy: pure.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
and https://docs.aws.amazon.com/Route53/latest/APIReference/API_HealthCheckConfig.html.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.dns.errors import RefusedError

CONNECT_SECONDS = 4.0
"""Within which an HTTP endpoint must take a connection."""
TCP_SECONDS = 10.0
"""The same for a check of type TCP."""
ANSWER_SECONDS = 2.0
"""Within which it must answer with 2xx or 3xx after that; and the searched body within as long again."""
SEARCHED_BYTES = 5120
QUORUM = 0.18
"""An endpoint is healthy while more than this share of the checkers say so."""

_TLS = ("HTTPS", "HTTPS_STR_MATCH")
_SEARCH = ("HTTP_STR_MATCH", "HTTPS_STR_MATCH")
_KNOWN = ("HTTP", "TCP", *_TLS, *_SEARCH)


@dataclass(frozen=True, kw_only=True)
class Check:
    """One health check. `interval` (seconds) lies between an answer and the next request of one checker."""

    id: str
    type: str
    fqdn: str
    address: str
    port: int
    path: str
    search: str
    interval: float
    threshold: int
    inverted: bool
    disabled: bool
    sni: bool

    @property
    def tls(self) -> bool:
        return self.type in _TLS

    @property
    def searches(self) -> bool:
        return self.type in _SEARCH


def check_of(answer: Mapping[str, Any]) -> Check:
    """A health check of a ListHealthChecks answer. RefusedError for those that watch no endpoint."""
    config = answer["HealthCheckConfig"]
    if config["Type"] not in _KNOWN:
        raise RefusedError(
            f"health check {answer['Id']} is of type {config['Type']}, which is not modelled here"
        )
    return Check(
        id=answer["Id"],
        type=config["Type"],
        fqdn=config.get("FullyQualifiedDomainName") or "",
        address=config.get("IPAddress") or "",
        port=int(config.get("Port") or 80),
        path=config.get("ResourcePath") or "/",
        search=config.get("SearchString") or "",
        interval=float(config.get("RequestInterval") or 30),
        threshold=int(config.get("FailureThreshold") or 3),
        inverted=bool(config.get("Inverted")),
        disabled=bool(config.get("Disabled")),
        sni=bool(config.get("EnableSNI")),
    )


@dataclass
class Opinion:
    """What one checker holds an endpoint for. It begins with healthy, and changes its mind after as many
    answers in a row that say otherwise as the check's threshold.
    """

    healthy: bool = True
    against: int = 0

    def observe(self, *, well: bool, threshold: int) -> None:
        self.against = 0 if well is self.healthy else self.against + 1
        if self.against >= threshold:
            self.healthy, self.against = well, 0


def verdict(check: Check, opinions: Sequence[bool]) -> bool:
    """Whether a check is healthy; a disabled one always is, unless it is inverted."""
    healthy = check.disabled or not opinions or sum(opinions) > QUORUM * len(opinions)
    return healthy is not check.inverted


def status_well(status: int) -> bool:
    """Whether an HTTP status passes."""
    return 200 <= status < 400
