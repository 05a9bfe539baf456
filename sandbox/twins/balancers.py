"""What the AWS Load Balancer Controller makes of a Service: pure.

https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/annotations/ and
…/guide/service/nlb/.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LOAD_BALANCER_CLASS = "service.k8s.aws/nlb"
FINALIZER = "service.k8s.aws/resources"
_PREFIX = "service.beta.kubernetes.io/aws-load-balancer-"
_LONGEST_NAME = 32


@dataclass(frozen=True, kw_only=True)
class Port:
    """One listener. protocol: TCP, UDP, TLS or TCP_UDP; certificates only for TLS."""

    number: int
    target: int
    protocol: str
    certificates: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Balancer:
    """A network load balancer. scheme: `internal` or `internet-facing`."""

    name: str
    scheme: str
    ports: tuple[Port, ...]

    @property
    def subnet_role(self) -> str:
        """The tag by which the controller finds the subnets: …/latest/deploy/subnet_discovery/."""
        return f"kubernetes.io/role/{'elb' if self.scheme == 'internet-facing' else 'internal-elb'}"


def is_ours(service: Mapping[str, Any]) -> bool:
    """Whether the Service asks for a load balancer of this class and is there to stay."""
    spec, metadata = service.get("spec") or {}, service["metadata"]
    return (
        spec.get("type") == "LoadBalancer"
        and spec.get("loadBalancerClass") == LOAD_BALANCER_CLASS
        and not metadata.get("deletionTimestamp")
    )


def has_resources(service: Mapping[str, Any]) -> bool:
    """Whether a load balancer has been made for the Service."""
    return FINALIZER in (service["metadata"].get("finalizers") or [])


def balancer_of(service: Mapping[str, Any], cluster: str) -> Balancer:
    """The load balancer of a Service in a cluster."""
    metadata, spec = service["metadata"], service["spec"]
    notes: Mapping[str, str] = metadata.get("annotations") or {}
    scheme = notes.get(f"{_PREFIX}scheme", "internal")
    if f"{_PREFIX}scheme" not in notes and notes.get(f"{_PREFIX}internal") == "false":
        scheme = "internet-facing"
    certificates = tuple(_listed(notes.get(f"{_PREFIX}ssl-cert")))
    encrypted = _listed(notes.get(f"{_PREFIX}ssl-ports")) or ["*"]
    ports = []
    for port in spec.get("ports") or []:
        tls = certificates and ({"*", str(port["port"]), port.get("name")} & set(encrypted))
        target = port.get("targetPort")
        ports.append(
            Port(
                number=int(port["port"]),
                target=target if isinstance(target, int) else int(port["port"]),
                protocol="TLS" if tls else str(port.get("protocol", "TCP")),
                certificates=certificates if tls else (),
            )
        )
    name = notes.get(f"{_PREFIX}name") or default_name(metadata, cluster, scheme)
    return Balancer(name=name[:_LONGEST_NAME], scheme=scheme, ports=tuple(ports))


def default_name(metadata: Mapping[str, Any], cluster: str, scheme: str) -> str:
    """The controller's own name: eight characters each of namespace and name, ten of a hash."""
    digest = hashlib.sha256(f"{cluster}{metadata.get('uid', '')}{scheme}".encode()).hexdigest()
    namespace, name = (_letters(str(metadata[key]))[:8] for key in ("namespace", "name"))
    return f"k8s-{namespace}-{name}-{digest[:10]}"


def target_group_name(balancer: Balancer, port: Port) -> str:
    """The name of a port's target group, 32 characters at most."""
    digest = hashlib.sha256(f"{balancer.name}/{port.number}/{port.protocol}".encode()).hexdigest()
    return f"k8s-{_letters(balancer.name)[:16]}-{digest[:10]}"


def _letters(text: str) -> str:
    return "".join(char for char in text if char.isalnum())


def _listed(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]
