"""How requests find a pod: gateways, routes, and what happens when pods, a zone or a region are gone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.mesh.args import (
    EAST_WEST,
    EAST_WEST_PORT,
    INGRESS,
    INGRESS_PORT,
    ISTIO_SYSTEM,
    SERVICE_HOST,
    SERVICE_PORT,
    SERVING,
    MeshArgs,
)
from components.shared.labels import labels
from config.timings import CONNECT_TIMEOUT, EJECTION, OUTLIER_ERRORS, OUTLIER_INTERVAL, seconds

NETWORKING = "networking.istio.io/v1"
INGRESS_OBJECT = "inference-gateway"
EAST_WEST_OBJECT = "east-west-gateway"
FAILOVER = "inference-failover"
LOCAL = "this-region"
"""The subset of the service's pods that run in this region's cluster."""

HEALTH_PATHS = ("/v2/health/ready", "/v2/health/live")
_SUPPRESS = "galley.istio.io/analyze-suppress"
_ATTEMPTS = 3
REQUESTS_PER_CONNECTION = 50
"""A handshake for so many predictions is nothing beside what they cost.
https://istio.io/latest/docs/reference/config/networking/destination-rule/#ConnectionPoolSettings-HTTPSettings"""
_RETRY_ON = "connect-failure,refused-stream,unavailable,reset,gateway-error"


def _object(kind: str, name: str, namespace: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": NETWORKING,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, "labels": labels(name, "mesh")},
        "spec": dict(spec),
    }


def selector(gateway: str) -> dict[str, str]:
    """The label of a gateway's pods, as its chart sets it."""
    return {"istio": gateway.removeprefix("istio-")}


def ingress_gateway(args: MeshArgs) -> dict[str, Any]:
    """Where clients' requests enter the mesh; TLS ended at the load balancer in front.

    Only the namespace of the service may bind routes to these names.
    """
    hosts = [args.hosts.entry, args.hosts.region, *args.hosts.shared[1:]]
    server = {
        "port": {"number": INGRESS_PORT, "name": "http", "protocol": "HTTP"},
        "hosts": [f"{SERVING}/{host}" for host in hosts],
    }
    return _object(
        "Gateway", INGRESS_OBJECT, ISTIO_SYSTEM, {"selector": selector(INGRESS), "servers": [server]}
    )


def east_west_gateway() -> dict[str, Any]:
    """Where peers' proxies enter: mTLS goes through to the pod, by its SNI, and only to this service.

    Source: https://istio.io/latest/docs/setup/install/multicluster/multi-primary_multi-network/
    """
    server = {
        "port": {"number": EAST_WEST_PORT, "name": "tls", "protocol": "TLS"},
        "tls": {"mode": "AUTO_PASSTHROUGH"},
        "hosts": [SERVICE_HOST],
    }
    return _object(
        "Gateway", EAST_WEST_OBJECT, ISTIO_SYSTEM, {"selector": selector(EAST_WEST), "servers": [server]}
    )


def _destination(subset: str | None = None) -> list[dict[str, Any]]:
    destination: dict[str, Any] = {"host": SERVICE_HOST, "port": {"number": SERVICE_PORT}}
    return [{"destination": {**destination, **({"subset": subset} if subset else {})}}]


def _predictions(args: MeshArgs) -> dict[str, Any]:
    """Every attempt may go to another locality; together they may take one attempt more than the retries.

    A prediction changes nothing, so that repeating one that was cut off is safe.
    """
    return {
        "name": "predictions",
        "route": _destination(),
        "timeout": f"{seconds(args.attempt) * (_ATTEMPTS + 1)}s",
        "retries": {
            "attempts": _ATTEMPTS,
            "perTryTimeout": f"{seconds(args.attempt)}s",
            "retryOn": _RETRY_ON,
            "retryRemoteLocalities": True,
        },
    }


def _health(subset: str | None = None) -> dict[str, Any]:
    """Readiness, quick enough for the load balancers and DNS health checks that ask it."""
    return {
        "name": "health",
        "match": [{"uri": {"exact": path}} for path in HEALTH_PATHS],
        "route": _destination(subset),
        "timeout": "3s",
        "retries": {
            "attempts": 1,
            "perTryTimeout": "1s",
            "retryOn": _RETRY_ON,
            **({} if subset else {"retryRemoteLocalities": True}),
        },
    }


def entry_route(args: MeshArgs) -> dict[str, Any]:
    """The names that clients ask: whichever region has healthy pods answers."""
    return _object(
        "VirtualService",
        "inference",
        SERVING,
        {
            "hosts": args.hosts.shared,
            "gateways": [f"{ISTIO_SYSTEM}/{INGRESS_OBJECT}"],
            "http": [_health(), _predictions(args)],
        },
    )


def region_route(args: MeshArgs) -> dict[str, Any]:
    """The region's own name, which health checks ask: its health is that of its own pods.

    Were it routed like the rest, a peer would answer for a region whose pods are all dead: DNS would go on
    sending clients the long way round, and no alert would tell the peer to make room.
    """
    return _object(
        "VirtualService",
        "inference-region",
        SERVING,
        {
            "hosts": [args.hosts.region],
            "gateways": [f"{ISTIO_SYSTEM}/{INGRESS_OBJECT}"],
            "http": [_health(LOCAL), _predictions(args)],
        },
    )


def destination_rule(args: MeshArgs) -> dict[str, Any]:
    """``inference-failover``: the lesson's rule with two of its numbers, its host and its regions mended.

    Every host may be ejected: with half of them held in rotation, Envoy counts the region half healthy,
    which times its overprovisioning of 1.4 keeps 70 % of the traffic on dead pods. They are ejected within
    a second of the third error, because until then their errors are the clients'.

    ``minHealthPercent`` is 0: above it, Envoy would return to all hosts of the region, dead ones too
    ("panic"), instead of going to the next. When no region has a healthy pod, requests fail at once.

    A connection attempt takes a round trip between regions, some 80 ms over the Atlantic; a zone that
    vanished answers nothing at all. Keep-alives find the idle connections that it left behind.

    Connections end after so many requests. The peer's east-west gateway does not see into them: each leads to
    one pod for as long as it lasts, and HTTP/2 needs no second one. Measured without an end: one pod of the
    peer carried everything that a lost region's gateway sent.
    Source: https://istio.io/latest/docs/tasks/traffic-management/locality-load-balancing/failover/ and
    https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/priority
    """
    rule = _object(
        "DestinationRule",
        FAILOVER,
        SERVING,
        {
            "host": SERVICE_HOST,
            "trafficPolicy": {
                "connectionPool": {
                    "tcp": {
                        "connectTimeout": f"{seconds(CONNECT_TIMEOUT)}s",
                        "tcpKeepalive": {"time": "10s", "interval": "3s", "probes": 3},
                    },
                    "http": {
                        "h2UpgradePolicy": "UPGRADE",
                        "http2MaxRequests": 1000,
                        "maxRequestsPerConnection": REQUESTS_PER_CONNECTION,
                    },
                },
                "outlierDetection": {
                    "consecutive5xxErrors": OUTLIER_ERRORS,
                    "interval": f"{seconds(OUTLIER_INTERVAL)}s",
                    "baseEjectionTime": f"{seconds(EJECTION)}s",
                    "maxEjectionPercent": 100,
                    "minHealthPercent": 0,
                },
                "loadBalancer": {
                    "simple": "ROUND_ROBIN",
                    "localityLbSetting": {
                        "enabled": True,
                        "failover": [
                            {"from": source, "to": target} for source, target in sorted(args.failover.items())
                        ],
                    },
                },
            },
            # The label is Istio's own, of endpoints and not of pods: https://istio.io/latest/docs/ops/configuration/traffic-management/multicluster/
            "subsets": [{"name": LOCAL, "labels": {"topology.istio.io/cluster": args.cluster_name}}],
        },
    )
    # istioctl looks for the subset's label at pods: "The Subset this-region … does not select any pods".
    rule["metadata"]["annotations"] = {_SUPPRESS: "IST0173"}
    return rule
