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
from bench.again import again
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

SIDE_BY_SIDE = 7
_SOUND = 600.0
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
    """By nodes in a zone, `runs` runs, each on a control plane of its own, so many of them at once.

    A run that fails is held again. RuntimeError when no run of a size could be held.
    """
    tell(f"zones of {', '.join(map(str, sizes))} nodes lost, each {runs} times, {side_by_side} at once")
    # The longest first: at the end none of them is waited for alone.
    due = [nodes for nodes in sorted(sizes, reverse=True) for _ in range(runs)]
    with ThreadPoolExecutor(side_by_side) as pool:
        done = [run for run in pool.map(_held, due) if run is not None]
    found = {nodes: [run for run in done if run.nodes == nodes] for nodes in sizes}
    if empty := [nodes for nodes, held in found.items() if not held]:
        raise RuntimeError(f"no run could be held with {', '.join(map(str, empty))} nodes in a zone")
    return found


def _held(nodes: int) -> Run | None:
    return again(f"a zone of {nodes} nodes", lambda: lose(nodes))


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
    tell(
        f"a zone of {nodes} nodes: NotReady after {lost.nodes_not_ready:.1f} s, "
        f"all ready elsewhere after {lost.all_ready:.1f} s"
    )
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
    """The section's text; `alone` is a run beside which no other was held."""
    rows = [
        "| nodes in a zone | replicas | aim | zone held NotReady | all ready elsewhere: median | worst |",
        "| --- | --- | --- | --- | --- | --- |",
        *(_row(nodes, runs) for nodes, runs in found.items()),
    ]
    missed = any(run.all_ready > aim(run.nodes) for runs in found.values() for run in runs)
    parts = ["\n".join(rows), _fitted(found), *(_MISSED if missed else ()), _how(found, alone)]
    return "\n\n".join(parts) + "\n"


_MISSED = (
    "Why the aim is missed: what moves pods is the taint `unreachable:NoExecute`, which "
    "kube-controller-manager puts on one node of a lost zone after the other (`--node-eviction-rate`, a "
    "flag that EKS does not offer). Clients do not wait for it: the endpoints of all nodes go when the zone "
    "is held NotReady, and the mesh passes over them before.",
    "What is needed: an alert on the lost zone, and a Sensor that evicts the pods of all its nodes at once, "
    "as those on a lost peer act already. That chain is not built yet. The descheduler, which the program "
    "deploys, cannot do it: it passes over every node that is not Ready, so `RemovePodsViolatingNodeTaints` "
    "evicted nothing when it was tried. Until then larger nodes help: a step is a node, with all its GPUs.",
)


def _fitted(found: Mapping[int, Sequence[Run]]) -> str:
    line = fit([run for runs in found.values() for run in runs])
    return (
        f"One node more costs {line.each:.1f} s, over {line.start:.0f} s without any, by least squares over "
        f"all runs. The aim is {AIM_EACH} s a node; Kubernetes' own rate is a node every "
        f"{EVICTION_STEP:.0f} s."
    )


def _row(nodes: int, runs: Sequence[Run]) -> str:
    noticed, ready = [run.not_ready for run in runs], [run.all_ready for run in runs]
    return (
        f"| {nodes} | {replicas_of(nodes)} | {aim(nodes):.1f} s | {median(noticed):.0f} s "
        f"| {median(ready):.0f} s | {max(ready):.0f} s |"
    )


def _how(found: Mapping[int, Sequence[Run]], alone: Run) -> str:
    beside = [run.all_ready for run in found[alone.nodes]]
    return (
        f"{min(len(runs) for runs in found.values())} runs for each size, from the stop of the zone that "
        "holds most replicas, on real etcd, API server, scheduler and controller-manager with Kubernetes' "
        "own numbers; two of every three GPUs serve before. The nodes are KWOK's, whose pods are ready once "
        f"they are placed: a start with its load of the models comes on top. {SIDE_BY_SIDE} runs are held "
        f"side by side, each on a control plane of its own; one of {alone.nodes} nodes by itself took "
        f"{alone.all_ready:.0f} s, those side by side {min(beside):.0f} to {max(beside):.0f} s."
    )


def main() -> None:
    """Measure, and write the section."""
    alone = _held(NODES[0])
    if alone is None:
        raise RuntimeError("the run by itself could not be held")
    write(TITLE, section(measure(), alone))


if __name__ == "__main__":
    main()
