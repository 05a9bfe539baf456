"""One random drill after another, each reproducible from its own seed."""

from __future__ import annotations

import random
from dataclasses import replace

from drills.model import Options, Say
from drills.scenarios import SCENARIOS
from drills.target import Target
from drills.traffic.result import RunResult, TrafficReport
from drills.traffic.run import run
from drills.traffic.stage import Clock

NAME = "soak"


def drawn(target: Target, seed: int) -> tuple[str, str]:
    """The drill and the region that a seed stands for."""
    rng = random.Random(seed)  # noqa: S311 - the same seed must give the same drill
    return rng.choice(sorted(SCENARIOS)), rng.choice(sorted(target.regions))


def soak(target: Target, options: Options, say: Say, clock: Clock | None = None) -> TrafficReport:
    """Hold `options.runs` drills with seeds that count up from `options.seed`.

    Each is drawn from its own seed alone, so that a failing one is held again by that seed and one run. All
    of them are held, also after one has failed: the platform must stand what comes next.
    """
    results: list[RunResult] = []
    remarks: tuple[str, ...] = ()
    clock = clock or Clock()
    began = clock.now()
    for number in range(options.runs):
        seed = options.seed + number
        name, region = drawn(target, seed)
        say(f"{number + 1} of {options.runs}: {name} in {region}, seed {seed}")
        once = replace(options, region=region, zone="", seed=seed, runs=1)
        report = run(SCENARIOS[name], target, once, say, clock, began=began)
        (result,), remarks = report.runs, report.remarks
        if result.reasons:
            say(f"seed {seed}: {'; '.join(result.reasons)}")
        results.append(result)
    return TrafficReport(NAME, options.region, options.seed, tuple(results), remarks)
