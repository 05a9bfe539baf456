from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.twins.balancers import Port, balancer_of, has_resources, is_ours, target_group_name

PREFIX = "service.beta.kubernetes.io/aws-load-balancer-"


def service(annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "name": "istio-ingressgateway",
            "namespace": "istio-system",
            "uid": "1",
            "annotations": {f"{PREFIX}{key}": value for key, value in (annotations or {}).items()},
        },
        "spec": {
            "type": "LoadBalancer",
            "loadBalancerClass": "service.k8s.aws/nlb",
            "ports": [{"name": "https", "port": 443, "targetPort": 8443}, {"name": "status", "port": 15021}],
            **spec,
        },
    }


def test_only_this_class_is_ours() -> None:
    assert is_ours(service())
    assert not is_ours(service(loadBalancerClass="other.example.com/lb"))
    assert not is_ours(service(loadBalancerClass=None))
    assert not is_ours(service(type="ClusterIP"))
    leaving = service()
    leaving["metadata"]["deletionTimestamp"] = "now"
    assert not is_ours(leaving)


def test_a_service_is_held_while_its_balancer_lives() -> None:
    held = service()
    assert not has_resources(held)
    held["metadata"]["finalizers"] = ["other", "service.k8s.aws/resources"]
    assert has_resources(held)


@pytest.mark.parametrize(
    ("annotations", "scheme", "role"),
    [
        ({}, "internal", "kubernetes.io/role/internal-elb"),
        ({"scheme": "internet-facing"}, "internet-facing", "kubernetes.io/role/elb"),
        ({"scheme": "internal"}, "internal", "kubernetes.io/role/internal-elb"),
        ({"internal": "false"}, "internet-facing", "kubernetes.io/role/elb"),
    ],
)
def test_scheme_and_subnets_follow_the_annotation(
    annotations: dict[str, str], scheme: str, role: str
) -> None:
    balancer = balancer_of(service(annotations), "standfast-us-east")
    assert (balancer.scheme, balancer.subnet_role) == (scheme, role)


def test_name_is_the_annotations_or_the_controllers() -> None:
    assert balancer_of(service({"name": "standfast-us-east"}), "c").name == "standfast-us-east"
    assert balancer_of(service(), "c").name.startswith("k8s-istiosys-istioing-")


@given(st.text(max_size=60))
def test_names_fit_into_32_characters(cluster: str) -> None:
    balancer = balancer_of(service(), cluster)
    assert len(balancer.name) <= 32
    assert all(len(target_group_name(balancer, port)) <= 32 for port in balancer.ports)


def test_tls_ends_at_the_ports_that_are_named() -> None:
    given_ = {"ssl-cert": "arn:one, arn:two", "ssl-ports": "https"}
    assert balancer_of(service(given_), "c").ports == (
        Port(number=443, target=8443, protocol="TLS", certificates=("arn:one", "arn:two")),
        Port(number=15021, target=15021, protocol="TCP"),
    )
    everywhere = balancer_of(service({"ssl-cert": "arn:one"}), "c").ports
    assert [port.protocol for port in everywhere] == ["TLS", "TLS"]
