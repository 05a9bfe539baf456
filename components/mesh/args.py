"""What a region's part of the mesh is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pulumi

ISTIO_SYSTEM = "istio-system"
SERVING = "ml-serving"
SERVICE = "inference-service"
SERVICE_HOST = f"{SERVICE}.{SERVING}.svc.cluster.local"
"""In full: a short name means another host in every namespace that reads the rule."""
SERVICE_PORT = 8080
APP_LABELS = {"app": "inference"}

INGRESS = "istio-ingressgateway"
EAST_WEST = "istio-eastwestgateway"
"""Deployment, service account and Service of a gateway."""
INGRESS_PORT = 8080
EAST_WEST_PORT = 15443
STATUS_PORT = 15021

READER = "standfast-mesh-reader"
"""The account with which a peer's istiod reads this region's endpoints."""


@dataclass(frozen=True, kw_only=True)
class MeshCaArgs:
    """An intermediate authority, PEM texts; ``ca_key`` is a secret. ``after`` holds the namespace."""

    root_cert: str
    ca_cert: str
    cert_chain: str
    ca_key: pulumi.Input[str]
    after: Sequence[pulumi.Resource] = ()


@dataclass(frozen=True, kw_only=True)
class MeshPeer:
    """A joined peer: how its API server is reached, and from where its gateways call.

    ``api_ca`` is base64 PEM, as EKS gives it; ``token`` is a secret. ``nat_ips`` are IPv4 addresses.
    """

    region: str
    cluster_name: str
    api_endpoint: pulumi.Input[str]
    api_ca: pulumi.Input[str]
    token: pulumi.Input[str]
    nat_ips: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Hosts:
    """The names that the gateway answers: for clients, for this region alone, and for people in an incident.

    ``disaster`` is None where this region is not the one that ``inference-dr`` points at.
    """

    entry: str
    region: str
    disaster: str | None = None

    @property
    def shared(self) -> list[str]:
        """The names behind which another region may answer."""
        return [self.entry, *([self.disaster] if self.disaster else [])]


@dataclass(frozen=True, kw_only=True)
class MeshArgs:
    """The region in the mesh.

    ``failover`` maps a cloud's region to the one that serves for it (``us-east-1`` to ``eu-west-1``).
    ``attempt`` is how long one attempt at a prediction may take: within it a hanging pod of a lost zone is
    given up for another. ``after`` is what istiod and the load balancer controller are part of,
    ``serving`` what makes the namespace ``ml-serving``.
    """

    cluster_name: str
    network: str
    vpc_cidr: str
    failover: Mapping[str, str]
    hosts: Hosts
    certificate_arn: pulumi.Input[str]
    attempt: timedelta
    peers: Sequence[MeshPeer] = ()
    after: Sequence[pulumi.Resource] = ()
    serving: Sequence[pulumi.Resource] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
