"""Lines of request logs become calls that an invariant can judge."""

from __future__ import annotations

from typing import Any

import pytest

from drills.traffic.target import Call
from sandbox.request_logs import of_api_server, of_moto

REGIONS = {"us-east-1": "us-east", "eu-west-1": "eu-west"}
BUCKETS = {"standfast-model-registry-us-east-1": "us-east", "standfast-model-registry-eu-west-1": "eu-west"}


def _moto(**given: Any) -> dict[str, Any]:
    return {"t": 7.0, "caller": "", "service": "", "location": "", "what": "", "status": 200, **given}


@pytest.mark.parametrize(
    ("line", "to", "origin"),
    [
        (
            _moto(
                caller="pods-us-east-us-east-1a",
                what="GET /standfast-model-registry-eu-west-1/models/default/current.json",
            ),
            "s3/eu-west",
            "us-east",
        ),
        (_moto(caller="istiod-eu-west", service="route53", location="us-east-1"), "route53", "eu-west"),
        (_moto(caller="provider-aws", service="ec2", location="eu-west-1"), "ec2/eu-west", ""),
        (_moto(caller="velero-us-east", service="s3", location="ap-south-1"), "s3/ap-south-1", "us-east"),
    ],
)
def test_a_line_of_moto_tells_who_called_what(line: dict[str, Any], to: str, origin: str) -> None:
    assert of_moto(line, REGIONS, BUCKETS) == Call(t=7.0, to=to, origin=origin, what=line["what"])


@pytest.mark.parametrize(
    "caller", ["", "dns-world", "dns-eu-west", "replication", "transfer", "twins-us-east"]
)
def test_the_cloud_s_own_parts_and_people_are_no_callers(caller: str) -> None:
    assert of_moto(_moto(caller=caller, service="route53", location="us-east-1"), REGIONS, BUCKETS) is None


def _asked(user: str) -> dict[str, Any]:
    return {
        "user": {"username": f"system:serviceaccount:{user}"},
        "verb": "list",
        "requestURI": "/api/v1/services",
        "requestReceivedTimestamp": "1970-01-01T00:00:07.500000Z",
    }


def test_a_peer_is_known_by_the_token_that_it_was_given() -> None:
    call = of_api_server(_asked("istio-system:standfast-mesh-reader"), "eu-west", REGIONS)
    assert call == Call(t=7.5, to="kubernetes/eu-west", origin="us-east", what="list /api/v1/services")


def test_among_three_regions_it_is_one_of_the_peers() -> None:
    three = {**REGIONS, "ap-south-1": "ap-south"}
    assert of_api_server(_asked("istio-system:standfast-mesh-reader"), "eu-west", three).origin == "a peer"


def test_anyone_else_asks_its_own_region() -> None:
    assert of_api_server(_asked("istio-system:istiod"), "eu-west", REGIONS).origin == "eu-west"
