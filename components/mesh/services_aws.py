"""The gateways' load balancers on AWS: Network Load Balancers by annotation.

Source: https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/annotations/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.mesh.args import (
    EAST_WEST,
    EAST_WEST_PORT,
    INGRESS,
    INGRESS_PORT,
    ISTIO_SYSTEM,
    STATUS_PORT,
    MeshArgs,
)
from components.mesh.traffic import selector
from components.shared.labels import NETWORK_LABEL, labels

CLASS = "service.k8s.aws/nlb"
TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
_PREFIX = "service.beta.kubernetes.io/aws-load-balancer-"


def _joined(values: Mapping[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in values.items())


def common_annotations(args: MeshArgs) -> dict[str, Any]:
    """Addresses of pods as targets, over all zones, each judged by its own gateway's readiness.

    A target is out after two misses of 5 s. Without cross-zone balancing a zone's address would have no
    target once its gateway is gone, though others are ready.
    """
    annotations: dict[str, Any] = {
        "scheme": "internet-facing",
        "nlb-target-type": "ip",
        "attributes": _joined({"load_balancing.cross_zone.enabled": "true"}),
        "healthcheck-protocol": "http",
        "healthcheck-port": str(STATUS_PORT),
        "healthcheck-path": "/healthz/ready",
        "healthcheck-interval": "5",
        "healthcheck-timeout": "2",
        "healthcheck-healthy-threshold": "2",
        "healthcheck-unhealthy-threshold": "2",
        "target-group-attributes": _joined(
            {
                "deregistration_delay.timeout_seconds": "60",
                "deregistration_delay.connection_termination.enabled": "true",
                "target_health_state.unhealthy.connection_termination.enabled": "true",
            }
        ),
    }
    if args.tags:
        annotations["additional-resource-tags"] = _joined(args.tags)
    return annotations


def _service(
    gateway: str,
    annotations: Mapping[str, Any],
    ports: list[dict[str, Any]],
    extra_labels: Mapping[str, str],
    sources: list[str] | None = None,
) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "type": "LoadBalancer",
        "loadBalancerClass": CLASS,
        # Targets are pods: no node port leads to them, and no node is a hop on the way.
        "allocateLoadBalancerNodePorts": False,
        "externalTrafficPolicy": "Cluster",
        "selector": {"app": gateway, **selector(gateway)},
        "ports": ports,
    }
    if sources is not None:
        spec["loadBalancerSourceRanges"] = sources
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": gateway,
            "namespace": ISTIO_SYSTEM,
            "labels": {**labels(gateway, "mesh"), **extra_labels},
            "annotations": {f"{_PREFIX}{key}": value for key, value in annotations.items()},
        },
        "spec": spec,
    }


def ingress_service(args: MeshArgs) -> dict[str, Any]:
    """Where clients arrive: TLS ends here, with the region's certificate; HTTP/2 where the client can."""
    annotations = {
        **common_annotations(args),
        "ssl-cert": args.certificate_arn,
        "ssl-ports": "443",
        "ssl-negotiation-policy": TLS_POLICY,
        "backend-protocol": "tcp",
        "alpn-policy": "HTTP2Preferred",
    }
    ports = [{"name": "https", "protocol": "TCP", "port": 443, "targetPort": INGRESS_PORT}]
    return _service(INGRESS, annotations, ports, {})


def east_west_service(args: MeshArgs) -> dict[str, Any]:
    """Where peers arrive, and nobody else: the network's own label, and their NAT addresses.

    Both ends speak mTLS through it, so it ends none. Ports of istiod are not among them: every region has
    its own control plane.
    """
    ports = [
        {"name": "status-port", "protocol": "TCP", "port": STATUS_PORT, "targetPort": STATUS_PORT},
        {"name": "tls", "protocol": "TCP", "port": EAST_WEST_PORT, "targetPort": EAST_WEST_PORT},
    ]
    addresses = sorted({f"{address}/32" for peer in args.peers for address in peer.nat_ips})
    return _service(
        EAST_WEST,
        common_annotations(args),
        ports,
        {NETWORK_LABEL: args.network},
        # An empty list would open it to all.
        [args.vpc_cidr, *addresses],
    )
