"""What a deployed Service's load balancer is taken to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.mesh.services_aws import east_west_service, ingress_service
from sandbox.certs import Pair
from sandbox.errors import SandboxError
from sandbox.mesh.balancer_settings import alpn, balancer, health_check, terminates
from tests.unit.mesh.given import ARGS

INGRESS = ingress_service(replace(ARGS, certificate_arn="arn:1"))
EAST_WEST = east_west_service(ARGS)
PREFIX = "service.beta.kubernetes.io/aws-load-balancer-"


class Elb:
    """What moto answers of one load balancer with one listener."""

    def __init__(self, path: str, listener: dict[str, Any], target: int) -> None:
        self._path, self._listener, self._target = path, listener, target

    def describe_load_balancers(self) -> dict[str, Any]:
        return {"LoadBalancers": [{"LoadBalancerArn": "lb"}]}

    def describe_tags(self, **asked: list[str]) -> dict[str, Any]:
        tags = [{"Key": "service.k8s.aws/stack", "Value": self._path}]
        return {"TagDescriptions": [{"ResourceArn": arn, "Tags": tags} for arn in asked["ResourceArns"]]}

    def describe_listeners(self, **_: str) -> dict[str, Any]:
        return {"Listeners": [{**self._listener, "DefaultActions": [{"TargetGroupArn": "tg"}]}]}

    def describe_target_groups(self, **_: list[str]) -> dict[str, Any]:
        return {"TargetGroups": [{"Port": self._target}]}


class Acm:
    def describe_certificate(self, **_: str) -> dict[str, Any]:
        names = ["us-east.example.com", "inference.example.com"]
        return {"Certificate": {"DomainName": names[0], "SubjectAlternativeNames": names}}


def read(service: dict[str, Any], path: str, listener: dict[str, Any], target: int) -> tuple[Any, list[str]]:
    asked: list[str] = []

    def certificate(names: Sequence[str]) -> Pair:
        asked.extend(names)
        return Pair(Path("c"), Path("k"))

    clients: dict[str, Any] = {"elbv2": Elb(path, listener, target), "acm": Acm()}
    found = balancer(
        service,
        address="100.64.0.10",
        targets=["100.64.0.20"],
        aws=clients.__getitem__,
        certificate=certificate,
    )
    return found, asked


def test_the_ingress_ends_tls_for_the_certificates_names() -> None:
    listener = {"Port": 443, "Protocol": "TLS", "Certificates": [{"CertificateArn": "arn:1"}]}
    found, names = read(INGRESS, "istio-system/istio-ingressgateway", listener, 8080)
    (one,) = found.listeners
    assert (one.port, one.target_port, one.alpn) == (443, 8080, ("h2", "http/1.1"))
    assert one.certificate == Path("c")
    assert names == ["inference.example.com", "us-east.example.com"]


def test_the_east_west_one_passes_tls_through() -> None:
    listener = {"Port": 15443, "Protocol": "TCP"}
    found, names = read(EAST_WEST, "istio-system/istio-eastwestgateway", listener, 15443)
    assert found.listeners[0].certificate is None
    assert names == []


@pytest.mark.parametrize("service", [INGRESS, EAST_WEST])
def test_targets_are_judged_as_the_service_asks(service: dict[str, Any]) -> None:
    check = health_check(service)
    assert (check.port, check.path) == (15021, "/healthz/ready")
    assert (check.interval_s, check.timeout_s) == (5, 2)
    assert (check.healthy_threshold, check.unhealthy_threshold) == (2, 2)
    assert terminates(service)


def test_a_service_without_a_load_balancer_is_an_error() -> None:
    with pytest.raises(SandboxError, match="istio-system/istio-ingressgateway has no load balancer"):
        read(INGRESS, "another/service", {"Port": 443, "Protocol": "TCP"}, 8080)


def test_udp_is_not_known() -> None:
    with pytest.raises(SandboxError, match="speak no UDP"):
        read(EAST_WEST, "istio-system/istio-eastwestgateway", {"Port": 53, "Protocol": "UDP"}, 53)


def annotated(key: str, value: str) -> dict[str, Any]:
    metadata = INGRESS["metadata"]
    return {
        **INGRESS,
        "metadata": {**metadata, "annotations": {**metadata["annotations"], PREFIX + key: value}},
    }


def test_health_checks_of_another_kind_are_refused() -> None:
    with pytest.raises(SandboxError, match="health checks by tcp"):
        health_check(annotated("healthcheck-protocol", "TCP"))


def test_an_unknown_alpn_policy_is_refused() -> None:
    with pytest.raises(SandboxError, match="HTTP3Only is no ALPN policy"):
        alpn(annotated("alpn-policy", "HTTP3Only"))
