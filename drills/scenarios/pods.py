"""Zones and pods that are gone, wrong or slow."""

from __future__ import annotations

from typing import Any

from drills.errors import DrillError
from drills.scenarios.scenario import Scenario, once
from drills.traffic.promises import pods_failing, slow_pods, unnoticed, zone_capacity, zone_errors
from drills.traffic.stage import Stage
from drills.traffic.target import PodFault
from drills.view import ZONE_LABEL
from drills.zone_loss.scenario import NAMESPACE

SLOW_S = 5.0
"""Longer than any client waits, and yet every connection and every health check of TCP is well."""

_EVERY = "*"
_APP = {"app": "inference"}


def _lose_zone(stage: Stage) -> None:
    region, zone = stage.place.region, stage.place.zone
    stage.break_(
        f"{zone} is gone",
        lambda: stage.traffic.cut_zone(region, zone),
        lambda: stage.traffic.restore_zone(region, zone),
    )


def _all_unready(stage: Stage) -> None:
    region = stage.place.region
    for zone in stage.place.zones[region]:
        fault = PodFault(fail_readiness=True)
        stage.pods(zone, {_EVERY: fault}, f"every pod in {zone} fails its readiness probe")


def _all_dead(stage: Stage) -> None:
    region = stage.place.region
    for zone in stage.place.zones[region]:
        stage.pods(zone, {_EVERY: PodFault(dead=True)}, f"every pod in {zone} dies")


def _half_erring(stage: Stage) -> None:
    zone = stage.place.zone
    pods = sorted(_pods(stage, zone))
    chosen = stage.random.sample(pods, (len(pods) + 1) // 2)
    faults = {pod: PodFault(error_rate=1.0) for pod in chosen}
    stage.pods(zone, faults, f"{len(chosen)} of {len(pods)} pods in {zone} answer 500")


def _slow(stage: Stage) -> None:
    zone = stage.place.zone
    stage.pods(
        zone, {_EVERY: PodFault(delay_s=SLOW_S)}, f"every pod in {zone} takes {SLOW_S:g} s for an answer"
    )


def _drain(stage: Stage) -> None:
    region = stage.place.region
    node = stage.random.choice(sorted(set(_pods(stage, stage.place.zone).values())))
    stage.break_(
        f"node {node} is drained",
        lambda: stage.traffic.drain(region, node),
        lambda: stage.traffic.uncordon(region, node),
    )


def _pods(stage: Stage, zone: str) -> dict[str, str]:
    """The service's pods in the zone, and their nodes."""
    zones = {
        node["metadata"]["name"]: (node["metadata"].get("labels") or {}).get(ZONE_LABEL)
        for node in stage.cluster.list("Node")
    }
    found: dict[str, str] = {}
    for pod in stage.cluster.list("Pod", NAMESPACE):
        labels: dict[str, Any] = pod["metadata"].get("labels") or {}
        node = pod["spec"].get("nodeName", "")
        if _APP.items() <= labels.items() and zones.get(node) == zone:
            found[pod["metadata"]["name"]] = node
    if not found:
        raise DrillError(f"no pod of the service runs in {zone}; name another with --zone")
    return found


ZONE_LOSS = Scenario(
    name="zone-loss",
    breaks="every node of one zone",
    steps=once(_lose_zone),
    promises=(zone_errors, zone_capacity),
    capacity=True,
)

SCENARIOS = (
    Scenario(
        name="pods-unready",
        breaks="the readiness of every pod of a region",
        steps=once(_all_unready),
        promises=(pods_failing,),
        watch_s=30.0,
    ),
    Scenario(
        name="pods-dead",
        breaks="every pod of a region: they refuse connections, and nobody has told the mesh",
        steps=once(_all_dead),
        promises=(pods_failing,),
        watch_s=10.0,
    ),
    Scenario(
        name="pods-erroring",
        breaks="half of a zone's pods: they answer 500",
        steps=once(_half_erring),
        promises=(pods_failing,),
        watch_s=30.0,
    ),
    Scenario(
        name="slow-pods",
        breaks="a zone's pods: they answer when nobody waits any more",
        steps=once(_slow),
        promises=(slow_pods,),
        watch_s=30.0,
    ),
    Scenario(
        name="node-drain",
        breaks="a node, in good order and within the disruption budget",
        steps=once(_drain),
        promises=(unnoticed,),
        watch_s=30.0,
    ),
)
