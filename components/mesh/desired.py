"""All objects of a region's mesh by the short name that they have in the stack."""

from __future__ import annotations

from typing import Any

from components.mesh import security, services_aws, traffic
from components.mesh.args import MeshArgs


def control(args: MeshArgs) -> dict[str, dict[str, Any]]:
    """What stands in ``istio-system``, the Services and the peers' secrets aside."""
    return {
        "strict-mtls": security.strict_mtls(),
        "ingress-gateway": traffic.ingress_gateway(args),
        "east-west-gateway": traffic.east_west_gateway(),
        **security.reader(),
        "reader-token": security.reader_token(),
    }


def serving(args: MeshArgs) -> dict[str, dict[str, Any]]:
    """What stands beside the service, in its namespace."""
    return {
        "failover": traffic.destination_rule(args),
        "entry-route": traffic.entry_route(args),
        "region-route": traffic.region_route(args),
        "default-deny": security.deny_by_default(),
        "callers": security.callers(),
    }


def services(args: MeshArgs) -> dict[str, dict[str, Any]]:
    """The gateways' load balancers."""
    return {
        "ingress": services_aws.ingress_service(args),
        "east-west": services_aws.east_west_service(args),
    }
