"""How long a lost zone takes until its replicas are ready elsewhere, and how that grows with its nodes.

`python -m bench.zone_capacity` measures it alone, on control planes of its own, and writes its section of
docs/benchmarks.md.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression, median

from automation.commands.common import tell
from automation.targets import checkout
from bench.bare import BLOCKS, ONE_GPU, REGION, ZONES, add_nodes, gpu_nodes, inference
from bench.sections import write
from components.inference.desired import manifests
from drills.observe import Recorder, watching
from drills.view import Snapshot
from drills.zone_loss.measure import Loss, Promise, living, loss, skew
from drills.zone_loss.scenario import EVICTION_STEP, NOTICED, SERVICE, STEADY, TOLERATION, promise_of
from sandbox.bare import BareRegion, bare_region, object_path
from sandbox.target import SandboxCluster
from sandbox.zones import stop_zone

TITLE = "A lost zone until full capacity"
NODES = (4, 16, 64)
RUNS = 10
AIM = 60.0
AIM_EACH = 0.1
"""Seconds: the promise for a zone of few nodes, and what one node more may cost."""

SIDE_BY_SIDE = 10
_SOUND = 180.0
_LIMIT_SLACK = 120.0


@dataclass(frozen=True)
class Run:
    """One zone of `nodes` nodes lost: seconds from its stop."""

    nodes: int
    not_ready: float
    all_ready: float


@dataclass(frozen=True)
class Line:
    """A straight line through all runs: seconds without any node, and for each node more."""

    start: float
    each: float


def replicas_of(nodes: int) -> int:
    """Two of every three warm GPUs serve: so that two zones can hold what three did."""
    return 2 * nodes * len(ZONES) // 3


def fit(runs: Sequence[Run]) -> Line:
    """Least squares over runs of at least two sizes."""
    slope, intercept = linear_regression([run.nodes for run in runs], [run.all_ready for run in runs])
    return Line(intercept, slope)


def aim(nodes: int) -> float:
    """Seconds that are promised for a zone of so many nodes."""
    return AIM + AIM_EACH * nodes


def measure(
    sizes: Sequence[int] = NODES, runs: int = RUNS, side_by_side: int = SIDE_BY_SIDE
) -> dict[int, list[Run]]:
    """By nodes in a zone, `runs` runs, each on a control plane of its own, so many of them at once."""
    found: dict[int, list[Run]] = {}
    for nodes in sizes:
        tell(f"a zone of {nodes} nodes lost {runs} times, {min(side_by_side, runs)} at once")
        with ThreadPoolExecutor(side_by_side) as pool:
            found[nodes] = list(pool.map(lose, [nodes] * runs))
    return found


def lose(nodes: int) -> Run:
    """Stop a zone of a region whose zones have so many GPU nodes. RuntimeError when it stays broken."""
    wanted = manifests(inference(replicas_of(nodes)))
    with (
        tempfile.TemporaryDirectory(prefix="standfast-bench-") as folder,
        bare_region(REGION, Path(folder), BLOCKS) as region,
    ):
        api = region.access.api()
        add_nodes(api, gpu_nodes(ONE_GPU, nodes))
        for manifest in wanted.values():
            api.apply(object_path(manifest), manifest)
        promise = promise_of(wanted["deployment"], wanted["pdb"], SERVICE)
        cluster = SandboxCluster(REGION, region.access.kubeconfig)
        with watching(cluster, [promise.workload]) as (recorder,):
            lost = _lose(region, recorder, promise, nodes)
    if lost.nodes_not_ready is None or lost.all_ready is None:
        raise RuntimeError(f"a zone of {nodes} nodes was lost, and its replicas did not come back")
    return Run(nodes, lost.nodes_not_ready, lost.all_ready)


def _lose(region: BareRegion, recorder: Recorder, promise: Promise, nodes: int) -> Loss:
    def whole(now: Snapshot) -> bool:
        served = sum(now.endpoints.values()) >= promise.replicas
        return served and living(now, ZONES) >= promise.replicas and skew(now, ZONES) <= promise.max_skew

    if not recorder.wait(_now(whole), _SOUND):
        raise RuntimeError(f"the service is not whole after {_SOUND:.0f} s, with {nodes} nodes in a zone")
    before = recorder.timeline()[-1]
    zone = max(ZONES, key=lambda name: before.ready.get(name, 0))
    left = [other for other in ZONES if other != zone]

    def moved(now: Snapshot) -> bool:
        return not now.endpoints.get(zone, 0) and living(now, left) >= promise.replicas

    recorder.restart()
    stop_zone(region.paths, REGION, zone)
    limit = NOTICED + TOLERATION + nodes * EVICTION_STEP + _LIMIT_SLACK
    recorder.wait(_now(moved), limit, steady=STEADY)
    return loss(recorder.timeline(), zone, ZONES, promise.replicas, promise.min_available)


def _now(holds: Callable[[Snapshot], bool]) -> Callable[[Sequence[Snapshot]], bool]:
    return lambda timeline: holds(timeline[-1])


def section(found: Mapping[int, Sequence[Run]], alone: Run) -> str:
    """The section's text; `alone` is a run that had the machine for itself."""
    line = fit([run for runs in found.values() for run in runs])
    lines = [
        "| nodes in a zone | replicas | aim | zone held NotReady | all ready elsewhere: median | worst |",
        "| --- | --- | --- | --- | --- | --- |",
        *(_row(nodes, runs) for nodes, runs in found.items()),
        "",
        f"One node more costs {line.each:.1f} s, over {line.start:.0f} s at the start, by least squares over "
        f"all runs. The aim is {AIM:.0f} s and {AIM_EACH} s a node; Kubernetes empties a lost zone at one node "
        f"every {EVICTION_STEP:.0f} s (`--node-eviction-rate`), and so does this program: ",
    ]
    return "\n".join(lines) + _READING + _how(found, alone)


_READING = (
    "the taint that moves a pod (`unreachable:NoExecute`) comes to one node after the other, and its pods leave "
    "5 s later. Clients do not wait for it, since the zone's endpoints go with the first of these marks.\n\n"
    "What it takes to do better: something that removes the pods of all unreachable nodes once their zone is "
    "held lost, by an alert and a Sensor beside those that act on a lost peer. It is not there yet. The "
    "descheduler, which is, cannot do it: `RemovePodsViolatingNodeTaints` passes over every node that is not "
    "Ready. Until then fewer, larger nodes help: the seconds are for a node, however many GPUs it has.\n\n"
)


def _row(nodes: int, runs: Sequence[Run]) -> str:
    noticed, ready = [run.not_ready for run in runs], [run.all_ready for run in runs]
    return (
        f"| {nodes} | {replicas_of(nodes)} | {aim(nodes):.1f} s | {median(noticed):.0f} s "
        f"| {median(ready):.0f} s | {max(ready):.0f} s |"
    )


def _how(found: Mapping[int, Sequence[Run]], alone: Run) -> str:
    held = sorted(run.all_ready for run in found[alone.nodes])
    return (
        f"{min(len(runs) for runs in found.values())} runs for each size, on real etcd, API server, scheduler and "
        "controller-manager with Kubernetes' own numbers, from the stop of the zone that holds most replicas; "
        f"two of every three GPUs serve before. The nodes are KWOK's: pods are ready as soon as they are placed, "
        f"so the load of the models is to be added. {SIDE_BY_SIDE} control planes run side by side; a run with "
        f"{alone.nodes} nodes that had the machine for itself took {alone.all_ready:.0f} s, those side by side "
        f"{held[0]:.0f} to {held[-1]:.0f} s.\n"
    )


def write_section() -> None:
    """Measure, and write the section."""
    alone = lose(NODES[0])
    page = checkout() / "docs" / "benchmarks.md"
    write(page, TITLE, section(measure(), alone))
    tell(f"written: {page}, section {TITLE}")


if __name__ == "__main__":
    write_section()
