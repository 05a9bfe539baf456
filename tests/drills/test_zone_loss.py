"""The scenario against a cluster in memory: what it does to it, and what it makes of what it sees."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from drills.errors import DrillError, NotSoundError
from drills.model import Options, Verdict
from drills.target import Sink
from drills.zone_loss import scenario
from tests.drills.test_view import endpoint_slice, node, pod

ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
Reaction = Callable[["MemoryCluster", str], None]


class MemoryCluster:
    """Objects by kind and name; every change reaches the watches at once."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], dict[str, Any]] = {}
        self.sinks: list[tuple[str, Sink]] = []
        self.deleted: list[str] = []

    def put(self, manifest: dict[str, Any]) -> None:
        self.objects[manifest["kind"], manifest["metadata"]["name"]] = manifest
        for kind, sink in self.sinks:
            if kind == manifest["kind"]:
                sink("MODIFIED", manifest)

    def get(self, kind: str, name: str, namespace: str = "") -> dict[str, Any] | None:
        return self.objects.get((kind, name))

    def list(self, kind: str, namespace: str = "") -> list[dict[str, Any]]:
        return [o for (k, _), o in self.objects.items() if k == kind]

    def create(self, manifest: dict[str, Any]) -> None:
        if manifest["kind"] == "Node":
            manifest["status"]["conditions"] = [{"type": "Ready", "status": "True"}]
        self.put(manifest)

    def delete(self, kind: str, name: str, namespace: str = "") -> None:
        self.deleted.append(f"{kind} {name}")

    @contextmanager
    def watch(self, kind: str, namespace: str, sink: Sink) -> Generator[None]:
        for manifest in self.list(kind, namespace):
            sink("ADDED", manifest)
        self.sinks.append((kind, sink))
        yield
        self.sinks.remove((kind, sink))


class MemoryTarget:
    def __init__(self, *, on_stop: Reaction, on_start: Reaction) -> None:
        self.memory = MemoryCluster()
        self.regions = ("us-east",)
        self.stopped: list[str] = []
        self._on_stop = on_stop
        self._on_start = on_start

    def zones(self, region: str) -> tuple[str, ...]:
        return ZONES

    def cluster(self, region: str) -> MemoryCluster:
        return self.memory

    def stop_zone(self, region: str, zone: str) -> None:
        self.stopped.append(zone)
        self._on_stop(self.memory, zone)

    def start_zone(self, region: str, zone: str) -> None:
        if zone in self.stopped:
            self.stopped.remove(zone)
            self._on_start(self.memory, zone)

    def logs(self, region: str) -> Path:
        return Path()


def spread(cluster: MemoryCluster, *counts: int, lost: str = "") -> None:
    """So many ready pods in each zone; the nodes of the `lost` zone are not ready."""
    zones = [zone for zone, count in zip(ZONES, counts, strict=True) for _ in range(count)]
    for number in range(6):
        zone = zones[number] if number < len(zones) else ""
        cluster.put(pod(f"p{number}", f"node-{zone}" if zone else ""))
    for zone in ZONES:
        cluster.put(node(f"node-{zone}", zone, ready=zone != lost))
    cluster.put(endpoint_slice(*(f"node-{zone}" for zone in zones)))


def deployed(target: MemoryTarget) -> MemoryTarget:
    labels = {"app": "inference"}
    constraint = {"topologyKey": "topology.kubernetes.io/zone", "maxSkew": 1}
    metadata = {"name": "inference-service", "namespace": "ml-serving"}
    target.memory.put(
        {
            "kind": "Deployment",
            "metadata": metadata,
            "spec": {
                "replicas": 6,
                "selector": {"matchLabels": labels},
                "template": {"spec": {"topologySpreadConstraints": [constraint]}},
            },
        }
    )
    budget = {"name": "inference-pdb", "namespace": "ml-serving"}
    target.memory.put({"kind": "PodDisruptionBudget", "metadata": budget, "spec": {"minAvailable": 4}})
    spread(target.memory, 2, 2, 2)
    return target


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STEADY", "SOUND_LIMIT"):
        monkeypatch.setattr(scenario, name, 0.0)


def mends(cluster: MemoryCluster, zone: str) -> None:
    spread(cluster, 0, 3, 3, lost=zone)


def rebalances(cluster: MemoryCluster, zone: str) -> None:
    spread(cluster, 2, 2, 2)


def say(text: str, *, passing: bool = False) -> None:
    """Nobody listens."""


def test_a_recovery_keeps_the_promise_and_the_report_says_so() -> None:
    target = deployed(MemoryTarget(on_stop=mends, on_start=rebalances))
    report = scenario.run(target, Options("us-east", limit=1.0), say)
    document = json.loads(json.dumps(report.document()))
    assert report.verdict is Verdict.KEPT
    assert document["verdict"] == "kept"
    assert document["zone"] == "us-east-1a"
    assert document["loss"]["mostMissing"] == 2
    assert document["loss"]["readyAfter"] == {"us-east-1a": 0, "us-east-1b": 3, "us-east-1c": 3}
    assert document["loss"]["secondsUntil"]["allReady"] is not None
    assert document["return"]["readyAfter"] == dict.fromkeys(ZONES, 2)
    assert "lesson" not in document
    assert target.stopped == []


def test_a_recovery_that_does_not_come_breaks_it_and_the_zone_is_back() -> None:
    def stays_lost(cluster: MemoryCluster, zone: str) -> None:
        spread(cluster, 0, 2, 2, lost=zone)

    target = deployed(MemoryTarget(on_stop=stays_lost, on_start=rebalances))
    report = scenario.run(target, Options("us-east", limit=0.1), say)
    assert report.verdict is Verdict.BROKEN
    assert report.reasons == ("not all 6 replicas were ready in the living zones within 0 s",)
    assert target.stopped == []


def test_a_spread_that_does_not_return_breaks_it() -> None:
    def unbalanced(cluster: MemoryCluster, zone: str) -> None:
        spread(cluster, 0, 3, 3)

    target = deployed(MemoryTarget(on_stop=mends, on_start=unbalanced))
    report = scenario.run(target, Options("us-east", limit=0.1), say)
    assert report.document()["return"]["secondsUntil"]["spreadWithinMaxSkew"] is None
    assert report.verdict is Verdict.BROKEN


def test_the_zone_is_brought_back_when_a_person_interrupts() -> None:
    def interrupted(cluster: MemoryCluster, zone: str) -> None:
        raise KeyboardInterrupt

    target = deployed(MemoryTarget(on_stop=interrupted, on_start=rebalances))
    with pytest.raises(KeyboardInterrupt):
        scenario.run(target, Options("us-east", limit=0.1), say)
    assert target.stopped == []


def test_a_service_that_is_not_whole_is_not_drilled() -> None:
    target = deployed(MemoryTarget(on_stop=mends, on_start=rebalances))
    spread(target.memory, 2, 2, 0)
    with pytest.raises(NotSoundError, match="4 of 6 replicas ready"):
        scenario.run(target, Options("us-east"), say)


def test_a_zone_that_a_killed_drill_left_stopped_is_started_first() -> None:
    target = deployed(MemoryTarget(on_stop=mends, on_start=rebalances))
    target.stopped = ["us-east-1c"]
    spread(target.memory, 3, 3, 0, lost="us-east-1c")
    report = scenario.run(target, Options("us-east", limit=1.0), say)
    assert report.before == dict.fromkeys(ZONES, 2)


def test_an_unknown_zone_is_named_with_those_there_are() -> None:
    target = deployed(MemoryTarget(on_stop=mends, on_start=rebalances))
    with pytest.raises(DrillError, match="us-east-1z is no zone of us-east; its zones are us-east-1a"):
        scenario.run(target, Options("us-east", zone="us-east-1z"), say)


def test_the_lessons_service_is_shown_beside_and_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NOTICED", "TOLERATION", "EVICTION_STEP", "LESSON_WATCHED"):
        monkeypatch.setattr(scenario, name, 0.1)

    # The cluster in memory knows no namespaces: the lesson's pods are the program's here.
    def loses_two(cluster: MemoryCluster, zone: str) -> None:
        spread(cluster, 0, 2, 2, lost=zone)

    target = deployed(MemoryTarget(on_stop=loses_two, on_start=rebalances))
    monkeypatch.setattr(scenario, "CLEANUP_LIMIT", 0.0)
    report = scenario.run(target, Options("us-east", limit=0.1, as_in_the_lesson=True), say)
    lesson = report.document()["lesson"]
    assert (lesson["heals"], lesson["pending"]) == (False, 2)
    assert lesson["schedulerSays"] == "0/5 nodes are available"
    assert lesson["idleGpus"] > 0
    assert "Namespace lesson" in target.memory.deleted
    assert [f"Node lesson-{zone}" in target.memory.deleted for zone in ZONES] == [True] * 3
    shown = StringIO()
    Console(width=160, file=shown).print(report.table())
    text = shown.getvalue()
    assert "as in the lesson" in text
    assert "never" in text
