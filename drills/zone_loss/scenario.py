"""Stops every node of one zone, watches the recovery that the program deployed, and brings the zone back."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from drills import lesson
from drills.errors import DrillError, NotSoundError
from drills.model import Options, Say
from drills.observe import Recorder, Workload, watching
from drills.target import Cluster, Target
from drills.view import ZONE_LABEL, Snapshot
from drills.zone_loss.measure import Loss, Promise, Return, living, loss, restored, skew
from drills.zone_loss.report import LessonResult, ZoneLossReport

NAMESPACE = "ml-serving"
DEPLOYMENT = "inference-service"
SERVICE = "inference-service"
BUDGET = "inference-pdb"
BUDGET_KIND = "PodDisruptionBudget"

SOUND_LIMIT = 120.0
"""Seconds until a service that was just deployed must be whole."""

STEADY = 5.0
"""Seconds that a recovery must hold to count."""

NOTICED = 60.0
"""Seconds until every node is held unreachable: 50 s of grace (kube-controller-manager's
--node-monitor-grace-period) and a monitoring period."""

TOLERATION = 300.0
"""Seconds that a pod without tolerations of its own stays bound to a node that does not answer.
https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/#taint-based-evictions"""

EVICTION_STEP = 10.0
"""Seconds between two nodes of a fully lost zone (--node-eviction-rate)."""

CLEANUP_LIMIT = 60.0
"""Seconds that the lesson's pods are given to end before their nodes go."""

LESSON_WATCHED = 60.0
"""Seconds that the lesson's replacements are watched after their eviction; the scheduler keeps trying."""


def run(target: Target, options: Options, say: Say) -> ZoneLossReport:
    """Hold the drill. DrillError when it cannot be held; a recovery that does not come is in the report."""
    region, cluster = options.region, target.cluster(options.region)
    zones = target.zones(region)
    if options.zone and options.zone not in zones:
        raise DrillError(f"{options.zone} is no zone of {region}; its zones are {', '.join(zones)}")
    # A drill that was killed cannot bring its zone back itself.
    for zone in zones:
        target.start_zone(region, zone)
    program = promise_of(
        _demand(cluster, "Deployment", DEPLOYMENT), _demand(cluster, BUDGET_KIND, BUDGET), SERVICE
    )
    with ExitStack() as stack:
        promises = [program]
        if options.as_in_the_lesson:
            say("deploying the lesson's own service beside the program's")
            promises.append(stack.enter_context(_lesson_beside(cluster, zones)))
        recorders = stack.enter_context(watching(cluster, [promise.workload for promise in promises]))
        scene = Scene(target, options, say, zones, list(zip(promises, recorders, strict=True)))
        return scene.play()


def promise_of(deployment: dict[str, Any], budget: dict[str, Any], service: str = "") -> Promise:
    """What a Deployment and its budget promise."""
    spec: dict[str, Any] = deployment["spec"]
    constraints: list[dict[str, Any]] = spec["template"]["spec"].get("topologySpreadConstraints") or []
    skews = [int(c["maxSkew"]) for c in constraints if c["topologyKey"] == ZONE_LABEL]
    metadata = deployment["metadata"]
    return Promise(
        workload=Workload(metadata["name"], metadata["namespace"], spec["selector"]["matchLabels"], service),
        replicas=int(spec["replicas"]),
        min_available=int(budget["spec"]["minAvailable"]),
        max_skew=min(skews, default=1),
    )


@dataclass
class Scene:
    """One holding of the drill; the first promise is the program's, the second, if any, the lesson's."""

    target: Target
    options: Options
    say: Say
    zones: tuple[str, ...]
    watched: list[tuple[Promise, Recorder]]

    def play(self) -> ZoneLossReport:
        """Break, watch, mend, watch."""
        for promise, recorder in self.watched:
            self._demand_sound(promise, recorder)
        promise, recorder = self.watched[0]
        before = recorder.timeline()[-1]
        zone = self.options.zone or max(self.zones, key=lambda name: before.ready.get(name, 0))
        lost, after_loss, lesson_result = self._lose(zone)
        back, after_return = self._bring_back(zone, promise, recorder)
        return ZoneLossReport(
            region=self.options.region,
            zone=zone,
            zones=self.zones,
            limit=self.options.limit,
            promise=promise,
            before=_ready(before, self.zones),
            lost=lost,
            after_loss=after_loss,
            back=back,
            after_return=after_return,
            lesson=lesson_result,
        )

    def _demand_sound(self, promise: Promise, recorder: Recorder) -> None:
        def whole(timeline: Sequence[Snapshot]) -> bool:
            now = timeline[-1]
            return living(now, self.zones) >= promise.replicas and skew(now, self.zones) <= promise.max_skew

        if not recorder.wait(whole, SOUND_LIMIT):
            now = recorder.timeline()[-1]
            spread = ", ".join(f"{zone} {count}" for zone, count in _ready(now, self.zones).items())
            raise NotSoundError(
                self.options.region,
                f"{promise.workload.namespace}/{promise.workload.name} has {living(now, self.zones)} of "
                f"{promise.replicas} replicas ready ({spread}) after {SOUND_LIMIT:.0f} s",
            )

    def _lose(self, zone: str) -> tuple[Loss, dict[str, int], LessonResult | None]:
        promise, recorder = self.watched[0]
        self.say(f"stopping every node of {zone}")
        for _, other in self.watched:
            other.restart()
        try:
            self.target.stop_zone(self.options.region, zone)
            measured = self._measured(promise, zone)
            recorder.wait(
                lambda timeline: measured(timeline).recovered,
                self.options.limit,
                lambda now: self._tell(promise, now),
                steady=STEADY,
            )
            lost, after = measured(recorder.timeline()), _ready(recorder.timeline()[-1], self.zones)
            lesson_result = self._watch_lesson(zone) if len(self.watched) > 1 else None
        finally:
            self.say(f"bringing {zone} back")
            recorder.restart()
            self.target.start_zone(self.options.region, zone)
        return lost, after, lesson_result

    def _watch_lesson(self, zone: str) -> LessonResult:
        promise, recorder = self.watched[1]
        start = recorder.timeline()
        nodes = start[0].nodes.get(zone, 0)
        due = NOTICED + TOLERATION + nodes * EVICTION_STEP + LESSON_WATCHED
        measured = self._measured(promise, zone)
        recorder.wait(
            lambda timeline: measured(timeline).recovered,
            due - start[-1].at,
            lambda now: self._tell(promise, now),
            steady=STEADY,
        )
        timeline = recorder.timeline()
        now = timeline[-1]
        return LessonResult(
            lost=measured(timeline),
            after_loss=_ready(now, self.zones),
            watched=now.at,
            pending=now.pending,
            waiting=now.waiting,
            idle_gpus=sum(count for name, count in now.idle_gpus.items() if name != zone),
        )

    def _bring_back(self, zone: str, promise: Promise, recorder: Recorder) -> tuple[Return, dict[str, int]]:
        def measured(timeline: Sequence[Snapshot]) -> Return:
            return restored(timeline, zone, self.zones, promise.replicas, promise.max_skew)

        recorder.wait(
            lambda timeline: measured(timeline).recovered,
            self.options.limit,
            lambda now: self._tell(promise, now),
            steady=STEADY,
        )
        timeline = recorder.timeline()
        return measured(timeline), _ready(timeline[-1], self.zones)

    def _measured(self, promise: Promise, zone: str) -> Callable[[Sequence[Snapshot]], Loss]:
        def measured(timeline: Sequence[Snapshot]) -> Loss:
            return loss(timeline, zone, self.zones, promise.replicas, promise.min_available)

        return measured

    def _tell(self, promise: Promise, now: Snapshot) -> None:
        spread = ", ".join(f"{zone} {count}" for zone, count in _ready(now, self.zones).items())
        pending = f", {now.pending} pending" if now.pending else ""
        self.say(f"{promise.workload.namespace} after {now.at:.0f} s: ready {spread}{pending}", passing=True)


def _ready(now: Snapshot, zones: Sequence[str]) -> dict[str, int]:
    return {zone: now.ready.get(zone, 0) for zone in zones}


def _demand(cluster: Cluster, kind: str, name: str) -> dict[str, Any]:
    found = cluster.get(kind, name, NAMESPACE)
    if found is None:
        raise DrillError(f"there is no {kind} {name} in {NAMESPACE}; run `standfast up` first")
    return found


@contextmanager
def _lesson_beside(cluster: Cluster, zones: Sequence[str]) -> Generator[Promise]:
    """The lesson's service in a namespace of its own, on nodes of its own, while the context lasts."""
    nodes, objects = lesson.nodes(zones), lesson.manifests()
    try:
        for manifest in (*nodes, *objects):
            cluster.create(manifest)
        deployment, budget = (next(o for o in objects if o["kind"] == k) for k in ("Deployment", BUDGET_KIND))
        yield promise_of(deployment, budget)
    finally:
        cluster.delete("Namespace", lesson.NAMESPACE)
        deadline = time.monotonic() + CLEANUP_LIMIT
        while cluster.list("Pod", lesson.NAMESPACE) and time.monotonic() < deadline:
            time.sleep(1.0)
        for node in nodes:
            cluster.delete("Node", node["metadata"]["name"])
