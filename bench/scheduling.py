"""How many pods a second are bound with the program's constraints and GPU requests, and without them.

`python -m bench.scheduling` measures it alone, on a control plane of its own, and writes its section of
docs/benchmarks.md.
"""

from __future__ import annotations

import copy
import signal
import tempfile
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from automation.commands.common import tell
from automation.targets import checkout
from bench.bare import BLOCKS, FOUR_GPUS, REGION, ZONES, add_nodes, gpu_nodes, inference, wait
from bench.sections import write
from components.inference.args import NAMESPACE
from components.inference.desired import manifests
from components.shared.labels import GPU_RESOURCE
from sandbox.bare import BareRegion, bare_region, object_path
from sandbox.host import Command, Machine
from sandbox.kube import Api
from sandbox.processes import Processes
from sandbox.zones import freeze_zone

TITLE = "Scheduling with the constraints and without"
AIM = 0.7
PAIRS = 10
NODES_PER_ZONE = 100
PODS = 400
UNLIMITED = ("--kube-api-qps=5000", "--kube-api-burst=5000")
"""The scheduler's client is limited to 50 calls a second, which would hide what its own work costs.
https://kubernetes.io/docs/reference/command-line-tools-reference/kube-scheduler/"""

_AROUND = ("namespace", "priority", "account", "volume", "claim", "service")
"""What a pod needs to be admitted and placed. With the Service, pods without constraints of their own get the
scheduler's default ones, as any Deployment's would.
https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/#internal-default-constraints"""

_EVENTS = f"/apis/events.k8s.io/v1/namespaces/{NAMESPACE}/events"
_PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
_HASH = "pod-template-hash"
_AT_A_TIME = 8
_STANDSTILL = 40.0
"""Seconds that nodes may be silent and not be missed."""


@dataclass(frozen=True)
class Pair:
    """Pods bound a second: with what the program asks for, and right before or after it without."""

    ours: float
    bare: float

    @property
    def ratio(self) -> float:
        return self.ours / self.bare


def ours() -> dict[str, Any]:
    """The pod that the Deployment's ReplicaSet would make, without a name."""
    template = manifests(inference(PODS))["deployment"]["spec"]["template"]
    labels = {**template["metadata"]["labels"], _HASH: "bench"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**template["metadata"], "labels": labels, "namespace": NAMESPACE},
        "spec": template["spec"],
    }


def without_constraints(pod: Mapping[str, Any]) -> dict[str, Any]:
    """The same pod, free to go to any node: no spread, no affinity, no GPU. It still tolerates GPU nodes."""
    found = copy.deepcopy(dict(pod))
    for key in ("topologySpreadConstraints", "affinity"):
        del found["spec"][key]
    for container in found["spec"]["containers"]:
        del container["resources"]["limits"][GPU_RESOURCE]
    return found


def rate(times: Sequence[datetime]) -> float:
    """Pods bound a second from the first to the last; the moment of the first only starts the clock."""
    first, last = min(times), max(times)
    return (len(times) - 1) / (last - first).total_seconds()


def measure(pairs: int = PAIRS) -> list[Pair]:
    """In pairs, each in the other order, after one of each that does not count."""
    pod = ours()
    ways = {"ours": pod, "bare": without_constraints(pod)}
    found: list[Pair] = []
    with _region() as region:
        for number in range(-1, pairs):
            order = list(ways) if number % 2 == 0 else list(reversed(ways))
            rates = {way: _round(region, ways[way], f"{way}-{number + 1}") for way in order}
            if number >= 0:
                found.append(Pair(**rates))
                tell(f"pair {number + 1}: {rates['ours']:.1f} and {rates['bare']:.1f} pods a second")
    return found


@contextmanager
def _region() -> Generator[BareRegion]:
    with (
        tempfile.TemporaryDirectory(prefix="standfast-bench-") as folder,
        bare_region(REGION, Path(folder), BLOCKS) as region,
    ):
        api = region.access.api()
        _lift_limit(region)
        add_nodes(api, gpu_nodes(FOUR_GPUS, NODES_PER_ZONE))
        wanted = manifests(inference(PODS))
        for key in _AROUND:
            api.apply(object_path(wanted[key]), wanted[key])
        claim = object_path(wanted["claim"])
        wait(lambda: api.get(claim)["status"].get("phase") == "Bound", "the models' claim is bound")
        yield region


def _lift_limit(region: BareRegion) -> None:
    """The scheduler anew, with a client that may ask as often as it can."""
    processes, name = Processes(region.paths), f"kube-scheduler-{REGION}"
    record = processes.record(name)
    if record is None:
        raise RuntimeError(f"{name} was never started")
    processes.stop(name)
    argv = [*record.argv, *UNLIMITED]
    Machine(region.paths).start(Command(name=name, argv=argv, cwd=region.paths.region(REGION)))


def _round(region: BareRegion, pod: Mapping[str, Any], name: str) -> float:
    """Make the pods while the scheduler stands still, let it go, and read when each was bound."""
    api = region.access.api()
    processes = Processes(region.paths)
    scheduler = f"kube-scheduler-{REGION}"
    processes.signal(scheduler, signal.SIGSTOP)
    _create(api, pod, name)
    with _standstill(region):
        processes.signal(scheduler, signal.SIGCONT)
        # Small answers: what is asked meanwhile must not slow down what is measured.
        waiting = f"{_PODS}?fieldSelector=spec.nodeName%3D&limit=1"
        wait(lambda: not api.get(waiting)["items"], f"{PODS} pods are bound", _STANDSTILL)
    wait(lambda: len(_bound(api)) == PODS, f"the events of {PODS} pods")
    times = _bound(api)
    for path in (_PODS, _EVENTS):
        _empty(api, path)
    return rate(times)


def _create(api: Api, pod: Mapping[str, Any], name: str) -> None:
    def one(number: int) -> None:
        metadata = {**pod["metadata"], "name": f"{name}-{number}"}
        api.call("POST", _PODS, {**pod, "metadata": metadata})

    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        list(pool.map(one, range(PODS)))


def _empty(api: Api, path: str) -> None:
    names = [found["metadata"]["name"] for found in api.get(path)["items"]]
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        list(pool.map(lambda name: api.call("DELETE", f"{path}/{name}?gracePeriodSeconds=0"), names))
    wait(lambda: not api.get(f"{path}?limit=1")["items"], f"{path} is empty")


@contextmanager
def _standstill(region: BareRegion) -> Generator[None]:
    """Nothing of the region runs but API server, etcd and scheduler: for less than a lease lasts."""
    processes, manager = Processes(region.paths), f"kube-controller-manager-{REGION}"
    try:
        processes.signal(manager, signal.SIGSTOP)
        for zone in ZONES:
            freeze_zone(region.paths, REGION, zone, frozen=True)
        yield
    finally:
        for zone in ZONES:
            freeze_zone(region.paths, REGION, zone, frozen=False)
        processes.signal(manager, signal.SIGCONT)


def _bound(api: Api) -> list[datetime]:
    """When the scheduler bound each pod, by its own events, which tell microseconds."""
    events = api.get(f"{_EVENTS}?fieldSelector=reason%3DScheduled")["items"]
    return [datetime.fromisoformat(event["eventTime"]) for event in events]


def section(found: Sequence[Pair]) -> str:
    """The section's text."""
    ratios = [pair.ratio for pair in found]
    with_them, without = [pair.ours for pair in found], [pair.bare for pair in found]
    rows = [
        ("pods a second as the program deploys them", "", with_them, ".0f"),
        ("the same pods without spread, affinity and GPU", "", without, ".0f"),
        ("the one over the other", f"at least {AIM}", ratios, ".2f"),
    ]
    lines = ["| scheduling | aim | median | worst |", "| --- | --- | --- | --- |"]
    lines += [f"| {what} | {goal} | {median(v):{as_}} | {min(v):{as_}} |" for what, goal, v, as_ in rows]
    how = (
        f"{len(found)} pairs, each in the other order: {PODS} pods at once for {3 * NODES_PER_ZONE} nodes of "
        f"{FOUR_GPUS.gpus} GPUs in three zones, on a real scheduler; the rate is from the first to the last "
        "of its own events. Pods without constraints of their own get the scheduler's default spread, as any "
        "Service's do. The limit of 50 calls a second of its client, which would make both alike, is lifted, "
        "and all but scheduler, API server and etcd stands still meanwhile."
    )
    missed = (_MISSED,) if median(ratios) < AIM else ()
    return "\n\n".join(["\n".join(lines), *missed, how]) + "\n"


_MISSED = (
    "The aim is missed: for each pod with a hard spread, or with a term that keeps pods apart, the scheduler "
    "counts the pods of all nodes before it looks for one; for others it stops at as many nodes as it needs."
)


def main() -> None:
    """Measure, and write the section."""
    page = checkout() / "docs" / "benchmarks.md"
    write(page, TITLE, section(measure()))
    tell(f"written: {page}, section {TITLE}")


if __name__ == "__main__":
    main()
