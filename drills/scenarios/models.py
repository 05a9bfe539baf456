"""Models that should not have been published."""

from __future__ import annotations

from drills.scenarios.scenario import Scenario, Step, at
from drills.traffic.promises import ROLLED_BACK, RPO_S, bad_model_gone, unnoticed
from drills.traffic.stage import Stage

_EVERYWHERE_S = 40.0
"""Seconds that a version is given to reach the pods of every region."""


def _hold_publishing(stage: Stage) -> str:
    """No further version, until all is healed; the newest one there is."""
    stage.publishing = False
    return stage.publisher.last


def _publish_bad(stage: Stage) -> None:
    good = _hold_publishing(stage)
    stage.break_(
        "a bad model version is published",
        stage.publisher.publish,
        lambda: stage.publisher.roll_back(good),
    )


def _roll_back(stage: Stage) -> None:
    stage.mark(ROLLED_BACK)
    good = int(stage.publisher.last) - 1
    stage.publisher.roll_back(f"{good:0{len(stage.publisher.last)}d}")
    stage.note("action", "the bad version is rolled back")


def _publish_torn(stage: Stage) -> None:
    good = _hold_publishing(stage)
    stage.break_(
        "a model version is published whose end was lost on the way",
        lambda: stage.publisher.publish(truncated=True),
        lambda: stage.publisher.roll_back(good),
    )


SCENARIOS = (
    Scenario(
        name="bad-model",
        breaks="the model: a bad version is published, and rolled back",
        steps=(Step(do=_publish_bad), Step(do=_roll_back, after=at(_EVERYWHERE_S))),
        promises=(unnoticed, bad_model_gone),
        watch_s=RPO_S,
    ),
    Scenario(
        name="torn-model",
        breaks="a model version, half of which is missing",
        steps=(Step(do=_publish_torn),),
        promises=(unnoticed,),
        watch_s=_EVERYWHERE_S,
    ),
)
