"""https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/health-checks-creating-values.html"""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Resource, ResourceRule, Severity
from ..values import UNKNOWN, at, differs, number

INTERVAL, THRESHOLD = 10, 3


def _check(resource: Resource) -> Iterator[str]:
    props = resource.props
    kind = at(props, "type")
    if kind in {"CALCULATED", "CLOUDWATCH_METRIC", "RECOVERY_CONTROL"}:
        return
    if differs(kind, "HTTPS"):
        yield f"{resource.title} asks by {kind}: a port that answers is no model that does"
    if (
        differs(number(at(props, "requestInterval")), INTERVAL)
        and at(props, "requestInterval") is not UNKNOWN
    ):
        yield f"{resource.title} asks every {at(props, 'requestInterval') or 30} s, not every {INTERVAL}"
    threshold = number(at(props, "failureThreshold"))
    if at(props, "failureThreshold") is not UNKNOWN and (threshold or 3) > THRESHOLD:
        yield f"{resource.title} needs {threshold:g} failures in a row, not {THRESHOLD}"
    path = at(props, "resourcePath")
    if path is not UNKNOWN and not str(path or "").rstrip("/").endswith("/ready"):
        yield f"{resource.title} asks {path or '/'}, which says nothing about the model"
    if at(props, "disabled") is True or at(props, "invertHealthcheck") is True:
        yield (
            f"{resource.title} is switched off or inverted: forcing DNS is for an emergency, not for "
            "the program"
        )
    if at(props, "enableSni") is False:
        yield f"{resource.title} asks without SNI, and gets another certificate"


RULE = ResourceRule(
    id="dns-health-check-quick",
    severity=Severity.HIGH,
    title="A region's health check asks for the model's readiness every 10 s, three times",
    reason="Detection is interval times threshold: 30 s of the 75 s in which clients must be served again.",
    remedy="HTTPS on /v2/health/ready with requestInterval 10 and failureThreshold 3.",
    kinds=frozenset({"aws:route53/healthCheck:HealthCheck"}),
    check=_check,
)
