"""What failover is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

NAMESPACE = "argo-events"
SERVING_NAMESPACE = "ml-serving"
SERVICE = "inference-service"
"""The Service that carries the record, and the HPA whose floor is raised."""

EVENT_BUS = "default"
EVENT_SOURCE = "prometheus-alerts"
EVENT = "inference-down"
PORT = 12000
EVENT_SOURCE_URL = f"http://{EVENT_SOURCE}.{NAMESPACE}.svc:{PORT}/{EVENT}"
"""Where Alertmanager sends what failover acts on."""

TRIGGER = "failover-trigger"
FAILBACK = "failover-failback"
TOKEN_SECRET = "failover-webhook"  # noqa: S105 - the name of a Secret
TOKEN_KEY = "token"  # noqa: S105 - a key's name

FAILOVER_ALERT = "PeerRegionDown"
FAILBACK_ALERT = "PeerRegionRecovered"


@dataclass(frozen=True, kw_only=True)
class FailoverArgs:
    """The two floors, and whom to believe.

    ``steady`` replicas are the floor while all is well, ``raised`` while a peer is down. Only alerts about
    ``peers`` are acted on, and only from who knows ``token``. ``cluster_cidr`` is the network in which the
    API server answers; ``event_bus_version`` must be one that the Argo Events controller knows.
    """

    steady: int
    raised: int
    peers: Sequence[str]
    token: pulumi.Input[str]
    cluster_cidr: str
    event_bus_version: str
    storage_class: str = "gp3"
