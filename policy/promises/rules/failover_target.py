"""https://istio.io/latest/docs/reference/config/networking/destination-rule/#LocalityLoadBalancerSetting-Failover"""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Finding, Promise, Severity, Stack, StackRule
from ..values import absent, at, known, sequence


def _check(stack: Stack) -> Iterator[Finding]:
    promise = stack.promise
    for name, region in promise.regions.items():
        if region.failover_to == name or region.failover_to not in promise.regions:
            yield Finding(f"region {name} fails over to {region.failover_to or 'nothing'}")
    for rule in stack.of("DestinationRule"):
        locality = at(rule.props, "spec", "trafficPolicy", "loadBalancer", "localityLbSetting")
        if absent(locality) or not known(locality):
            continue
        pairs = {
            at(pair, "from"): at(pair, "to") for pair in sequence(at(locality, "failover")) if known(pair)
        }
        for message in _faults(promise, pairs):
            yield Finding(f"{rule.title}: {message}", rule.urn)
    for sensor in stack.of("Sensor"):
        for watched in _watched(sensor.props):
            if watched == promise.region or (promise.regions and watched not in promise.regions):
                yield Finding(f"{sensor.title} waits for the loss of {watched}", sensor.urn)


def _faults(promise: Promise, pairs: dict[str, str]) -> Iterator[str]:
    known_places = promise.locations or frozenset(pairs)
    for source, target in pairs.items():
        if source == target:
            yield f"{source} fails over to itself"
        for place in {source, target} - known_places:
            yield f"{place} is no region of the platform: nothing runs there"
    wanted = {
        region.location: promise.regions[region.failover_to].location
        for region in promise.regions.values()
        if region.failover_to in promise.regions
    }
    for source, target in wanted.items():
        if pairs.get(source) != target:
            yield (
                f"{source} should fail over to {target}, and does to "
                f"{pairs.get(source, 'whichever is there')}"
            )


def _watched(props: object) -> Iterator[str]:
    for dependency in sequence(at(props, "spec", "dependencies")):
        for entry in sequence(at(dependency, "filters", "data")):
            if str(at(entry, "path")).endswith("labels.region"):
                for value in sequence(at(entry, "value")):
                    yield from str(value).strip("^$()").split("|")


RULE = StackRule(
    id="failover-target",
    severity=Severity.CRITICAL,
    title="Every region fails over to another region of the platform",
    reason="A target where nothing runs, or the lost region itself, is found out during the loss.",
    remedy="Name each region's failoverTo in the platform's index; the mesh and the Sensors follow it.",
    check=_check,
)
