"""A pod's server as a gateway asks it where the DestinationRule upgrades to HTTP/2."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from sandbox.pods.faults import Fault
from sandbox.pods.identity import identity, server_context
from sandbox.pods.models import Model
from sandbox.pods.server import INFER, READY, Place, PodServer
from tests.sandbox.pods.authority import client, two_regions

ADDRESS = "127.118.0.8"
FRIEND = identity("istio-system", "istio-ingressgateway")
AUTHORITIES = two_regions()


@pytest.fixture
def pod() -> Iterator[PodServer]:
    with socket.create_server((ADDRESS, 0)) as probe:
        port = int(probe.getsockname()[1])
    own, _ = AUTHORITIES
    context = server_context(own, identity("ml-serving", "inference-service"))
    place = Place(pod="inference-1", zone="us-east-1a", region="us-east")
    server = PodServer(place, (ADDRESS, port), context, lambda request: request.principal == FRIEND)
    server.model = Model("00000007", "aa")
    server.listen(True)
    yield server
    server.listen(False)


def speaking(pod: PodServer, principal: str, folder: Path) -> dict[str, Any]:
    context = client(AUTHORITIES[1], AUTHORITIES[0], principal, folder)
    host, port = pod.address
    return {
        "http1": False,
        "http2": True,
        "verify": context,
        "base_url": f"https://{host}:{port}",
        "trust_env": False,
    }


def caller(pod: PodServer, principal: str, folder: Path) -> httpx2.Client:
    return httpx2.Client(**speaking(pod, principal, folder))


def tensor(numbers: int) -> dict[str, object]:
    return {"name": "x", "shape": [numbers], "datatype": "FP32", "data": [0.5] * numbers}


def test_requests_share_a_connection_and_say_where_they_were_answered(pod: PodServer, tmp_path: Path) -> None:
    with caller(pod, FRIEND, tmp_path) as gateway:
        assert gateway.get(READY).status_code == 200
        answer = gateway.post(INFER, json={"inputs": [tensor(2)]})
        assert gateway.get("/nowhere").status_code == 404
    assert answer.http_version == "HTTP/2"
    assert answer.json()["parameters"]["pod"] == "inference-1"
    assert answer.headers["x-standfast-model-version"] == "00000007"


def test_a_body_larger_than_any_window_comes_back_whole(pod: PodServer, tmp_path: Path) -> None:
    with caller(pod, FRIEND, tmp_path) as gateway:
        answer = gateway.post(INFER, json={"inputs": [tensor(200_000)]})
    assert answer.json()["outputs"] == [tensor(200_000)]


def test_a_slow_request_keeps_no_other_waiting(pod: PodServer, tmp_path: Path) -> None:
    pod.fault = Fault(delay_s=3.0)

    async def ask() -> None:
        async with httpx2.AsyncClient(**speaking(pod, FRIEND, tmp_path)) as gateway:
            slow = asyncio.create_task(gateway.post(INFER, json={"inputs": [tensor(1)]}))
            await asyncio.sleep(0.3)
            assert (await gateway.get(READY)).status_code == 200
            assert not slow.done()
            assert (await slow).status_code == 200

    asyncio.run(ask())


def test_a_stranger_with_a_good_certificate_is_refused(pod: PodServer, tmp_path: Path) -> None:
    with caller(pod, identity("default", "stranger"), tmp_path) as stranger:
        answer = stranger.get(READY)
    assert (answer.status_code, answer.text) == (403, "RBAC: access denied")


def test_a_dead_pod_breaks_its_connections(pod: PodServer, tmp_path: Path) -> None:
    with caller(pod, FRIEND, tmp_path) as gateway:
        assert gateway.get(READY).status_code == 200
        pod.listen(False)
        with pytest.raises(httpx2.TransportError):
            gateway.get(READY)
