"""The platform's promises, each put to the evidence of a drill: pure."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from config.timings import REPLICATION
from drills.traffic.log import TIMEOUT_S
from drills.traffic.measure import (
    Evidence,
    backup_age,
    bad_seconds,
    between,
    caught_up,
    largest_lag,
    last_served,
    recovery,
)
from drills.traffic.target import Detection

REGION_LOSS_S = 75.0
ZONE_ERRORS_S = 10.0
ZONE_CAPACITY_S = 60.0
ZONE_CAPACITY_NODE_S = 0.1
PODS_FAILING_S = 2.0
RPO_S = 60.0
CLUSTER_RPO_S = 1800.0

MODELS_BACK_S = REPLICATION.total_seconds()
"""From the other cloud into one region, and from there into its peers, for which S3 promises so much.

Models as large as a drill's add nothing to it that could be seen."""

SECOND = "second fault"
ROLLED_BACK = "rolled back"
LAST_RETURN = "last return"

FLOOR_SHARE = 1.25
"""How far above the floor a failover may stay."""


@dataclass(frozen=True, kw_only=True)
class Pledge:
    """What the platform promises, and the drills that put it to the test."""

    name: str
    budget_s: float
    tested_by: tuple[str, ...]


_LOSSES = ("region-loss", "region-loss-at-peak", "double-fault")

OF_THE_PLATFORM = (
    Pledge(name="region-loss", budget_s=REGION_LOSS_S, tested_by=_LOSSES),
    Pledge(name="zone-loss-errors-end", budget_s=ZONE_ERRORS_S, tested_by=("zone-loss", "double-fault")),
    Pledge(name="zone-loss-full-capacity", budget_s=ZONE_CAPACITY_S, tested_by=("zone-loss",)),
    Pledge(name="rpo-models", budget_s=RPO_S, tested_by=(*_LOSSES, "region-loss-stretched")),
    Pledge(name="rpo-cluster-state", budget_s=CLUSTER_RPO_S, tested_by=_LOSSES),
)
"""That nobody asks a control plane while clients wait is an invariant, and held in every drill."""


class Source(StrEnum):
    """Where the seconds come from: real programs, what stands for a part of the cloud, or both."""

    MEASURED = "measured"
    MODELLED = "modelled"
    MIXED = "mixed"


@dataclass(frozen=True, kw_only=True)
class Promise:
    """One promise and what became of it; `measured_s` is None where it did not come true at all."""

    name: str
    budget_s: float
    measured_s: float | None
    source: Source
    floor_s: float | None = None

    @property
    def kept(self) -> bool:
        return self.measured_s is not None and self.measured_s <= self.budget_s


Judge = Callable[[Evidence], Promise]


def judged_until(evidence: Evidence, end: float) -> float:
    """The end of what can be judged: what began later may have met the next thing that happened."""
    return min(end, evidence.ended) - TIMEOUT_S


def _failover(name: str, budget_s: Callable[[Detection], float] = lambda _: REGION_LOSS_S) -> Judge:
    def judge(evidence: Evidence) -> Promise:
        end = judged_until(evidence, evidence.marks.get(SECOND, evidence.healed))
        return Promise(
            name=name,
            budget_s=budget_s(evidence.detection),
            measured_s=recovery(evidence.requests, evidence.fault, end),
            # The detection and the answers are Route 53's; the client and what serves it are real.
            source=Source.MIXED,
            floor_s=evidence.detection.floor_s,
        )

    return judge


region_loss = _failover("region-loss")
gateway_loss = _failover("gateway-loss")
# What such a resolver adds is not the platform's: the share above the floor is.
region_loss_stretched = _failover("region-loss-stretched", lambda detection: FLOOR_SHARE * detection.floor_s)


def _errors_end(name: str, budget_s: float) -> Judge:
    def judge(evidence: Evidence) -> Promise:
        start = evidence.marks.get(SECOND, evidence.fault)
        measured = recovery(evidence.requests, start, judged_until(evidence, evidence.healed))
        return Promise(name=name, budget_s=budget_s, measured_s=measured, source=Source.MEASURED)

    return judge


zone_errors = _errors_end("zone-loss-errors-end", ZONE_ERRORS_S)
pods_failing = _errors_end("pods-failing-errors-end", PODS_FAILING_S)
slow_pods = _errors_end("slow-pods-errors-end", ZONE_ERRORS_S)


def flapping(evidence: Evidence) -> Promise:
    """Once the region stays, clients are served as after the loss of it at the latest."""
    start = evidence.marks[LAST_RETURN]
    measured = recovery(evidence.requests, start, judged_until(evidence, evidence.healed))
    return Promise(
        name="flapping-region-served-again",
        budget_s=REGION_LOSS_S,
        measured_s=measured,
        source=Source.MIXED,
    )


def zone_capacity(evidence: Evidence) -> Promise:
    """Until as many pods are ready in the living zones as the service has."""
    return Promise(
        name="zone-loss-full-capacity",
        budget_s=ZONE_CAPACITY_S + ZONE_CAPACITY_NODE_S * evidence.nodes,
        measured_s=None if evidence.capacity is None else evidence.capacity.all_ready,
        source=Source.MEASURED,
    )


def unnoticed(evidence: Evidence) -> Promise:
    """Clients notice nothing: not one second with less than 99 % success, from the fault to the end."""
    end = judged_until(evidence, evidence.ended)
    served = between(evidence.requests, evidence.fault, end)
    return Promise(
        name="clients-notice-nothing",
        budget_s=0.0,
        measured_s=float(bad_seconds(evidence.requests, evidence.fault, end)) if served else None,
        source=Source.MEASURED,
    )


def rpo(evidence: Evidence) -> Promise:
    """What the survivors lacked when the region was lost."""
    return Promise(
        name="rpo-models",
        budget_s=RPO_S,
        measured_s=largest_lag(evidence, evidence.fault),
        source=Source.MODELLED,
    )


def cluster_rpo(evidence: Evidence) -> Promise:
    """How old the state was that a survivor could start from when the region was lost."""
    return Promise(
        name="rpo-cluster-state",
        budget_s=CLUSTER_RPO_S,
        measured_s=backup_age(evidence, evidence.fault),
        source=Source.MODELLED,
    )


def replication_catches_up(evidence: Evidence) -> Promise:
    """From the end of the fault until every region has all that was acknowledged by then."""
    return Promise(
        name="replication-catches-up",
        budget_s=RPO_S,
        measured_s=caught_up(evidence, evidence.healed),
        source=Source.MODELLED,
    )


def bad_model_gone(evidence: Evidence) -> Promise:
    """From the rollback until no client is answered by the bad version any more."""
    start = evidence.marks[ROLLED_BACK]
    bad = max(entry.version for entry in evidence.ledger if entry.acknowledged_at <= start)
    last = last_served(evidence.requests, bad)
    after = between(evidence.requests, start, judged_until(evidence, evidence.ended))
    still = bool(after) and after[-1].model_version == bad
    return Promise(
        name="bad-model-gone",
        budget_s=RPO_S,
        # One that nobody was served shows nothing about its end.
        measured_s=None if last is None or still else max(0.0, last - start),
        source=Source.MIXED,
    )


def models_back(evidence: Evidence) -> Promise:
    """From the mistake until every version that was published is there again in every region, to the byte.

    One that the copy had not yet, and did not have to have, is what the RPO allows to be lost.
    """
    measured: float | None = None
    if (emptied := evidence.emptied) is not None:
        due = {
            entry.version
            for entry in evidence.ledger
            if entry.version in emptied.copied
            or (entry.version in emptied.sums and entry.acknowledged_at <= emptied.t - emptied.rpo_s)
        }
        moments = [known.get(version, math.inf) for known in evidence.back.values() for version in due]
        last = max(moments, default=math.inf)
        measured = None if last == math.inf else last - emptied.t
    # The restore is the program's own script; the services that it speaks to are not the clouds'.
    return Promise(
        name="models-back-from-copy", budget_s=MODELS_BACK_S, measured_s=measured, source=Source.MIXED
    )


def copy_age(evidence: Evidence) -> Promise:
    """How old the newest version was that the copy had when everything else was gone."""
    emptied = evidence.emptied
    copied = [e.acknowledged_at for e in evidence.ledger if emptied and e.version in emptied.copied]
    return Promise(
        name="rpo-copy",
        budget_s=emptied.rpo_s if emptied else 0.0,
        measured_s=emptied.t - max(copied) if emptied and copied else None,
        source=Source.MODELLED,
    )
