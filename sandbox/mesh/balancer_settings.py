"""What a network load balancer of the sandbox does, read from what the deployed Services asked for.

Listeners, their certificates and the target's port come from the load balancer that stands in moto; health
checks and the ALPN policy from the annotations of the Service, which moto does not keep.
Source: https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/annotations/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from sandbox.certs import Pair
from sandbox.errors import SandboxError

_PREFIX = "service.beta.kubernetes.io/aws-load-balancer-"
_STACK_TAG = "service.k8s.aws/stack"
_TERMINATE = "target_health_state.unhealthy.connection_termination.enabled"
ALPN = {
    "HTTP1Only": ("http/1.1",),
    "HTTP2Only": ("h2",),
    "HTTP2Optional": ("http/1.1", "h2"),
    "HTTP2Preferred": ("h2", "http/1.1"),
    "None": (),
}
"""https://docs.aws.amazon.com/elasticloadbalancing/latest/network/load-balancer-listeners.html#alpn-policies"""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class HealthCheck(_Model):
    """An HTTP health check of a target. Seconds, and how many answers in a row change the verdict."""

    port: int
    path: str
    interval_s: float
    timeout_s: float
    healthy_threshold: int
    unhealthy_threshold: int


class Listener(_Model):
    """A port of the balancer. `certificate` and `key` are there where TLS ends at it."""

    port: int
    target_port: int
    certificate: Path | None = None
    key: Path | None = None
    alpn: tuple[str, ...] = ()


class Balancer(_Model):
    """One load balancer: where it listens, and the addresses of its targets.

    `terminates` says whether connections to a target that has become unhealthy are reset.
    """

    service: str
    address: str
    targets: tuple[str, ...]
    listeners: tuple[Listener, ...]
    health: HealthCheck
    terminates: bool


class Balancers(_Model):
    """All load balancers of a region."""

    balancers: tuple[Balancer, ...]


def health_check(service: Mapping[str, Any]) -> HealthCheck:
    """The health check that the Service's annotations ask for. SandboxError for one that is not HTTP."""
    notes = _annotations(service)
    protocol = notes.get("healthcheck-protocol", "tcp").lower()
    if protocol != "http":
        raise SandboxError(
            f"{_path(service)}: health checks by {protocol} are not known to the sandbox's load balancers",
            remedy=f"set {_PREFIX}healthcheck-protocol to http",
        )
    try:
        return HealthCheck(
            port=int(notes["healthcheck-port"]),
            path=notes.get("healthcheck-path", "/"),
            interval_s=float(notes.get("healthcheck-interval", "10")),
            timeout_s=float(notes.get("healthcheck-timeout", "6")),
            healthy_threshold=int(notes.get("healthcheck-healthy-threshold", "3")),
            unhealthy_threshold=int(notes.get("healthcheck-unhealthy-threshold", "3")),
        )
    except (KeyError, ValueError) as error:
        raise SandboxError(f"{_path(service)}: {_PREFIX}{error} is needed as a number") from error


def alpn(service: Mapping[str, Any]) -> tuple[str, ...]:
    """The protocols that a TLS listener offers, in its order of preference."""
    policy = _annotations(service).get("alpn-policy", "None")
    if policy not in ALPN:
        raise SandboxError(
            f"{_path(service)}: {policy} is no ALPN policy", remedy=f"one of {', '.join(ALPN)}"
        )
    return ALPN[policy]


def terminates(service: Mapping[str, Any]) -> bool:
    """Whether connections to an unhealthy target are closed; AWS' default is that they are."""
    attributes = _annotations(service).get("target-group-attributes", "")
    given = dict(pair.strip().split("=", 1) for pair in attributes.split(",") if "=" in pair)
    return given.get(_TERMINATE, "true") == "true"


def balancer(
    service: Mapping[str, Any],
    *,
    address: str,
    targets: Sequence[str],
    aws: Callable[[str], Any],
    certificate: Callable[[Sequence[str]], Pair],
) -> Balancer:
    """The load balancer of a Service as moto has it. `aws` gives a client of moto by its name.

    SandboxError when the Service has none.
    """
    elb = aws("elbv2")
    found = _find(elb, _path(service))
    listeners: list[Listener] = []
    for one in elb.describe_listeners(LoadBalancerArn=found["LoadBalancerArn"])["Listeners"]:
        group = one["DefaultActions"][0]["TargetGroupArn"]
        (target,) = elb.describe_target_groups(TargetGroupArns=[group])["TargetGroups"]
        listener = Listener(port=one["Port"], target_port=target["Port"])
        if one["Protocol"] == "TLS":
            pair = certificate(_names(aws("acm"), one["Certificates"]))
            ends = {"certificate": pair.certificate, "key": pair.key, "alpn": alpn(service)}
            listener = listener.model_copy(update=ends)
        elif one["Protocol"] != "TCP":
            raise SandboxError(f"{_path(service)}: the sandbox's load balancers speak no {one['Protocol']}")
        listeners.append(listener)
    return Balancer(
        service=_path(service),
        address=address,
        targets=tuple(targets),
        listeners=tuple(sorted(listeners, key=lambda one: one.port)),
        health=health_check(service),
        terminates=terminates(service),
    )


def _find(elb: Any, path: str) -> dict[str, Any]:
    balancers = {one["LoadBalancerArn"]: one for one in elb.describe_load_balancers()["LoadBalancers"]}
    described = elb.describe_tags(ResourceArns=list(balancers))["TagDescriptions"] if balancers else []
    for one in described:
        if {"Key": _STACK_TAG, "Value": path} in one["Tags"]:
            return balancers[one["ResourceArn"]]
    raise SandboxError(f"Service {path} has no load balancer", remedy="run `standfast up --target sandbox`")


def _names(acm: Any, certificates: Sequence[Mapping[str, Any]]) -> list[str]:
    """Every name that the listener's certificates cover."""
    names: list[str] = []
    for one in certificates:
        described = acm.describe_certificate(CertificateArn=one["CertificateArn"])["Certificate"]
        names += [described["DomainName"], *described.get("SubjectAlternativeNames", [])]
    return sorted(set(names))


def _annotations(service: Mapping[str, Any]) -> dict[str, str]:
    notes: Mapping[str, str] = service["metadata"].get("annotations") or {}
    return {key.removeprefix(_PREFIX): value for key, value in notes.items() if key.startswith(_PREFIX)}


def _path(service: Mapping[str, Any]) -> str:
    return f"{service['metadata']['namespace']}/{service['metadata']['name']}"
