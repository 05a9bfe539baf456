"""The gateways' load balancers."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.mesh.services_aws import east_west_service, ingress_service
from tests.lesson import manifest
from tests.unit.mesh.given import ARGS, PEER

PREFIX = "service.beta.kubernetes.io/aws-load-balancer-"
LESSON = manifest("service")


def annotation(service: dict[str, Any], key: str) -> str:
    return service["metadata"]["annotations"][PREFIX + key]


def enters_the_mesh_at_its_gateway(service: dict[str, Any]) -> None:
    """The load balancer's targets are gateways, whose mTLS, retries and failover all requests get."""
    assert service["spec"]["type"] == "LoadBalancer"
    assert service["spec"]["selector"]["istio"] == "ingressgateway"


def survives_a_zone(service: dict[str, Any]) -> None:
    """Every zone's address has targets, also where the node it comes in at has none."""
    assert service["spec"]["externalTrafficPolicy"] == "Cluster"
    assert "load_balancing.cross_zone.enabled=true" in annotation(service, "attributes")


@pytest.mark.parametrize("holds", [enters_the_mesh_at_its_gateway, survives_a_zone])
class TestMendedFault:
    def test_ours_holds(self, holds: Any) -> None:
        holds(ingress_service(ARGS))

    def test_the_lessons_does_not(self, holds: Any) -> None:
        with pytest.raises((AssertionError, KeyError)):
            holds(LESSON)


@pytest.mark.parametrize("service", [ingress_service(ARGS), east_west_service(ARGS)])
class TestBoth:
    def test_a_pod_is_judged_by_its_own_readiness(self, service: dict[str, Any]) -> None:
        assert annotation(service, "nlb-target-type") == "ip"
        assert annotation(service, "healthcheck-protocol") == "http"
        assert annotation(service, "healthcheck-port") == "15021"
        assert annotation(service, "healthcheck-path") == "/healthz/ready"

    def test_a_dead_gateway_is_out_in_ten_seconds(self, service: dict[str, Any]) -> None:
        misses = int(annotation(service, "healthcheck-unhealthy-threshold"))
        assert misses * int(annotation(service, "healthcheck-interval")) <= 10

    def test_it_is_the_controllers_by_class(self, service: dict[str, Any]) -> None:
        assert service["spec"]["loadBalancerClass"] == "service.k8s.aws/nlb"
        assert service["spec"]["allocateLoadBalancerNodePorts"] is False

    def test_every_annotation_is_text(self, service: dict[str, Any]) -> None:
        assert all(isinstance(value, str) for value in service["metadata"]["annotations"].values())


class TestIngress:
    def test_tls_ends_at_the_load_balancer_with_the_regions_certificate(self) -> None:
        service = ingress_service(ARGS)
        assert annotation(service, "ssl-cert") == ARGS.certificate_arn
        assert annotation(service, "ssl-ports") == "443"
        assert annotation(service, "ssl-negotiation-policy").startswith("ELBSecurityPolicy-TLS13-1-2")
        assert [port["port"] for port in service["spec"]["ports"]] == [443]
        assert service["spec"]["ports"][0]["targetPort"] == 8080

    def test_tags_reach_the_load_balancer(self) -> None:
        service = ingress_service(replace(ARGS, tags={"a/b": "c", "d": "e"}))
        assert annotation(service, "additional-resource-tags") == "a/b=c,d=e"


class TestEastWest:
    def test_istiod_finds_the_networks_gateway_by_its_label(self) -> None:
        service = east_west_service(ARGS)
        assert service["metadata"]["labels"]["topology.istio.io/network"] == "standfast-us-east"
        assert service["metadata"]["name"] == "istio-eastwestgateway"
        assert {port["port"]: port["targetPort"] for port in service["spec"]["ports"]} == {
            15021: 15021,
            15443: 15443,
        }

    def test_tls_goes_through_to_the_pod(self) -> None:
        keys = east_west_service(ARGS)["metadata"]["annotations"]
        assert not any("ssl" in key for key in keys)

    def test_only_peers_and_the_region_itself_come_in(self) -> None:
        assert east_west_service(ARGS)["spec"]["loadBalancerSourceRanges"] == [
            "10.16.0.0/16",
            "203.0.113.5/32",
            "203.0.113.7/32",
        ]

    @given(st.lists(st.lists(st.ip_addresses(v=4).map(str), max_size=3), max_size=4))
    def test_it_is_never_open_to_all(self, addresses: list[list[str]]) -> None:
        peers = [replace(PEER, region=f"r-{number}", nat_ips=found) for number, found in enumerate(addresses)]
        ranges = east_west_service(replace(ARGS, peers=peers))["spec"]["loadBalancerSourceRanges"]
        assert ranges
        assert all(ipaddress.ip_network(cidr).prefixlen >= 8 for cidr in ranges)
        assert len(ranges) == 1 + len({address for found in addresses for address in found})
