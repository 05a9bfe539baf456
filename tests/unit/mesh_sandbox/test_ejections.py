"""What Envoy's log of ejections says, as a drill tells it."""

from __future__ import annotations

from typing import Any

from sandbox.mesh.ejections import Ejection, ejections, told
from sandbox.network.plan import NetworkPlan

PLAN = NetworkPlan.of({"us-east": ("us-east-1a", "us-east-1b"), "eu-west": ("eu-west-1a", "eu-west-1b")})
SERVICE = "inference-service"
CLUSTER = "outbound|80||inference-service.ml-serving.svc.cluster.local"


def line(second: float, upstream: str, **changed: Any) -> dict[str, Any]:
    return {
        "type": "CONSECUTIVE_5XX",
        "timestamp": f"2026-01-01T00:00:{second:06.3f}Z",
        "cluster_name": CLUSTER,
        "upstream_url": upstream,
        "action": "EJECT",
        "num_ejections": 1,
        "enforced": True,
        **changed,
    }


def pod(zone: str, number: int) -> str:
    block = PLAN.regions["us-east"].pods[zone]
    return f"{block.rpartition('.')[0]}.{number}:8080"


def test_an_endpoint_is_known_by_its_zone_and_a_peer_by_its_region() -> None:
    log = [
        line(1.0, pod("us-east-1b", 5)),
        line(2.0, f"{PLAN.regions['eu-west'].east_west_balancer}:15443", action="UNEJECT", enforced=False),
        line(3.0, "10.1.2.3:80"),
    ]
    found = list(ejections(log, PLAN, SERVICE))
    assert [(one.out, one.where) for one in found] == [
        (True, "us-east-1b"),
        (False, "eu-west"),
        (True, "10.1.2.3"),
    ]
    assert found[1].t - found[0].t == 1.0


def test_other_services_and_ejections_that_were_not_enforced_are_left_out() -> None:
    log = [
        line(1.0, pod("us-east-1a", 5), cluster_name="outbound|15012||istiod.istio-system.svc"),
        line(1.0, pod("us-east-1a", 5), enforced=False),
    ]
    assert list(ejections(log, PLAN, SERVICE)) == []


def test_what_comes_together_is_one_event() -> None:
    found = [
        Ejection(10.0, True, "us-east-1a"),
        Ejection(10.4, True, "us-east-1b"),
        Ejection(11.0, True, "us-east-1a"),
        Ejection(13.5, True, "us-east-1a"),
        Ejection(40.0, False, "us-east-1a"),
    ]
    assert [(event.t, event.kind, event.what) for event in told("the gateway", found)] == [
        (10.0, "ejected", "the gateway ejects 2 endpoints in us-east-1a"),
        (10.4, "ejected", "the gateway ejects 1 endpoint in us-east-1b"),
        (13.5, "ejected", "the gateway ejects 1 endpoint in us-east-1a"),
        (40.0, "readmitted", "the gateway takes back 1 endpoint in us-east-1a"),
    ]
