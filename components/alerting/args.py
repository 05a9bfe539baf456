"""What alerting is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pulumi

NAMESPACE = "monitoring"
RULES = "ml-ha-alerts"
RUNBOOK = "dr-runbook"
TOKEN_SECRET = "failover-webhook"  # noqa: S105 - the name of a Secret
TOKEN_KEY = "token"  # noqa: S105 - a key's name

OWN_JOB = "own-gateway"
PEER_JOB = "peer-gateway"
STORAGE_JOB = "model-storage-probe"
READY_PATH = "/v2/health/ready"
READY_MODULE = "https_ready"
"""The blackbox module: 200 over TLS that verifies."""

PEER_DOWN = "PeerRegionDown"
PEER_RECOVERED = "PeerRegionRecovered"


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A region that this one watches; ``host`` is the peer's own name, without ``https://``."""

    region: str
    host: str


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What the blackbox exporter asks for: a URL, and the module of its configuration that judges."""

    url: pulumi.Input[str]
    module: str


@dataclass(frozen=True, kw_only=True)
class AlertingArgs:
    """The numbers that rules compare with, and where alerts go.

    ``replicas`` is the steady size and ``min_available`` the least that must serve. ``schedules`` maps a
    Velero schedule to the age at which its last success is too old, and ``cronjobs`` a CronJob of
    ``ml-serving`` in the same way. ``replication_limit`` is the promised replication time. A peer must have
    been well for ``failback_hold`` before the region gives up its raised floor. ``receiver`` is the default
    receiver in the form of an AlertmanagerConfig, without its name; ``token`` proves to the event source
    that Alertmanager speaks.
    """

    region: str
    zones: Sequence[str]
    replicas: int
    min_available: int
    host: str
    peers: Sequence[Peer]
    model_storage: Probe
    schedules: Mapping[str, timedelta]
    cronjobs: Mapping[str, timedelta]
    event_source_url: str
    token: pulumi.Input[str]
    receiver: Mapping[str, Any]
    replication_limit: timedelta = timedelta(minutes=15)
    failback_hold: timedelta = timedelta(minutes=30)
    prober: str = "prometheus-blackbox-exporter.monitoring.svc:9115"
    release: str = "kube-prometheus-stack"
