"""The mesh, as the engine would see it."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from functools import cache
from typing import Any

import pulumi
import pytest

from components.mesh.args import MeshArgs, MeshCaArgs
from components.mesh.component import Mesh, MeshCa
from components.shared.manifests import register
from tests.program.recording import Recording, record
from tests.unit.mesh.given import ARGS, PEER

GROUND: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "istiod"}}
SERVING: dict[str, Any] = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ml-serving"}}
CA = MeshCaArgs(
    root_cert="ROOT",
    ca_cert="CERT",
    cert_chain="CHAIN",
    ca_key=pulumi.Output.secret("the key of the authority"),
)


def program(args: MeshArgs) -> dict[str, Any]:
    ground, serving = register("istiod", GROUND), register("ml-serving", SERVING)
    MeshCa("mesh-ca", replace(CA, after=[ground]))
    mesh = Mesh("mesh", replace(args, after=[ground], serving=[serving]))
    return {
        "ingress": mesh.ingress_hostname,
        "east_west": mesh.east_west_hostname,
        "token": mesh.remote_reader_token,
        "token_is_secret": mesh.remote_reader_token.is_secret(),
    }


@cache
def recording() -> Recording:
    return record(lambda: program(ARGS))


def test_children_are_named_after_their_component() -> None:
    for type_, name in (("standfast:mesh:Mesh", "mesh"), ("standfast:mesh:MeshCa", "mesh-ca")):
        component = recording().one(type_)
        children = [r for r in recording().resources if r.parent == component.urn]
        assert children
        assert all(child.name.startswith(f"{name}-") for child in children)


def test_everything_waits_for_istiod_and_the_controller() -> None:
    component = recording().one("standfast:mesh:Mesh")
    for child in (r for r in recording().resources if r.parent == component.urn):
        assert recording().before(recording().named("istiod"), child), child.name


def test_what_stands_beside_the_service_waits_for_its_namespace() -> None:
    serving = recording().named("ml-serving")
    inside = [
        r for r in recording().resources if r.inputs.get("metadata", {}).get("namespace") == "ml-serving"
    ]
    assert len(inside) == 5
    assert all(recording().before(serving, found) for found in inside)


def test_the_authoritys_key_stays_secret() -> None:
    secret = recording().named("mesh-ca-cacerts")
    assert secret.secret_inputs >= {"data"}
    assert sorted(secret.inputs["data"]) == ["ca-cert.pem", "ca-key.pem", "cert-chain.pem", "root-cert.pem"]
    assert base64.b64decode(secret.inputs["data"]["ca-key.pem"]) == b"the key of the authority"


def test_a_joined_peer_is_a_remote_secret_that_stays_secret() -> None:
    secret = recording().named("mesh-peer-eu-west")
    assert secret.secret_inputs >= {"data"}
    config = json.loads(base64.b64decode(secret.inputs["data"]["standfast-eu-west"]))
    (cluster,) = config["clusters"]
    assert cluster["cluster"] == {
        "server": PEER.api_endpoint,
        "certificate-authority-data": PEER.api_ca,
    }
    assert config["users"][0]["user"] == {"token": "token-of-the-peer"}


def test_without_a_peer_nothing_is_joined_and_all_else_is_the_same() -> None:
    alone = record(lambda: program(replace(ARGS, peers=[])))
    names = {r.name for r in recording().resources} - {r.name for r in alone.resources}
    assert names == {"mesh-peer-eu-west"}


@pytest.mark.parametrize("count", [1, 2, 23])
def test_each_peer_adds_one_resource(count: int) -> None:
    peers = [replace(PEER, region=f"r{n}", cluster_name=f"standfast-r{n}") for n in range(count)]
    alone = len(record(lambda: program(replace(ARGS, peers=[]))).resources)
    assert len(record(lambda: program(replace(ARGS, peers=peers))).resources) == alone + count


def test_the_readers_token_is_given_as_a_secret_and_comes_after_its_account() -> None:
    assert recording().result["token"] == "token of standfast-mesh-reader-token"
    assert recording().result["token_is_secret"] is True
    assert recording().before(recording().named("mesh-reader"), recording().named("mesh-reader-token"))


def test_hostnames_come_from_the_load_balancers() -> None:
    assert recording().result["ingress"].startswith("istio-ingressgateway-")
    assert recording().result["east_west"].startswith("istio-eastwestgateway-")
