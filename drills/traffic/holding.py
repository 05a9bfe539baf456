"""One holding of a scenario: warm up, break, watch, mend, watch the failback, judge."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from drills.errors import DrillError
from drills.model import Options, Say
from drills.observe import watching
from drills.scenarios.scenario import Scenario
from drills.target import Target
from drills.traffic.copies import Copies
from drills.traffic.log import LogReader
from drills.traffic.measure import Event, Evidence, answering, between, dns_changes, scalings
from drills.traffic.publisher import Ledger, Publisher
from drills.traffic.result import RunResult
from drills.traffic.stage import Clock, Stage, place_of
from drills.traffic.target import Backup, Client, ClientOptions, Detection, Traffic
from drills.traffic.watch import Watch
from drills.zone_loss.measure import Promise
from drills.zone_loss.scenario import BUDGET, BUDGET_KIND, DEPLOYMENT, NAMESPACE, SERVICE, promise_of

BASELINE_S = 10.0
"""Seconds of the platform as it is when nothing is broken."""


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
    _watch: Watch

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

    def hold(self) -> RunResult:
        """The run, from sound to sound. What was broken is mended whatever happens."""
        place = place_of(self._target, self._options, self._random)
        # A drill that was killed could not mend anything itself.
        self._traffic.heal_all()
        promise = self._promised()
        with ExitStack() as stack:
            stack.callback(self._traffic.heal_all)
            recorders = {
                region: stack.enter_context(
                    watching(self._target.cluster(region), [promise.workload], self._clock.now)
                )[0]
                for region in self._target.regions
            }
            client = self._start_client(stack)
            stores = {region: self._traffic.models(region) for region in self._target.regions}
            copies = Copies(stores, self._clock.now)
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
            self._watch = Watch(
                scenario=self._scenario,
                stage=self._stage,
                recorders=recorders,
                promise=promise,
                copies=copies,
                reader=LogReader(self._log),
                folder=self._folder,
                limit_s=self._options.limit,
                began=self._series_began,
            )
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
        stage, watch, now = self._stage, self._watch, self._clock.now
        began = watch.sound()
        watch.pause(BASELINE_S)
        before = watch.now()
        for recorder in watch.recorders.values():
            recorder.restart()
        fault = self._break(watch.detection())
        backups = self._backups()
        watch.recovery(fault)
        capacity = watch.loss() if self._scenario.capacity else None
        healed = now()
        stage.note("healed", "everything is mended")
        stage.heal()
        watch.failback(healed, answering(between(watch.requests, began, fault)), before.ready)
        client.stop()
        watch.read()
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
            requests=watch.requests,
            events=self._events(began),
            ledger=self._ledger.read(),
            completed=watch.copies.completed,
            calls=calls,
            detection=watch.detection(),
            marks=stage.marks,
            emptied=None if stage.returns is None else stage.returns.emptied,
            back={} if stage.returns is None else stage.returns.back,
            ready_before=before.ready,
            ready_after=watch.now().ready,
            capacity=capacity,
            nodes=before.nodes.get(stage.place.zone, 0),
            backups=backups,
            changes_after=None if self._options.changes is None else self._options.changes(),
        )

    def _break(self, detection: Detection) -> float:
        """Take the scenario's steps; the moment of the first."""
        fault = self._clock.now()
        for step in self._scenario.steps:
            due = fault + step.after(detection)
            self._watch.pause(due - self._clock.now())
            step.do(self._stage)
        return fault

    def _backups(self) -> Mapping[str, Sequence[Backup]]:
        """What the survivors have of a lost region, from which nothing arrives any more."""
        stage = self._stage
        survivors = [region for region in self._target.regions if region not in stage.unreachable]
        return {region: self._traffic.backups(region) for region in survivors} if stage.dead else {}

    def _events(self, began: float) -> Sequence[Event]:
        noticed = [Event(t=n.t, kind=n.kind, what=n.what) for n in self._traffic.noticed(began)]
        led = dns_changes(between(self._watch.requests, began, float("inf")))
        scaled = [
            event
            for region, recorder in self._watch.recorders.items()
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
