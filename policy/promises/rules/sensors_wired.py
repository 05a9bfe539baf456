"""https://argoproj.github.io/argo-events/tutorials/02-parameterization/"""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Finding, Resource, Severity, Stack, StackRule
from ..values import UNKNOWN, absent, at, mapping, sequence, walk

_KINDS = ("webhook", "resource", "sns", "sqs", "kafka", "nats", "calendar")


def _check(stack: Stack) -> Iterator[Finding]:
    buses = {(bus.namespace, bus.title) for bus in stack.of("EventBus")}
    events = {
        (source.namespace, source.title, name)
        for source in stack.of("EventSource")
        for kind in _KINDS
        for name in mapping(at(source.props, "spec", kind))
    }
    for sensor in stack.of("Sensor"):
        spec = at(sensor.props, "spec")
        if (sensor.namespace, at(spec, "eventBusName") or "default") not in buses:
            yield Finding(f"{sensor.title} listens to a bus that is not there", sensor.urn)
        for dependency in sequence(at(spec, "dependencies")):
            wanted = (sensor.namespace, at(dependency, "eventSourceName"), at(dependency, "eventName"))
            if UNKNOWN not in wanted and wanted not in events:
                yield Finding(
                    f"{sensor.title} waits for {wanted[1]}/{wanted[2]}, which nobody sends", sensor.urn
                )
            if absent(at(dependency, "filters", "data")):
                yield Finding(f"{sensor.title} acts on every event, whatever it says", sensor.urn)
        for message in _triggers(sensor):
            yield Finding(f"{sensor.title}: {message}", sensor.urn)


def _triggers(sensor: Resource) -> Iterator[str]:
    triggers = sequence(at(sensor.props, "spec", "triggers"))
    if not triggers:
        yield "triggers nothing"
    for trigger in triggers:
        source = at(trigger, "template", "k8s", "source", "resource")
        if not absent(at(trigger, "template", "k8s")) and absent(at(source, "metadata", "namespace")):
            yield f"{at(trigger, 'template', 'name')} patches in its own namespace, where the service is not"
    for path, value in walk(at(sensor.props, "spec")):
        if path and path[-1] in {"dataKey", "path"} and isinstance(value, str) and "[" in value:
            yield f"{value} is no path: list items are written alerts.0, and nothing would be patched"


RULE = StackRule(
    id="sensors-wired",
    severity=Severity.HIGH,
    title="Sensors hear what is sent, and patch what exists",
    reason="A Sensor that waits for an event nobody sends, or reads a path that is none, is silent until "
    "the day.",
    remedy="Name an EventSource and event of this stack, filter by alert name, write list items as alerts.0.",
    check=_check,
)
