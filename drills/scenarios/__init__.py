"""The drills with traffic: what each of them breaks, and which promises it puts to the test."""

from drills.scenarios import models, pods, regions
from drills.scenarios.pods import ZONE_LOSS
from drills.scenarios.scenario import Scenario

SCENARIOS: dict[str, Scenario] = {
    scenario.name: scenario
    for scenario in (ZONE_LOSS, *regions.SCENARIOS, *pods.SCENARIOS, *models.SCENARIOS)
}

__all__ = ["SCENARIOS", "Scenario"]
