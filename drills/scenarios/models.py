"""Models that should not have been published."""

from __future__ import annotations

from drills.scenarios.scenario import Scenario, Step, at
from drills.traffic.promises import (
    ROLLED_BACK,
    RPO_S,
    bad_model_gone,
    copy_age,
    models_back,
    unnoticed,
)
from drills.traffic.returns import Emptied, Returns, same, sums_of
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


_QUIET_S = 10.0
"""Seconds without a new version before the mistake: whatever was published must come back."""

_REACTION_S = 5.0
"""Seconds until a person starts the way back."""


def _rest(stage: Stage) -> None:
    _hold_publishing(stage)
    stage.note("action", "nobody publishes for a while")


def _empty_buckets(stage: Stage) -> None:
    copy, ledger = stage.traffic.copy(), stage.ledger.read()
    stores = {region: stage.traffic.models(region) for region in stage.place.zones}
    sums = sums_of(stores[stage.place.region], ledger)
    copied = frozenset(version for version, expected in sums.items() if same(copy, expected))
    emptied = Emptied(t=stage.clock.now(), sums=sums, copied=copied, rpo_s=copy.rpo_s)

    def empty() -> None:
        for store in stores.values():
            store.empty()

    stage.break_("every version is deleted in the buckets of every region", empty, copy.restore)
    stage.returns = Returns(stores, emptied, stage.clock.now)
    newest = max((entry.acknowledged_at for entry in ledger if entry.version in copied), default=None)
    age = "there is none" if newest is None else f"the newest is {emptied.t - newest:.1f} s old"
    stage.note("action", f"the copy has {len(copied)} of {len(sums)} versions, {age}")


def _restore(stage: Stage) -> None:
    stage.note("action", "the copy is restored")
    stage.traffic.copy().restore()


SCENARIOS = (
    Scenario(
        name="bucket-loss",
        breaks="the models: every version is deleted in every region's bucket",
        steps=(
            Step(do=_rest),
            Step(do=_empty_buckets, after=at(_QUIET_S)),
            Step(do=_restore, after=at(_QUIET_S + _REACTION_S)),
        ),
        promises=(models_back, copy_age, unnoticed),
        watch_s=_EVERYWHERE_S,
    ),
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
