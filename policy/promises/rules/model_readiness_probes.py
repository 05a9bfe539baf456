"""https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md"""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Resource, ResourceRule, Severity
from ..pods import named, pods
from ..values import absent, at, differs, mapping, sequence

READY, LIVE = "/v2/health/ready", "/v2/health/live"


def _check(resource: Resource) -> Iterator[str]:
    template = pods(resource)
    if template is None:
        return
    serving = template.uses_gpu()
    for name, container in named(tuple(map(mapping, sequence(template.spec.get("containers"))))):
        for probe in ("readinessProbe", "livenessProbe"):
            if absent(at(container, probe)):
                yield f"{resource.title}: {name} has no {probe}"
        ready = at(container, "readinessProbe", "httpGet", "path")
        live = at(container, "livenessProbe", "httpGet", "path")
        if serving and not absent(at(container, "readinessProbe")) and differs(ready, READY):
            yield f"{resource.title}: {name} is ready by {ready}, which says nothing about its model"
        if serving and differs(live, LIVE) and live == READY:
            yield f"{resource.title}: {name} is killed while it loads its model: it is alive by {live}"


RULE = ResourceRule(
    id="model-readiness-probes",
    severity=Severity.HIGH,
    title="Pods are probed, and those that serve are ready when their model is",
    reason="A server that answers before its model is loaded takes traffic that fails, and failover goes "
    "to it.",
    remedy=f"readinessProbe on {READY}, livenessProbe on {LIVE}.",
    kinds=frozenset({"Deployment", "StatefulSet"}),
    check=_check,
)
