"""Failover, as the engine would see it."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import pulumi

from components.failover.component import Failover
from tests.program.recording import Recording, record
from tests.unit.failover.arguments import ARGS


@cache
def recording() -> Recording:
    return record(lambda: Failover("failover", replace(ARGS, token=pulumi.Output.secret("hush"))))


def test_all_objects_are_children_named_after_the_component() -> None:
    component = recording().one("standfast:failover:Failover")
    children = [r for r in recording().resources if r is not component]
    assert children
    assert all(r.parent == component.urn and r.name.startswith("failover-") for r in children)


def test_rights_and_bus_are_there_before_a_sensor_runs() -> None:
    sensor = recording().named("failover-trigger")
    for name in ("failover-role-binding", "failover-token", "failover-network-sensors", "failover-bus"):
        assert recording().before(recording().named(name), sensor)


def test_the_token_is_secret_in_the_state_and_nowhere_else() -> None:
    secret = recording().one("kubernetes:core/v1:Secret")
    assert "stringData" in secret.secret_inputs
    others = [r.inputs for r in recording().resources if r is not secret]
    assert "hush" not in json.dumps(others)


def test_objects_do_not_grow_with_the_number_of_peers() -> None:
    many = [f"region-{number}" for number in range(23)]
    grown = record(lambda: Failover("failover", replace(ARGS, peers=many)))
    assert len(grown.resources) == len(recording().resources)
