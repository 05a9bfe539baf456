"""When a region can be failed over to."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automation.ci.health import HEALTHY_SHARE, Unheard, Workload, judge

ZONES = ("us-east-1a", "us-east-1b")
GOOD = ["Success: HTTP Status Code 200, OK"]
BAD = "Failure: Connection timed out."


def node(zone: str, *, ready: bool = True, gpu: bool = True) -> dict[str, Any]:
    labels = {"topology.kubernetes.io/zone": zone, **({"standfast.dev/pool": "inference"} if gpu else {})}
    return {
        "metadata": {"labels": labels},
        "status": {"conditions": [{"type": "Ready", "status": "True" if ready else "Unknown"}]},
    }


WHOLE = Workload(
    deployment={
        "metadata": {"generation": 2},
        "spec": {"replicas": 6},
        "status": {"observedGeneration": 2, "updatedReplicas": 6, "availableReplicas": 6},
    },
    budget={"status": {"currentHealthy": 6, "desiredHealthy": 4}},
    nodes=[node(zone) for zone in ZONES],
)


def faults(
    workload: Workload | Unheard = WHOLE, observations: Sequence[str] | Unheard = GOOD, **more: Any
) -> tuple[str, ...]:
    return judge(workload, observations, steady=6, zones=ZONES, **more).faults


def changed(**parts: Any) -> Workload:
    fields: dict[str, Any] = {"deployment": WHOLE.deployment, "budget": WHOLE.budget, "nodes": WHOLE.nodes}
    return Workload(**{**copy.deepcopy(fields), **parts})


def deployment(replicas: int = 6, generation: int = 2, **status: int) -> dict[str, Any]:
    assert WHOLE.deployment is not None
    return {
        "metadata": {"generation": generation},
        "spec": {"replicas": replicas},
        "status": {**WHOLE.deployment["status"], **status},
    }


def test_a_whole_region_is_healthy() -> None:
    health = judge(WHOLE, GOOD, steady=6, zones=ZONES)
    assert (health.healthy, health.faults, health.dns) == (True, (), "1 of 1 checkers reach the region")


@pytest.mark.parametrize(
    ("workload", "said"),
    [
        (changed(deployment=None), "is not there"),
        (changed(deployment=deployment(availableReplicas=5)), "5 of 6 replicas are available"),
        (changed(deployment=deployment(updatedReplicas=2)), "2 of 6 replicas are of the present version"),
        (changed(deployment=deployment(generation=3)), "0 of 6 replicas are of the present version"),
        (changed(budget=None), "PodDisruptionBudget inference-pdb is not there"),
        (changed(budget={"status": {"currentHealthy": 3, "desiredHealthy": 4}}), "3 pods are healthy, and 4"),
        (changed(budget={"status": {}}), "0 pods are healthy"),
        (changed(nodes=[node(ZONES[0]), node(ZONES[1], ready=False)]), "us-east-1b: none of 1 GPU nodes"),
        (changed(nodes=[node(ZONES[0]), node(ZONES[1], gpu=False)]), "us-east-1b: none of 0 GPU nodes"),
        (Unheard("it cannot be asked (refused)"), "its API server: it cannot be asked (refused)"),
    ],
)
def test_each_thing_that_is_missing_is_named(workload: Workload | Unheard, said: str) -> None:
    [fault] = faults(workload)
    assert said in fault


def test_a_floor_that_was_raised_beyond_the_gpus_does_not_hold_a_rollout() -> None:
    assert not faults(changed(deployment=deployment(replicas=10)))


@given(st.integers(0, 20), st.integers(0, 20))
def test_dns_is_healthy_when_more_than_its_share_of_checkers_says_so(good: int, bad: int) -> None:
    found = faults(observations=[*GOOD * good, *[BAD] * bad])
    assert bool(found) is (good + bad == 0 or good / (good + bad) <= HEALTHY_SHARE)
    assert all(fault.startswith("DNS: ") for fault in found)


def test_a_failing_check_says_what_a_checker_said() -> None:
    assert faults(observations=[BAD]) == (f"DNS: 0 of 1 checkers reach the region ({BAD})",)
    assert faults(observations=Unheard("no record with a check")) == ("DNS: no record with a check",)


def test_where_route53_is_stood_in_for_success_proves_nothing_and_a_missing_check_still_counts() -> None:
    health = judge(WHOLE, GOOD, steady=6, zones=ZONES, stand_in="moto answers")
    assert (health.healthy, health.dns) == (True, "not judged: moto answers")
    assert faults(observations=Unheard("no record with a check"), stand_in="moto answers")
