"""The bus, the rights and the networks of failover, as manifests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.failover.args import (
    EVENT_BUS,
    EVENT_SOURCE,
    FAILBACK,
    NAMESPACE,
    PORT,
    SERVICE,
    SERVING_NAMESPACE,
    TOKEN_KEY,
    TOKEN_SECRET,
    TRIGGER,
    FailoverArgs,
)
from components.failover.sensors import (
    ACCOUNT,
    USER,
    apart,
    event_source,
    failback,
    failover,
    metadata,
)
from components.shared.labels import BEFORE_ITS_PODS
from components.shared.pod_security import restricted_container, restricted_pod

_BUS_PODS = {"controller": "eventbus-controller", "eventbus-name": EVENT_BUS}
_SOURCE_PODS = {"eventsource-name": EVENT_SOURCE}
_METRICS = 7777
_CLIENTS = 4222
_ROUTES = 6222
_MONITOR = 8222


def event_bus(args: FailoverArgs) -> dict[str, Any]:
    """JetStream on three nodes, of which two must live; its controller gives it TLS and passwords.

    Source: https://argoproj.github.io/argo-events/eventbus/jetstream/
    """
    container = {
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "512Mi"}},
        "securityContext": restricted_container(),
    }
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "EventBus",
        "metadata": metadata(EVENT_BUS),
        "spec": {
            "jetstream": {
                "version": args.event_bus_version,
                "replicas": 3,
                # An alert that is a day old says nothing about the peer of today.
                "streamConfig": "maxAge: 24h\nreplicas: 3\nduplicates: 300s\n",
                "settings": "max_memory_store: 64MB\nmax_file_store: 4GB\n",
                "persistence": {
                    "storageClassName": args.storage_class,
                    "accessMode": "ReadWriteOnce",
                    "volumeSize": "5Gi",
                },
                "affinity": apart(_BUS_PODS),
                "priorityClassName": "system-cluster-critical",
                "securityContext": restricted_pod(USER, own_volumes=True),
                "containerTemplate": container,
                "reloaderContainerTemplate": container,
                "metricsContainerTemplate": container,
            }
        },
    }


def bus_budget() -> dict[str, Any]:
    """A drain takes one node of the bus at a time."""
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata(f"eventbus-{EVENT_BUS}"),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": dict(_BUS_PODS)}},
    }


def service() -> dict[str, Any]:
    """The event source's address; the one that Argo Events can make is meant for tests, says its manual."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {**metadata(EVENT_SOURCE), "annotations": dict(BEFORE_ITS_PODS)},
        "spec": {
            "type": "ClusterIP",
            "selector": dict(_SOURCE_PODS),
            "ports": [{"name": "http", "protocol": "TCP", "port": PORT, "targetPort": PORT}],
        },
    }


def token_secret(args: FailoverArgs) -> dict[str, Any]:
    """The event source's half of the token; Alertmanager has its own copy in its namespace."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata(TOKEN_SECRET),
        "type": "Opaque",
        "stringData": {TOKEN_KEY: args.token},
    }


def accounts() -> dict[str, dict[str, Any]]:
    """The Sensors' account, and the event source's, which has no use for the API."""

    def account(name: str, *, token: bool) -> dict[str, Any]:
        return {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": metadata(name),
            "automountServiceAccountToken": token,
        }

    return {"sensors": account(ACCOUNT, token=True), "source": account(EVENT_SOURCE, token=False)}


def role() -> dict[str, Any]:
    """Exactly two objects: the floor and the record. A missing one is not made anew."""
    verbs = ["get", "patch"]
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": metadata(ACCOUNT, SERVING_NAMESPACE),
        "rules": [
            {"apiGroups": [group], "resources": [kind], "resourceNames": [SERVICE], "verbs": verbs}
            for group, kind in (("autoscaling", "horizontalpodautoscalers"), ("", "services"))
        ],
    }


def role_binding() -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": metadata(ACCOUNT, SERVING_NAMESPACE),
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": ACCOUNT},
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}],
    }


def _in(namespace: str, pods: dict[str, str]) -> dict[str, Any]:
    return {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "podSelector": {"matchLabels": pods},
    }


def _of(pods: dict[str, str]) -> dict[str, Any]:
    return {"podSelector": {"matchLabels": pods}}


def _ports(*numbers: int) -> list[dict[str, Any]]:
    return [{"port": number, "protocol": "TCP"} for number in numbers]


_SENSOR_PODS: dict[str, Any] = {
    "podSelector": {
        "matchExpressions": [{"key": "sensor-name", "operator": "In", "values": [FAILBACK, TRIGGER]}]
    }
}
_SCRAPED = {
    "from": [_in("monitoring", {"app.kubernetes.io/name": "prometheus"})],
    "ports": _ports(_METRICS),
}
_NAMES = {
    "to": [_in("kube-system", {"k8s-app": "kube-dns"})],
    "ports": [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")],
}
_TO_BUS = {"to": [_of(_BUS_PODS)], "ports": _ports(_CLIENTS)}


def _policy(name: str, pods: dict[str, Any], ingress: list[Any], egress: list[Any]) -> dict[str, Any]:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(name),
        "spec": {
            **pods,
            "policyTypes": ["Ingress", "Egress"],
            "ingress": ingress,
            "egress": egress,
        },
    }


def network_policies(args: FailoverArgs) -> dict[str, dict[str, Any]]:
    """Alertmanager alone reaches the event source, and only Sensors reach the API server.

    The bus is for its own pods and for those that speak over it.
    """
    alertmanager = {
        "from": [_in("monitoring", {"app.kubernetes.io/name": "alertmanager"})],
        "ports": _ports(PORT),
    }
    api_server = {"to": [{"ipBlock": {"cidr": args.cluster_cidr}}], "ports": _ports(443)}
    clients = {"from": [_of(_SOURCE_PODS), _SENSOR_PODS], "ports": _ports(_CLIENTS)}
    itself = {"from": [_of(_BUS_PODS)], "ports": _ports(_CLIENTS, _ROUTES, _MONITOR)}
    to_itself = {"to": [_of(_BUS_PODS)], "ports": _ports(_CLIENTS, _ROUTES)}
    return {
        "source": _policy(EVENT_SOURCE, _of(_SOURCE_PODS), [alertmanager, _SCRAPED], [_NAMES, _TO_BUS]),
        "sensors": _policy(ACCOUNT, _SENSOR_PODS, [_SCRAPED], [_NAMES, _TO_BUS, api_server]),
        "bus": _policy(
            f"eventbus-{EVENT_BUS}", _of(_BUS_PODS), [clients, itself, _SCRAPED], [_NAMES, to_itself]
        ),
    }


def manifests(args: FailoverArgs) -> tuple[Mapping[str, dict[str, Any]], ...]:
    """All objects by the short name that they have in the stack, in the stages in which they are needed."""
    rights = {
        **{f"account-{key}": manifest for key, manifest in accounts().items()},
        "role": role(),
        "role-binding": role_binding(),
        "token": token_secret(args),
        **{f"network-{key}": manifest for key, manifest in network_policies(args).items()},
    }
    bus = {"bus-budget": bus_budget(), "bus": event_bus(args)}
    actors = {
        "source": event_source(),
        "service": service(),
        "trigger": failover(args),
        "failback": failback(args),
    }
    return rights, bus, actors
