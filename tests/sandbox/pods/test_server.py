"""A pod's server over loopback TLS: who gets in, and what is answered."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.mesh.security import callers, deny_by_default
from sandbox.errors import SandboxError
from sandbox.pods.faults import Fault
from sandbox.pods.identity import Authority, identity, principal_of, server_context
from sandbox.pods.models import Model
from sandbox.pods.policies import allowed
from sandbox.pods.probes import Answer
from sandbox.pods.server import INFER, LIVE, MODEL_READY, PREDICT, READY, Place, PodServer
from tests.sandbox.pods.authority import client, two_regions

ADDRESS = "127.118.0.7"
GATEWAY = callers()["spec"]["rules"][0]["from"][0]["source"]["principals"][0]
TENSOR = {"name": "input", "shape": [1, 2], "datatype": "FP32", "data": [0.5, 2.0]}


@pytest.fixture(scope="module")
def authorities() -> tuple[Authority, Authority]:
    return two_regions()


def free_port() -> int:
    with socket.create_server((ADDRESS, 0)) as probe:
        return probe.getsockname()[1]


@pytest.fixture
def pod(authorities: tuple[Authority, Authority]) -> Iterator[PodServer]:
    port = free_port()
    deployed: list[dict[str, Any]] = [deny_by_default(), callers()]
    for rule in deployed[1]["spec"]["rules"]:
        rule["to"] = [{"operation": {"ports": [str(port)]}}]
    context = server_context(authorities[0], identity("ml-serving", "inference-service"))
    place = Place(pod="inference-1", zone="us-east-1a", region="us-east")
    made = PodServer(place, (ADDRESS, port), context, lambda request: allowed(deployed, request))
    made.model = Model("00000007", "aa")
    made.listen(True)
    yield made
    made.listen(False)


class Caller:
    """One connection of a caller."""

    def __init__(self, pod: PodServer, context: ssl.SSLContext) -> None:
        address = pod.address
        self.connection = http.client.HTTPSConnection(*address, context=context, timeout=5)

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any, dict[str, str]]:
        data = json.dumps(body).encode() if body is not None else None
        self.connection.request(method, path, data)
        answer = self.connection.getresponse()
        text = answer.read()
        document = json.loads(text) if text.startswith(b"{") else text.decode()
        return answer.status, document, {name.lower(): value for name, value in answer.getheaders()}


@pytest.fixture
def gateway(pod: PodServer, authorities: tuple[Authority, Authority], tmp_path: Path) -> Caller:
    """The ingress gateway of the other region, whose intermediate has the same root."""
    return Caller(pod, client(authorities[1], authorities[0], GATEWAY, tmp_path))


def test_an_inference_names_pod_zone_region_and_version(gateway: Caller):
    status, document, headers = gateway.ask("POST", INFER, {"id": "7", "inputs": [TENSOR]})
    assert status == 200
    assert document == {
        "model_name": "default",
        "model_version": "00000007",
        "id": "7",
        "outputs": [TENSOR],
        "parameters": {
            "pod": "inference-1",
            "zone": "us-east-1a",
            "region": "us-east",
            "model_version": "00000007",
        },
    }
    assert headers["x-standfast-pod"] == "inference-1"
    assert headers["x-standfast-model-version"] == "00000007"
    # The same connection serves more requests, as a gateway's does.
    assert gateway.ask("POST", PREDICT, {"instances": [[1.0]]})[:2] == (200, {"predictions": [[1.0]]})
    for path in (READY, LIVE, MODEL_READY):
        assert gateway.ask("GET", path)[0] == 200
    assert gateway.ask("GET", "/nowhere")[0] == 404


@pytest.mark.parametrize("body", [{}, {"inputs": [{"name": "x"}]}, [1], "text"])
def test_what_is_no_inference_request_is_refused(gateway: Caller, body: Any):
    assert gateway.ask("POST", INFER, body)[0] == 400


def test_a_body_in_chunks_is_read_whole(gateway: Caller):
    body = json.dumps({"inputs": [TENSOR]}).encode()
    gateway.connection.request("POST", INFER, iter([body[:9], body[9:]]), encode_chunked=True)
    answer = gateway.connection.getresponse()
    assert (answer.status, json.loads(answer.read())["outputs"]) == (200, [TENSOR])
    assert gateway.ask("GET", LIVE)[0] == 200


def test_a_principal_that_no_policy_names_is_refused(
    pod: PodServer, authorities: tuple[Authority, Authority], tmp_path: Path
):
    stranger = identity("ml-serving", "inference-service")
    caller = Caller(pod, client(authorities[0], authorities[0], stranger, tmp_path))
    assert caller.ask("POST", INFER, {"inputs": [TENSOR]})[:2] == (403, "RBAC: access denied")
    assert caller.ask("GET", READY)[0] == 403


def test_plain_text_is_refused(pod: PodServer):
    address = pod.address
    connection = http.client.HTTPConnection(*address, timeout=5)
    with pytest.raises((OSError, http.client.HTTPException)):
        connection.request("GET", LIVE)
        connection.getresponse()


def test_a_caller_without_a_certificate_is_refused(
    pod: PodServer, authorities: tuple[Authority, Authority], tmp_path: Path
):
    with pytest.raises((OSError, http.client.HTTPException)):
        Caller(pod, client(None, authorities[0], "", tmp_path)).ask("GET", LIVE)


def test_a_certificate_of_another_root_is_refused(
    pod: PodServer, authorities: tuple[Authority, Authority], tmp_path: Path
):
    foreign = two_regions()[0]
    with pytest.raises((OSError, http.client.HTTPException)):
        Caller(pod, client(foreign, authorities[0], GATEWAY, tmp_path)).ask("GET", LIVE)


def test_the_server_shows_its_own_identity(
    pod: PodServer, authorities: tuple[Authority, Authority], tmp_path: Path
):
    address = pod.address
    context = client(authorities[1], authorities[1], GATEWAY, tmp_path)
    with socket.create_connection(address, timeout=5) as raw, context.wrap_socket(raw) as secured:
        assert principal_of(secured.getpeercert()) == "cluster.local/ns/ml-serving/sa/inference-service"
        assert secured.selected_alpn_protocol() == "istio"


def test_readiness_fails_on_demand_and_health_knows_nothing_of_a_gray_failure(
    pod: PodServer, gateway: Caller
):
    pod.fault = Fault(fail_readiness=True)
    assert (gateway.ask("GET", READY)[0], gateway.ask("GET", LIVE)[0]) == (503, 200)
    assert pod.ask(READY) == Answer(503)
    pod.fault = Fault(error_rate=1.0)
    assert gateway.ask("POST", INFER, {"inputs": [TENSOR]})[0] == 500
    assert gateway.ask("GET", READY)[0] == 200
    pod.fault = Fault(delay_s=0.3)
    begun = time.monotonic()
    assert gateway.ask("POST", INFER, {"inputs": [TENSOR]})[0] == 200
    assert time.monotonic() - begun >= 0.3


def test_a_share_of_requests_fails(pod: PodServer):
    pod.fault = Fault(error_rate=0.5)
    body = json.dumps({"inputs": [TENSOR]}).encode()
    failed = sum(pod.infer(INFER, body)[0] == 500 for _ in range(400))
    assert 130 < failed < 270


def test_a_dead_pod_refuses_and_hangs_up(pod: PodServer, gateway: Caller):
    assert gateway.ask("GET", LIVE)[0] == 200
    pod.listen(False)
    with pytest.raises((OSError, http.client.HTTPException)):
        gateway.connection.request("GET", LIVE)
        gateway.connection.getresponse()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(pod.address, timeout=1)
    assert pod.ask(LIVE) == Answer(None)
    pod.listen(True)
    assert pod.ask(LIVE) == Answer(200)


def test_an_authority_without_its_parts_is_refused():
    data = {"ca-cert.pem": base64.b64encode(b"x").decode()}
    with pytest.raises(SandboxError, match=r"cacerts has no cert-chain\.pem, root-cert\.pem, ca-key\.pem"):
        Authority.of(data)
