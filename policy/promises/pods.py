"""The pods that a Kubernetes object makes, whatever its kind calls them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .model import Resource
from .values import at, mapping, number, sequence

LASTING = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"})
PASSING = frozenset({"Job", "CronJob", "Pod"})
EVENTS = frozenset({"EventBus", "EventSource", "Sensor"})
WORKLOADS = LASTING | PASSING
GPU = "nvidia.com/gpu"

_TEMPLATES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(LASTING, ("spec", "template")),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "Pod": (),
}
_EVENT_CONTAINERS = (
    "containerTemplate",
    "reloaderContainerTemplate",
    "metricsContainerTemplate",
    "container",
)


@dataclass(frozen=True)
class Pods:
    """A pod template: its labels, its spec and its containers."""

    labels: Mapping[str, Any]
    spec: Mapping[str, Any]
    containers: tuple[Mapping[str, Any], ...]
    lasting: bool

    def uses_gpu(self) -> bool:
        return any(at(c, "resources", "limits", GPU) is not None for c in self.containers)


def pods(resource: Resource) -> Pods | None:
    """The template of a workload's pods, None for other objects.

    Argo Events makes pods too, from parts of their template: https://argoproj.github.io/argo-events/
    """
    if resource.kind in WORKLOADS:
        template = at(resource.props, *_TEMPLATES[resource.kind])
        spec = mapping(at(template, "spec"))
        containers = [*sequence(spec.get("initContainers")), *sequence(spec.get("containers"))]
        return Pods(
            mapping(at(template, "metadata", "labels")),
            spec,
            tuple(mapping(container) for container in containers),
            resource.kind in LASTING,
        )
    if resource.kind in EVENTS:
        path = ("spec", "jetstream") if resource.kind == "EventBus" else ("spec", "template")
        spec = mapping(at(resource.props, *path))
        found = tuple(mapping(spec[key]) for key in _EVENT_CONTAINERS if key in spec)
        return Pods({}, spec, found or ({},), lasting=True)
    return None


def replicas(resource: Resource) -> float:
    """How many pods are asked for; one where nothing is said."""
    asked = number(at(resource.props, "spec", "replicas"))
    return 1 if asked is None else asked


def named(containers: tuple[Mapping[str, Any], ...]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Containers with their names."""
    for index, container in enumerate(containers):
        yield str(container.get("name", f"container {index}")), container
