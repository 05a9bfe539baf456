"""Regions that are lost, cut off from each other, or come and go."""

from __future__ import annotations

from config.timings import NODE_GRACE, TOLERATION
from drills.scenarios.scenario import Scenario, Step, at, once
from drills.traffic.invariants import ALWAYS, fails_over_once
from drills.traffic.promises import (
    LAST_RETURN,
    REGION_LOSS_S,
    SECOND,
    cluster_rpo,
    flapping,
    gateway_loss,
    region_loss,
    region_loss_stretched,
    replication_catches_up,
    rpo,
    unnoticed,
    zone_errors,
)
from drills.traffic.stage import Stage
from drills.traffic.target import Resolver

PEAK = 3.0
"""The client's rate at peak, as a multiple of the usual one."""

_FLAP_S = 12.0
"""Longer than a health check's interval and shorter than three: noticed, and no reason to leave."""

_FLAPS = 4
_SETTLED_S = 15.0


def _lose(stage: Stage) -> None:
    stage.cut_region(stage.place.region)


def _lose_survivors_zone(stage: Stage) -> None:
    place = stage.place
    region, zone = place.survivor, stage.random.choice(place.zones[place.survivor])
    stage.mark(SECOND)
    stage.break_(
        f"{zone} of the survivor {region} is gone too",
        lambda: stage.traffic.cut_zone(region, zone),
        lambda: stage.traffic.restore_zone(region, zone),
    )


def _stop_gateway(stage: Stage) -> None:
    region = stage.place.region
    stage.break_(
        f"the ingress gateway of {region} is gone",
        lambda: stage.traffic.stop_gateway(region),
        lambda: stage.traffic.start_gateway(region),
    )


def _part(stage: Stage) -> None:
    here, there = stage.place.region, stage.place.survivor
    stage.break_(
        f"{here} and {there} do not reach each other",
        lambda: stage.traffic.partition(here, there),
        lambda: stage.traffic.heal_partition(here, there),
    )


def _stop_api_server(stage: Stage) -> None:
    region = stage.place.region
    stage.break_(
        f"the API server of {region} is gone",
        lambda: stage.traffic.stop_api_server(region),
        lambda: stage.traffic.start_api_server(region),
    )


def _pause_replication(stage: Stage) -> None:
    region = stage.place.region
    stage.break_(
        f"replication out of {region} is paused",
        lambda: stage.traffic.pause_replication(region),
        lambda: stage.traffic.resume_replication(region),
    )


def _away(stage: Stage) -> None:
    region = stage.place.region
    stage.unreachable.add(region)
    stage.break_(
        f"{region} is gone",
        lambda: stage.traffic.cut_region(region),
        lambda: stage.traffic.restore_region(region),
    )


def _back(stage: Stage) -> None:
    region = stage.place.region
    stage.traffic.restore_region(region)
    stage.unreachable.discard(region)
    stage.mark(LAST_RETURN)
    stage.note("action", f"{region} is back")


_flaps = tuple(
    step
    for number in range(_FLAPS)
    for step in (
        Step(do=_away, after=at(2 * number * _FLAP_S)),
        Step(do=_back, after=at((2 * number + 1) * _FLAP_S)),
    )
)

SCENARIOS = (
    Scenario(
        name="region-loss",
        breaks="a region's link, without a goodbye",
        steps=once(_lose),
        promises=(region_loss, rpo, cluster_rpo),
    ),
    Scenario(
        name="region-loss-at-peak",
        breaks="a region's link, while clients call three times as often",
        steps=once(_lose),
        promises=(region_loss, rpo, cluster_rpo),
        load=PEAK,
    ),
    Scenario(
        name="region-loss-stretched",
        breaks="a region's link, for clients whose resolver keeps answers longer than they allow",
        steps=once(_lose),
        promises=(region_loss_stretched, rpo),
        resolver=Resolver.STRETCHING,
    ),
    Scenario(
        name="gateway-loss",
        breaks="a region's ingress gateway; everything behind it lives",
        steps=once(_stop_gateway),
        promises=(gateway_loss,),
    ),
    Scenario(
        name="double-fault",
        breaks="a region, and a zone of the survivor once clients are there",
        steps=(
            Step(do=_lose),
            Step(do=_lose_survivors_zone, after=lambda _: REGION_LOSS_S + _SETTLED_S),
        ),
        promises=(region_loss, rpo, cluster_rpo, zone_errors),
    ),
    Scenario(
        name="flapping-region",
        breaks="a region's link, four times for 12 seconds",
        steps=_flaps,
        promises=(flapping,),
        invariants=(*ALWAYS, fails_over_once),
    ),
    Scenario(
        name="peer-partition",
        breaks="the way between two regions that both live",
        steps=once(_part),
        promises=(unnoticed, replication_catches_up),
        watch_s=45.0,
    ),
    Scenario(
        name="api-server-loss",
        breaks="a region's Kubernetes API server",
        steps=once(_stop_api_server),
        promises=(unnoticed,),
        watch_s=45.0,
        # A node that could not tell of itself meanwhile may still be held for lost, and its pods moved.
        aftermath_s=(NODE_GRACE + TOLERATION).total_seconds(),
    ),
    Scenario(
        name="replication-paused",
        breaks="the replication of models out of a region",
        steps=once(_pause_replication),
        promises=(unnoticed, replication_catches_up),
        watch_s=30.0,
    ),
)
