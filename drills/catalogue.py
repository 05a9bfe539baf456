"""Every drill by its name."""

from __future__ import annotations

from functools import partial

from drills.errors import UnknownDrillError
from drills.model import Drill, Options, Report, Say
from drills.scenarios import SCENARIOS
from drills.target import Target
from drills.traffic.run import run
from drills.traffic.target import TrafficTarget
from drills.zone_loss import scenario as zone_loss


def _lose_zone(target: Target, options: Options, say: Say) -> Report:
    """With clients where there are some or they are asked for; their own service only without them."""
    there = isinstance(target, TrafficTarget) and target.has_traffic
    if options.as_in_the_lesson or not (options.traffic or there):
        return zone_loss.run(target, options, say)
    return run(SCENARIOS["zone-loss"], target, options, say)


DRILLS = {
    name: Drill(name, scenario.breaks, _lose_zone if name == "zone-loss" else partial(run, scenario))
    for name, scenario in SCENARIOS.items()
}


def find(name: str) -> Drill:
    """The drill of this name. UnknownDrillError when there is none."""
    try:
        return DRILLS[name]
    except KeyError:
        raise UnknownDrillError(name, sorted(DRILLS)) from None
