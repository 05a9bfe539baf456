"""https://istio.io/latest/docs/tasks/traffic-management/locality-load-balancing/failover/"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from ..model import Resource, ResourceRule, Severity
from ..schedules import duration
from ..values import UNKNOWN, absent, at, mapping, number, sequence, walk

SLOWEST = timedelta(seconds=3)
"""Errors end within 10 s of a zone's loss: an interval for each of three sweeps, and a second to spare."""


def _check(resource: Resource) -> Iterator[str]:
    subsets = [at(subset, "trafficPolicy") for subset in sequence(at(resource.props, "spec", "subsets"))]
    for policy in [at(resource.props, "spec", "trafficPolicy"), *subsets]:
        ports = sequence(at(policy, "portLevelSettings"))
        for settings in map(mapping, [policy, *ports]):
            locality = at(settings, "loadBalancer", "localityLbSetting")
            if absent(locality) or locality is UNKNOWN or at(locality, "enabled") is False:
                continue
            for said in _faults(at(settings, "outlierDetection")):
                yield f"{resource.title}: {said}"


def _faults(outlier: object) -> Iterator[str]:
    if absent(outlier):
        yield "locality failover without outlierDetection never happens"
        return
    if any(value is UNKNOWN for _, value in walk(outlier)):
        return
    share = number(at(outlier, "maxEjectionPercent"))
    if (10 if share is None else share) < 100:
        yield (
            f"only {share or 10:g} % of the hosts may be ejected: the rest of a dead zone or region "
            "stays in rotation"
        )
    if (number(at(outlier, "minHealthPercent")) or 0) > 0:
        yield "minHealthPercent above 0 brings dead hosts back when most are dead"
    if not any(number(at(outlier, key)) for key in ("consecutive5xxErrors", "consecutiveGatewayErrors")):
        yield "nothing counts as an error (consecutive5xxErrors is 0 or not set)"
    interval = duration(at(outlier, "interval")) or timedelta(seconds=10)
    if interval > SLOWEST:
        yield f"dead hosts are looked for every {interval.total_seconds():g} s, {SLOWEST.seconds} s at most"


RULE = ResourceRule(
    id="outlier-detection",
    severity=Severity.CRITICAL,
    title="Locality failover has outlier detection that can eject a whole zone",
    reason="Without it Istio ignores the failover; at 50 % Envoy keeps sending most traffic to the dead "
    "half.",
    remedy="outlierDetection with consecutive5xxErrors 3, interval 1s, maxEjectionPercent 100 and "
    "minHealthPercent 0.",
    kinds=frozenset({"DestinationRule"}),
    check=_check,
)
