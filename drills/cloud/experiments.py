"""Faults as AWS Fault Injection Service has them: pure.

Source: https://docs.aws.amazon.com/fis/latest/userguide/fis-actions-reference.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from config.names import bucket_of, cluster
from config.platform import Platform, Purpose

ALLOWED = {"standfast.dev/drill": "allowed"}
"""A tag that nothing has by itself: a person sets it on what a drill may break, and takes it off again."""

FOR = "PT10M"
"""ISO 8601; the fault ends by itself. FIS takes one minute to twelve hours."""

WAIT = "PT2M"
SLOW_MS = "5000"
_EVERY = "ALL"


@dataclass(frozen=True, kw_only=True)
class Where:
    """The region that is broken, a zone of it, and the region that takes over."""

    platform: Platform
    region: str
    zone: str
    survivor: str

    @property
    def location(self) -> str:
        return self.platform.regions[self.region].location

    def tags(self) -> dict[str, str]:
        """What a resource must carry to be broken: ours, of this region, and released for it."""
        return {
            "standfast.dev/platform": self.platform.name,
            "standfast.dev/region": self.region,
            **ALLOWED,
        }


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One action with its target, under a name of its own; `after` names actions that must have ended."""

    name: str
    action: str
    parameters: Mapping[str, str]
    target_key: str = ""
    target: Mapping[str, Any] | None = None
    after: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """The action as a template has it."""
        document: dict[str, Any] = {"actionId": self.action, "parameters": dict(self.parameters)}
        if self.target is not None:
            document["targets"] = {self.target_key: self.name}
        if self.after:
            document["startAfter"] = list(self.after)
        return document


def subnets(where: Where, *, zone: str = "") -> dict[str, Any]:
    """The region's subnets, or those of one zone."""
    target: dict[str, Any] = {
        "resourceType": "aws:ec2:subnet",
        "resourceTags": where.tags(),
        "selectionMode": _EVERY,
    }
    if zone:
        target["filters"] = [{"path": "AvailabilityZone", "values": [zone]}]
    return target


def isolate(where: Where, name: str, *, zone: str = "", duration: str = FOR, after: str = "") -> Fault:
    """Nothing leaves or enters these subnets: network ACLs that deny all, put back afterwards."""
    return Fault(
        name=name,
        action="aws:network:disrupt-connectivity",
        parameters={"duration": duration, "scope": "all"},
        target_key="Subnets",
        target=subnets(where, zone=zone),
        after=(after,) if after else (),
    )


def wait(name: str, duration: str, after: str) -> Fault:
    """Let time pass."""
    return Fault(name=name, action="aws:fis:wait", parameters={"duration": duration}, after=(after,))


def part(where: Where) -> Fault:
    """No way from this region's subnets to the public addresses and the VPCs of the other."""
    return Fault(
        name="part",
        action="aws:network:route-table-disrupt-cross-region-connectivity",
        parameters={"duration": FOR, "region": where.platform.regions[where.survivor].location},
        target_key="Subnets",
        target=subnets(where),
    )


def pause_replication(where: Where) -> Fault:
    """Nothing that is written to the model registry is copied to the survivor."""
    bucket = bucket_of(where.platform, Purpose.MODEL_REGISTRY, where.region)
    return Fault(
        name="pause-replication",
        action="aws:s3:bucket-pause-replication",
        parameters={"duration": FOR, "region": where.platform.regions[where.survivor].location},
        target_key="Buckets",
        target={
            "resourceType": "aws:s3:bucket",
            "resourceArns": [f"arn:aws:s3:::{bucket}"],
            "selectionMode": _EVERY,
        },
    )


def pods(where: Where, namespace: str, label: str, *, mode: str = _EVERY) -> dict[str, Any]:
    """Pods by label: FIS takes neither ARNs nor tags for them."""
    account, name = where.platform.account, cluster(where.platform, where.region)
    return {
        "resourceType": "aws:eks:pod",
        "selectionMode": mode,
        "parameters": {
            "clusterIdentifier": f"arn:aws:eks:{where.location}:{account}:cluster/{name}",
            "namespace": namespace,
            "selectorType": "labelSelector",
            "selectorValue": label,
        },
    }


def close_port(name: str, target: Mapping[str, Any], port: int) -> Fault:
    """What comes in on the port is dropped."""
    parameters = {"duration": FOR, "port": str(port), "protocol": "tcp", "trafficType": "ingress"}
    return Fault(
        name=name,
        action="aws:eks:pod-network-blackhole-port",
        parameters={**parameters, "kubernetesServiceAccount": "standfast-drill"},
        target_key="Pods",
        target=target,
    )


def delay(name: str, target: Mapping[str, Any]) -> Fault:
    """Every packet takes its time."""
    return Fault(
        name=name,
        action="aws:eks:pod-network-latency",
        parameters={
            "duration": FOR,
            "delayMilliseconds": SLOW_MS,
            "kubernetesServiceAccount": "standfast-drill",
        },
        target_key="Pods",
        target=target,
    )
