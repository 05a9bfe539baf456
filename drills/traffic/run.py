"""Holds a scenario as often as is asked for. What was broken is always mended."""

from __future__ import annotations

import time

from drills.errors import DrillError
from drills.model import Options, Say
from drills.scenarios.scenario import Scenario
from drills.target import Target
from drills.traffic.holding import Holding, Setting
from drills.traffic.result import RunResult, TrafficReport
from drills.traffic.stage import Clock
from drills.traffic.target import traffic_of


def run(
    scenario: Scenario,
    target: Target,
    options: Options,
    say: Say,
    clock: Clock | None = None,
    *,
    began: float | None = None,
) -> TrafficReport:
    """Hold the scenario `options.runs` times. DrillError when it cannot be held.

    The platform has been watched since `began`, where other drills were held before this one.
    """
    clock = clock or Clock()
    if options.zone and options.zone not in target.zones(options.region):
        zones = ", ".join(target.zones(options.region))
        raise DrillError(f"{options.zone} is no zone of {options.region}; its zones are {zones}")
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(clock.now()))
    folder = target.logs(options.region) / "drills" / f"{scenario.name}-{stamp}"
    results: list[RunResult] = []
    with traffic_of(target) as traffic:
        setting = Setting(
            scenario=scenario,
            target=target,
            traffic=traffic,
            options=options,
            say=say,
            clock=clock,
            began=clock.now() if began is None else began,
        )
        for number in range(options.runs):
            seed = options.seed + number
            if options.runs > 1:
                say(f"run {number + 1} of {options.runs}, seed {seed}")
            results.append(Holding(setting, folder / f"seed-{seed}", seed).hold())
        remarks = tuple(traffic.remarks)
    return TrafficReport(scenario.name, options.region, options.seed, tuple(results), remarks)
