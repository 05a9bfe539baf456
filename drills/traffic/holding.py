"""One holding of a scenario: warm up, break, watch, mend, watch the failback, judge."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from drills.errors import DrillError, NotSoundError
from drills.model import Options, Say
from drills.observe import Recorder, watching
from drills.scenarios.scenario import Scenario
from drills.target import Backup, Client, ClientOptions, Detection, Target, Traffic
from drills.traffic.copies import Copies
from drills.traffic.log import TIMEOUT_S, LogReader, Request
from drills.traffic.measure import Event, Evidence, answering, between, dns_changes, recovery, scalings
from drills.traffic.publisher import Ledger, Publisher
from drills.traffic.result import RunResult
from drills.traffic.stage import Clock, Stage, place_of
from drills.view import Snapshot
from drills.zone_loss.measure import Loss, Promise, loss
from drills.zone_loss.scenario import BUDGET, BUDGET_KIND, DEPLOYMENT, NAMESPACE, SERVICE, promise_of

SOUND_LIMIT_S = 90.0
"""Seconds until a platform that is whole must serve."""

SOUND_S = 3.0
BASELINE_S = 10.0
STEADY_S = 5.0
"""Seconds that a recovery must hold before the watch ends."""

LOG_DELAY_S = TIMEOUT_S + 1.5
"""The client writes a request down when it has ended, and its log at least once a second."""

TICK_S = 0.5


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What all runs of a drill share, and the moment at which the first one began."""

    scenario: Scenario
    target: Target
    traffic: Traffic
    options: Options
    say: Say
    clock: Clock
    began: float


class Holding:
    """One holding of a scenario, whose logs are kept in `folder`."""

    _stage: Stage
    _copies: Copies
    _promise: Promise
    _recorders: Mapping[str, Recorder]

    def __init__(self, setting: Setting, folder: Path, seed: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._scenario, self._options = setting.scenario, setting.options
        self._target, self._traffic = setting.target, setting.traffic
        self._say, self._clock = setting.say, setting.clock
        self._folder = folder
        self._series_began = setting.began
        self._seed = seed
        self._random = random.Random(seed)  # noqa: S311 - a drill is to be held again, not to surprise
        self._cluster = self._target.cluster(self._options.region)
        self._log = folder / "client.jsonl"
        self._ledger = Ledger(folder / "ledger.jsonl")
        self._reader = LogReader(self._log)
        self._requests: list[Request] = []

    def hold(self) -> RunResult:
        """The run, from sound to sound. What was broken is mended whatever happens."""
        place = place_of(self._target, self._options, self._random)
        # A drill that was killed could not mend anything itself.
        self._traffic.heal_all()
        self._promise = self._promised()
        with ExitStack() as stack:
            stack.callback(self._traffic.heal_all)
            self._recorders = {
                region: stack.enter_context(
                    watching(self._target.cluster(region), [self._promise.workload], self._clock.now)
                )[0]
                for region in self._target.regions
            }
            client = self._start_client(stack)
            stores = {region: self._traffic.models(region) for region in self._target.regions}
            self._copies = Copies(stores, self._clock.now)
            publisher = Publisher(stores[place.region], self._ledger, self._seed, clock=self._clock.now)
            self._stage = Stage(
                traffic=self._traffic,
                cluster=self._cluster,
                place=place,
                random=self._random,
                publisher=publisher,
                ledger=self._ledger,
                clock=self._clock,
                say=self._say,
            )
            stack.callback(self._stage.heal)
            evidence = self._play(client)
        return self._judged(evidence)

    def _promised(self) -> Promise:
        found = self._cluster.get("Deployment", DEPLOYMENT, NAMESPACE)
        budget = self._cluster.get(BUDGET_KIND, BUDGET, NAMESPACE)
        if found is None or budget is None:
            raise DrillError(
                f"{self._options.region} has no {DEPLOYMENT} in {NAMESPACE}; run `standfast up` first"
            )
        return promise_of(found, budget, SERVICE)

    def _start_client(self, stack: ExitStack) -> Client:
        rate, resolver = self._options.rate * self._scenario.load, self._scenario.resolver
        options = ClientOptions(log=self._log, rate=rate, seed=self._seed, resolver=resolver)
        client = self._traffic.start_client(options)
        stack.callback(client.stop)
        return client

    def _play(self, client: Client) -> Evidence:
        stage, now = self._stage, self._clock.now
        began = self._warm_up()
        self._until(lambda: False, BASELINE_S)
        before = self._now()
        for recorder in self._recorders.values():
            recorder.restart()
        fault = self._break(self._detection())
        backups = self._backups()
        self._watch(fault)
        capacity = self._loss() if self._scenario.capacity else None
        healed = now()
        stage.note("healed", "everything is mended")
        stage.heal()
        self._watch_failback(healed, answering(between(self._requests, began, fault)), before.ready)
        client.stop()
        self._read()
        ended = now()
        calls = self._traffic.calls(began)
        return Evidence(
            region=stage.place.region,
            zone=stage.place.zone,
            dead=frozenset(stage.dead),
            began=began,
            fault=fault,
            healed=healed,
            ended=ended,
            requests=self._requests,
            events=self._events(began),
            ledger=self._ledger.read(),
            completed=self._copies.completed,
            calls=calls,
            detection=self._detection(),
            marks=stage.marks,
            emptied=None if stage.returns is None else stage.returns.emptied,
            back={} if stage.returns is None else stage.returns.back,
            ready_before=before.ready,
            ready_after=self._now().ready,
            capacity=capacity,
            nodes=before.nodes.get(stage.place.zone, 0),
            backups=backups,
            changes_after=None if self._options.changes is None else self._options.changes(),
        )

    def _warm_up(self) -> float:
        """Wait until clients are served, health checks are settled, and a version was published.

        A health check that has just changed its mind, or has none yet, would lead clients elsewhere during
        the drill by itself: nothing may have been noticed for as long as detection and TTL take. The answer
        is the moment from which clients are known to be served.
        """
        self._say("waiting until clients are served and health checks are settled")
        start = self._clock.now()
        settling = self._detection().floor_s

        def settled() -> bool:
            since = self._series_began
            judged = {"detected", "recovered"}
            changes = [notice.t for notice in self._traffic.noticed(since) if notice.kind in judged]
            return self._clock.now() - max([since, *changes]) >= settling

        def sound() -> bool:
            since = self._clock.now() - LOG_DELAY_S - SOUND_S
            return self._served_since(since) == 0.0 and bool(self._ledger.read()) and settled()

        if not self._until(sound, SOUND_LIMIT_S + 2 * settling):
            failed = [request.error for request in self._requests if request.error]
            reason = failed[-1] if failed else "no request failed, but health checks keep changing"
            raise NotSoundError(
                self._options.region,
                f"clients are not served after {self._clock.now() - start:.0f} s "
                f"({reason}; see {self._folder})",
            )
        return self._clock.now() - LOG_DELAY_S

    def _detection(self) -> Detection:
        return self._traffic.detection(self._stage.place.region, self._scenario.resolver)

    def _served_since(self, start: float) -> float | None:
        """Seconds after `start` from which on clients are served up to what is known; None when not."""
        return recovery(self._requests, start, self._clock.now() - LOG_DELAY_S)

    def _break(self, detection: Detection) -> float:
        """Take the scenario's steps; the moment of the first."""
        fault = self._clock.now()
        for step in self._scenario.steps:
            due = fault + step.after(detection)
            self._until(lambda: False, due - self._clock.now())
            step.do(self._stage)
        return fault

    def _backups(self) -> Mapping[str, Sequence[Backup]]:
        """What the survivors have of a lost region, from which nothing arrives any more."""
        stage = self._stage
        survivors = [region for region in self._target.regions if region not in stage.unreachable]
        return {region: self._traffic.backups(region) for region in survivors} if stage.dead else {}

    def _watch(self, fault: float) -> None:
        """Until clients are served again and stay so, with the pods and models back that are waited for."""
        broken = max([fault, *self._stage.marks.values()])
        begin = self._clock.now()

        def recovered() -> bool:
            after = self._served_since(broken)
            if after is None or self._clock.now() - begin < self._scenario.watch_s:
                return False
            steady = self._clock.now() - LOG_DELAY_S - (broken + after) >= STEADY_S
            returns = self._stage.returns
            back = returns is None or returns.whole
            return steady and back and (not self._scenario.capacity or self._loss().recovered)

        self._until(recovered, self._options.limit)

    def _watch_failback(self, healed: float, before: frozenset[str], ready: Mapping[str, int]) -> None:
        """Until the regions answer that answered before, with as many pods a zone, and every bucket has all.

        Nothing is published any more once clients are back: what was, must arrive.
        """

        def home() -> bool:
            end = self._clock.now() - LOG_DELAY_S
            after = self._served_since(healed)
            if after is None or end - (healed + after) < STEADY_S:
                return False
            # While pods are moved back into a zone, some of them are missing again.
            if _spread(self._now().ready) != _spread(ready):
                return False
            return answering(between(self._requests, end - STEADY_S, end)) == before

        self._until(home, self._options.limit)
        self._stage.publishing = False
        self._until(lambda: not self._copies.missing(self._ledger.read()), self._options.limit)
        # The last seconds are compared with the first ones: all of them must be after that.
        self._until(lambda: False, STEADY_S + TIMEOUT_S)

    def _until(self, reached: Callable[[], bool], limit_s: float) -> bool:
        """Let time pass, with versions published and copies looked for, until `reached` or the limit."""
        deadline = self._clock.now() + limit_s
        while True:
            self._tick()
            if reached():
                return True
            left = deadline - self._clock.now()
            if left <= 0:
                return False
            self._clock.sleep(min(TICK_S, left))

    def _tick(self) -> None:
        stage = self._stage
        self._read()
        if stage.publishing and stage.place.region not in stage.unreachable:
            stage.publisher.tick()
        self._copies.look(stage.unreachable)
        if stage.returns is not None:
            stage.returns.look(stage.unreachable)
        seen = self._requests[-1:]
        if seen:
            answer = seen[0].region if seen[0].ok else seen[0].error
            self._say(f"{len(self._requests)} requests, the last: {answer}", passing=True)

    def _read(self) -> None:
        self._requests += self._reader.read()
        self._requests.sort(key=lambda request: request.t)

    def _now(self) -> Snapshot:
        """The pods of the region where something is broken."""
        return self._recorders[self._options.region].timeline()[-1]

    def _loss(self) -> Loss:
        place, promise = self._stage.place, self._promise
        return loss(
            self._recorders[place.region].timeline(),
            place.zone,
            place.zones[place.region],
            promise.replicas,
            promise.min_available,
        )

    def _events(self, began: float) -> Sequence[Event]:
        noticed = [Event(t=n.t, kind=n.kind, what=n.what) for n in self._traffic.noticed(began)]
        led = dns_changes(between(self._requests, began, float("inf")))
        scaled = [
            event
            for region, recorder in self._recorders.items()
            for event in scalings(region, recorder.timeline(), recorder.zero)
        ]
        return sorted([*self._stage.events, *noticed, *led, *scaled], key=lambda event: event.t)

    def _judged(self, evidence: Evidence) -> RunResult:
        result = RunResult(
            drill=self._scenario.name,
            region=evidence.region,
            seed=self._seed,
            evidence=evidence,
            promises=tuple(judge(evidence) for judge in self._scenario.promises),
            invariants=tuple(check(evidence) for check in self._scenario.invariants),
        )
        events = [asdict(event) for event in evidence.events]
        (self._folder / "events.json").write_text(json.dumps(events, indent=1), encoding="utf-8")
        return result


def _spread(ready: Mapping[str, int]) -> list[int]:
    """How pods are spread over zones, whichever these are."""
    return sorted(count for count in ready.values() if count)
