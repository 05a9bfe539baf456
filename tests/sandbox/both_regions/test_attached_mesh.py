"""The mesh of two deployed regions: real istiod and Envoy, from a client's request to a pod of the peer."""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from config import names as rule
from config.platform import Purpose
from drills.traffic.target import PodFault
from sandbox.mesh import analysis, gateways
from sandbox.mesh import lifecycle as mesh
from sandbox.moto import client
from sandbox.network import lifecycle as network
from sandbox.network import public_ca
from sandbox.network.plan import WORLD
from sandbox.paths import SandboxPaths
from sandbox.platform import platform_of
from sandbox.pods import lifecycle as pods
from sandbox.state import SandboxState
from tests.sandbox.both_regions.platform import Platform

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]

HOME, PEER = "us-east", "eu-west"
ASKER = Path(__file__).with_name("asker.py")
BROKEN_ROUTE = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: broken, namespace: ml-serving}
spec:
  hosts: [x.example.com]
  gateways: [istio-system/no-such-gateway]
  http: [{route: [{destination: {host: inference-service.ml-serving.svc.cluster.local, subset: nowhere}}]}]
"""


@pytest.mark.parametrize("region", [HOME, PEER])
def test_istioctl_has_nothing_to_warn_of(both: Platform, region: str) -> None:
    found = analysis.analyze(both.state, region)
    assert [str(one) for one in found if one.level != "Info"] == []


def test_istioctl_would_tell(both: Platform) -> None:
    found = analysis.analyze(both.state, HOME, beside=BROKEN_ROUTE)
    told = {(one.code, one.origin) for one in found if one.level != "Info"}
    assert told == {
        ("IST0101", "VirtualService ml-serving/broken"),
        ("IST0132", "VirtualService ml-serving/broken"),
    }


@pytest.fixture(scope="module")
def attached(both: Platform) -> Iterator[SandboxState]:
    """The sandbox with its network, and pods that answer; afterwards as it was."""
    state = both.state
    try:
        network.attach(state)
        for region in (HOME, PEER):
            wait_for_answer(state, region)
        yield state
    finally:
        network.detach(state)
        pods.wait_ready(state)
        empty_buckets(state)


def empty_buckets(state: SandboxState) -> None:
    """Delete models and backups with all versions: a bucket that holds something cannot be destroyed."""
    platform = platform_of(state)
    for region, purpose in itertools.product(state.regions, Purpose):
        s3 = client("s3", state.moto_url, state.region(region).location)
        bucket = rule.bucket_of(platform, purpose, region)
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for one in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                s3.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])


def ask(state: SandboxState, name: str, seconds: float) -> list[dict[str, Any]]:
    """What a client in `world` is answered: `t`, `ok`, `status`, `region` and `pod` of each request."""
    root = public_ca.ensure(SandboxPaths.of(state.id)).root
    argv = [sys.executable, str(ASKER), str(root), f"{name}.{state.domain}", str(seconds)]
    said = network.namespaces(state)[WORLD].run(argv)
    return [json.loads(line) for line in said.splitlines()]


def wait_for_answer(state: SandboxState, name: str, region: str = "") -> None:
    """Endpoints reach the gateways a moment after pods are ready, ejected ones come back after a minute."""
    deadline = time.monotonic() + 150.0
    wanted = {region} if region else {HOME, PEER}
    # One answer is not enough: while some endpoints are still ejected, both regions answer.
    while not (seen := {answer["region"] for answer in ask(state, name, 2.0)}) <= wanted:
        assert time.monotonic() < deadline, f"{region or 'nobody'} does not answer for {name}: {seen}"
        time.sleep(0.5)


def all_pods(state: SandboxState, fault: PodFault | None) -> None:
    """Give all pods of the home region a fault, or take it from them."""
    faults = network.faults(state)
    for zone in state.region(HOME).zones:
        faults.pod_faults(HOME, zone, {"*": fault} if fault else {})


def test_a_client_reaches_a_pod_of_the_region_it_asks(attached: SandboxState) -> None:
    for region in (HOME, PEER):
        (answer, *_) = ask(attached, region, 0.1)
        assert (answer["status"], answer["region"]) == (200, region)


def test_with_all_local_pods_dead_the_peers_answer(attached: SandboxState) -> None:
    # A gateway that has just started knows the peer's pods a while after its own: until then nobody is left.
    all_pods(attached, PodFault(dead=True))
    wait_for_answer(attached, "inference", PEER)
    all_pods(attached, None)
    wait_for_answer(attached, "inference", HOME)
    with ThreadPoolExecutor(max_workers=1) as pool:
        asking = pool.submit(ask, attached, "inference", 14.0)
        time.sleep(3.0)
        killed = time.time()
        try:
            all_pods(attached, PodFault(dead=True))
            answers = asking.result()
        finally:
            all_pods(attached, None)
    before = [one for one in answers if one["t"] < killed - 0.5]
    late = [one for one in answers if one["t"] > killed + 2.5]
    assert {one["region"] for one in before} == {HOME}
    assert {one["region"] for one in late} == {PEER}
    assert all(one["ok"] for one in before + late)
    # One connection leads to one pod of the peer: did it stay, a single pod would carry the lost region.
    assert len({one["pod"] for one in late}) > 1


def test_a_gateway_that_died_comes_back(attached: SandboxState) -> None:
    plan, members = network.plan(attached), network.namespaces(attached)
    assert mesh.stop_gateway(attached, plan, PEER)
    assert not any(one["ok"] for one in ask(attached, PEER, 0.1))
    mesh.start_gateway(attached, plan, members, PEER, gateways.INGRESS)
    wait_for_answer(attached, PEER)
