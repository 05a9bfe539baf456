"""Event source and Sensors: what is heard, what is believed, and what is done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from components.failover.args import (
    EVENT,
    EVENT_BUS,
    EVENT_SOURCE,
    EVENT_SOURCE_URL,
    FAILBACK,
    FAILBACK_ALERT,
    FAILOVER_ALERT,
    NAMESPACE,
    PORT,
    SERVICE,
    SERVING_NAMESPACE,
    TOKEN_KEY,
    TOKEN_SECRET,
    TRIGGER,
    FailoverArgs,
)
from components.shared.labels import HOSTNAME_LABEL, ZONE_LABEL, labels
from components.shared.pod_security import restricted_container, restricted_pod

FIRST_ALERT = "body.alerts.0.labels"
"""Where a notification's alert is: gjson takes an index as a path's part, ``alerts[0]`` it does not know.

Source: https://github.com/tidwall/gjson/blob/master/SYNTAX.md
"""

ACCOUNT = "failover"
REPLICAS = 2
USER = 9731
_API = "argoproj.io/v1alpha1"


def metadata(name: str, namespace: str = NAMESPACE) -> dict[str, Any]:
    return {"name": name, "namespace": namespace, "labels": labels(name, "failover")}


def apart(selector: dict[str, str]) -> dict[str, Any]:
    """In other zones, on other nodes, where possible: a bus of three must come up in two zones too."""
    terms = ((100, ZONE_LABEL), (50, HOSTNAME_LABEL))
    return {
        "podAntiAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [
                {
                    "weight": weight,
                    "podAffinityTerm": {"labelSelector": {"matchLabels": selector}, "topologyKey": key},
                }
                for weight, key in terms
            ]
        }
    }


def _template(selector: dict[str, str], account: str) -> dict[str, Any]:
    return {
        "serviceAccountName": account,
        # Both replicas on a node that is lost would wait 300 s, the default, to be replaced.
        "tolerations": [
            {
                "key": f"node.kubernetes.io/{c}",
                "operator": "Exists",
                "effect": "NoExecute",
                "tolerationSeconds": 30,
            }
            for c in ("unreachable", "not-ready")
        ],
        "affinity": apart(selector),
        "priorityClassName": "system-cluster-critical",
        "securityContext": restricted_pod(USER, own_volumes=True),
        "container": {
            "resources": {
                "requests": {"cpu": "50m", "memory": "64Mi"},
                "limits": {"memory": "256Mi"},
            },
            "securityContext": restricted_container(),
        },
    }


def event_source() -> dict[str, Any]:
    """``prometheus-alerts``: Alertmanager's webhook. Both replicas listen; who has no token gets 401."""
    return {
        "apiVersion": _API,
        "kind": "EventSource",
        "metadata": metadata(EVENT_SOURCE),
        "spec": {
            "eventBusName": EVENT_BUS,
            "replicas": REPLICAS,
            "template": _template({"eventsource-name": EVENT_SOURCE}, EVENT_SOURCE),
            "webhook": {
                EVENT: {
                    "url": EVENT_SOURCE_URL.removesuffix(f"/{EVENT}"),
                    "endpoint": f"/{EVENT}",
                    "method": "POST",
                    "port": str(PORT),
                    "maxPayloadSize": 65536,
                    "authSecret": {"name": TOKEN_SECRET, "key": TOKEN_KEY},
                }
            },
        },
    }


def believed(alert: str, peers: Sequence[str]) -> dict[str, Any]:
    """Only an ``alert`` that fires, about a region that is a peer. Values are regular expressions here."""

    def is_one_of(path: str, values: Sequence[str]) -> dict[str, Any]:
        return {
            "path": path,
            "type": "string",
            "value": [f"^{value}$" for value in values],
        }

    return {
        "dataLogicalOperator": "and",
        "data": [
            is_one_of("body.status", ["firing"]),
            is_one_of(f"{FIRST_ALERT}.alertname", [alert]),
            is_one_of(f"{FIRST_ALERT}.region", sorted(peers)),
        ],
    }


def _patch(
    name: str, resource: dict[str, Any], parameters: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    k8s: dict[str, Any] = {
        "operation": "patch",
        "patchStrategy": "application/merge-patch+json",
        "source": {"resource": resource},
    }
    if parameters:
        k8s["parameters"] = parameters
    return {
        "template": {"name": name, "k8s": k8s},
        # A patch that is made twice changes nothing the second time, so it may be tried again.
        "atLeastOnce": True,
        "retryStrategy": {"steps": 6, "duration": "2s", "factor": 2, "jitter": 0.2},
    }


def floor(name: str, replicas: int) -> dict[str, Any]:
    """Set this region's own HPA's floor. A region acts only on itself: one that is lost could not act."""
    return _patch(
        name,
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": SERVICE, "namespace": SERVING_NAMESPACE},
            "spec": {"minReplicas": replicas},
        },
    )


def record(name: str, dependency: str, annotation: str, known: dict[str, str]) -> dict[str, Any]:
    """Write the alert's region into ``annotation`` of the Service, and ``known`` annotations beside it."""
    found = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": SERVICE, "namespace": SERVING_NAMESPACE, "annotations": dict(known)},
    }
    return _patch(
        name,
        found,
        [
            {
                "src": {"dependencyName": dependency, "dataKey": f"{FIRST_ALERT}.region"},
                "dest": f"metadata.annotations.{annotation}",
            }
        ],
    )


def _sensor(
    name: str, dependency: str, alert: str, peers: Sequence[str], triggers: list[Any]
) -> dict[str, Any]:
    return {
        "apiVersion": _API,
        "kind": "Sensor",
        "metadata": metadata(name),
        "spec": {
            "eventBusName": EVENT_BUS,
            "replicas": REPLICAS,
            "template": _template({"sensor-name": name}, ACCOUNT),
            "dependencies": [
                {
                    "name": dependency,
                    "eventSourceName": EVENT_SOURCE,
                    "eventName": EVENT,
                    "filters": believed(alert, peers),
                }
            ],
            "triggers": triggers,
        },
    }


def failover(args: FailoverArgs) -> dict[str, Any]:
    """``failover-trigger``: a peer is down, so this region makes room for its load.

    Traffic is not its matter: the mesh and Route 53 have moved it already. The lesson's annotation stays,
    as the record of which region it was.
    """
    dependency = "health-check-failure"
    triggers = [
        floor("raise-floor", args.raised),
        record("trigger-failover", dependency, "failover-region", {}),
    ]
    return _sensor(TRIGGER, dependency, FAILOVER_ALERT, args.peers, triggers)


def failback(args: FailoverArgs) -> dict[str, Any]:
    """``failover-failback``: all peers have been well for the hold time, and replication has caught up.

    The alert holds that judgement, and fires as long as the floor is not the steady one: so a lost event, a
    Sensor that was down, and a changed steady size are all made good the next time it is sent.
    """
    dependency = "peer-recovered"
    triggers = [
        floor("lower-floor", args.steady),
        record("record-failback", dependency, "failback-region", {"failover-region": ""}),
    ]
    return _sensor(FAILBACK, dependency, FAILBACK_ALERT, args.peers, triggers)
