"""A zone's pods from start to end, with a clock of the test's own and real servers on loopback."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.pods.faults import Faults
from sandbox.pods.identity import identity, server_context
from sandbox.pods.models import Model
from sandbox.pods.status import Health
from sandbox.pods.zone import Settings, Zone
from tests.sandbox.pods.authority import two_regions

PORT = 28080
NO_FAULTS = Faults({})
STARTING = Health(ready=False, started=False, restarts=0)
READY = Health(ready=True, started=True, restarts=0)


def pod(name: str, address: str, **status: Any) -> dict[str, Any]:
    container = {
        "name": "inference",
        "startupProbe": {"httpGet": {"path": "/v2/health/live"}, "periodSeconds": 1, "failureThreshold": 9},
        "readinessProbe": {"httpGet": {"path": "/v2/health/ready"}, "periodSeconds": 1},
        "livenessProbe": {"httpGet": {"path": "/v2/health/live"}, "periodSeconds": 1},
        "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
    }
    return {
        "metadata": {"name": name, "uid": f"uid-{name}", "labels": {"app": "inference"}},
        "spec": {"serviceAccountName": "inference-service", "containers": [container]},
        "status": {"phase": "Running", "podIP": address, **status},
    }


def answers(address: str) -> bool:
    try:
        socket.create_connection((address, PORT), timeout=1).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.fixture(scope="module")
def context() -> ssl.SSLContext:
    return server_context(two_regions()[0], identity("ml-serving", "inference-service"))


@pytest.fixture
def zone(context: ssl.SSLContext) -> Iterator[Zone]:
    made = Zone(
        Settings(
            region="us-east",
            zone="us-east-1a",
            block="127.119.0.0/20",
            load_seconds=4.0,
            context=lambda _: context,
            authorize=lambda labels, request: True,
            port=PORT,
        )
    )
    yield made
    made.end()


def run(zone: Zone, start: float, end: float, faults: Faults = NO_FAULTS) -> list[Health]:
    """Tick four times a second; what is said of the first pod, each time it changes."""
    seen: list[Health] = []
    for quarter in range(round(start * 4), round(end * 4)):
        zone.tick(quarter / 4, faults)
        found = [health for _, health in zone.healths()]
        if found and (not seen or seen[-1] != found[0]):
            seen.append(found[0])
    return seen


def test_a_pod_loads_then_listens_then_is_ready(zone: Zone):
    zone.model = Model("1", "aa")
    zone.event("ADDED", pod("a", "127.119.0.5"), 100.0)
    assert run(zone, 100, 103.9) == [STARTING]
    assert not answers("127.119.0.5")
    assert run(zone, 104, 107)[-1] == READY
    assert answers("127.119.0.5")


def test_without_a_model_it_never_listens(zone: Zone):
    zone.event("ADDED", pod("a", "127.119.0.5"), 100.0)
    assert run(zone, 100, 107) == [STARTING]
    assert not answers("127.119.0.5")
    zone.model = Model("1", "aa")
    assert run(zone, 107, 110)[-1] == READY


def test_pods_of_other_zones_and_those_without_an_address_are_left_alone(zone: Zone):
    zone.event("ADDED", pod("other", "127.119.99.5"), 100.0)
    zone.event("ADDED", pod("pending", "", phase="Pending"), 100.0)
    zone.tick(100.0, NO_FAULTS)
    assert zone.healths() == []


def test_a_deleted_pod_serves_while_its_hook_sleeps(zone: Zone):
    zone.model = Model("1", "aa")
    made = pod("a", "127.119.0.5")
    zone.event("ADDED", made, 100.0)
    run(zone, 100, 107)
    zone.event("DELETED", made, 107.0)
    assert zone.healths() == []
    run(zone, 107, 111.9)
    assert answers("127.119.0.5")
    run(zone, 111.9, 112.5)
    assert not answers("127.119.0.5")


def test_an_address_that_is_given_again_belongs_to_the_new_pod(zone: Zone):
    zone.model = Model("1", "aa")
    zone.event("ADDED", pod("a", "127.119.0.5"), 100.0)
    run(zone, 100, 107)
    zone.event("DELETED", pod("a", "127.119.0.5"), 107.0)
    zone.event("ADDED", pod("b", "127.119.0.5"), 107.0)
    assert not answers("127.119.0.5")
    assert run(zone, 107, 114)[-1] == READY


def test_a_dead_pod_is_found_unready_then_restarted_and_comes_back_when_it_may(zone: Zone):
    zone.model = Model("1", "aa")
    zone.event("ADDED", pod("a", "127.119.0.5"), 100.0)
    run(zone, 100, 107)
    dead = Faults.parse('{"pods": {"a": {"dead": true}}}')
    seen = run(zone, 107, 115, dead)
    assert seen[-1] == Health(ready=False, started=False, restarts=1)
    assert not answers("127.119.0.5")
    assert run(zone, 115, 122)[-1] == Health(ready=True, started=True, restarts=1)


def test_restarts_of_before_are_kept(zone: Zone):
    zone.event("ADDED", pod("a", "127.119.0.5", containerStatuses=[{"restartCount": 3}]), 100.0)
    zone.tick(100.0, NO_FAULTS)
    assert [health.restarts for _, health in zone.healths()] == [3]


def test_a_pod_whose_probe_is_not_understood_stays_unready_and_harms_no_other(zone: Zone):
    odd = pod("odd", "127.119.0.6")
    odd["spec"]["containers"][0]["livenessProbe"] = {"exec": {"command": ["true"]}}
    zone.event("ADDED", odd, 100.0)
    zone.event("ADDED", pod("a", "127.119.0.5"), 100.0)
    zone.tick(100.0, NO_FAULTS)
    assert [found["metadata"]["name"] for found, _ in zone.healths()] == ["a"]
