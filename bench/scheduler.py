"""A real scheduler with the program's GPU nodes, for which pods are made and whose bindings are timed."""

from __future__ import annotations

import itertools
import signal
import tempfile
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from bench.bare import BLOCKS, FOUR_GPUS, REGION, ZONES, add_nodes, gpu_nodes, inference, wait
from components.inference.args import NAMESPACE
from components.inference.desired import manifests
from sandbox.bare import BareRegion, bare_region, object_path
from sandbox.host import Command, Machine
from sandbox.processes import Processes
from sandbox.zones import freeze_zone

NODES_PER_ZONE = 100
LIMIT = 50
"""Calls a second that the scheduler's client may make; after it has been idle, 100 come at once.
https://kubernetes.io/docs/reference/command-line-tools-reference/kube-scheduler/"""

_UNLIMITED = ("--kube-api-qps=5000", "--kube-api-burst=5000")
_AROUND = ("namespace", "priority", "account", "volume", "claim", "service")
"""What a pod needs to be admitted and placed. With the Service, pods without constraints of their own get the
scheduler's default ones, as any Deployment's would.
https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/#internal-default-constraints"""

_EVENTS = f"/apis/events.k8s.io/v1/namespaces/{NAMESPACE}/events"
_PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
_NAME = f"kube-scheduler-{REGION}"
_AT_A_TIME = 8
_BOUND = 120.0


@dataclass(frozen=True)
class Round:
    """Pods bound a second, and the scheduler's seconds of processor for each pod."""

    rate: float
    cost: float


def rate(times: Sequence[datetime]) -> float:
    """Pods bound a second from the first to the last; the moment of the first only starts the clock."""
    first, last = min(times), max(times)
    return (len(times) - 1) / (last - first).total_seconds()


class Scheduler:
    """The scheduler of a bare region in which nothing runs but itself, API server and etcd."""

    def __init__(self, region: BareRegion) -> None:
        self._region = region
        self._api = region.access.api()
        self._processes = Processes(region.paths)
        self._rounds = itertools.count()

    def lift_limit(self) -> None:
        """The scheduler anew, with a client that may ask as often as it can."""
        record = self._processes.record(_NAME)
        if record is None:
            raise RuntimeError(f"{_NAME} was never started")
        self._processes.stop(_NAME)
        argv = [*record.argv, *_UNLIMITED]
        Machine(self._region.paths).start(
            Command(name=_NAME, argv=argv, cwd=self._region.paths.region(REGION))
        )

    def round(self, pod: Mapping[str, Any], pods: int) -> Round:
        """Make the pods while the scheduler stands still, let it go, and read when each was bound.

        RuntimeError, SandboxError and OSError when it does not come to an end; another can follow.
        """
        self._empty()
        self._processes.signal(_NAME, signal.SIGSTOP)
        try:
            self._create(pod, pods)
            before = self._spent()
        finally:
            self._processes.signal(_NAME, signal.SIGCONT)
        # Small answers: what is asked meanwhile must not slow down what is measured.
        waiting = f"{_PODS}?fieldSelector=spec.nodeName%3D&limit=1"
        wait(lambda: not self._api.get(waiting)["items"], f"{pods} pods are bound", _BOUND)
        spent = self._spent() - before
        wait(lambda: len(self._bound()) == pods, f"the events of {pods} pods", _BOUND)
        return Round(rate(self._bound()), spent / pods)

    def _create(self, pod: Mapping[str, Any], pods: int) -> None:
        name = f"pod-{next(self._rounds)}"

        def one(number: int) -> None:
            metadata = {**pod["metadata"], "name": f"{name}-{number}"}
            self._api.call("POST", _PODS, {**pod, "metadata": metadata})

        with ThreadPoolExecutor(_AT_A_TIME) as pool:
            list(pool.map(one, range(pods)))

    def _empty(self) -> None:
        """Also what a round left that failed."""
        paths = (_PODS, _EVENTS)
        with ThreadPoolExecutor(len(paths)) as pool:
            list(pool.map(lambda path: self._api.call("DELETE", f"{path}?gracePeriodSeconds=0"), paths))
        for path in paths:
            wait(lambda path=path: not self._api.get(f"{path}?limit=1")["items"], f"{path} is empty", _BOUND)

    def _spent(self) -> float:
        process = self._processes.find(_NAME)
        if process is None:
            raise RuntimeError(f"{_NAME} has ended")
        try:
            times = process.cpu_times()
        except psutil.Error as error:
            raise RuntimeError(f"{_NAME} has ended") from error
        return times.user + times.system

    def _bound(self) -> list[datetime]:
        """When each pod was bound, by the scheduler's own events, which tell microseconds."""
        events = self._api.get(f"{_EVENTS}?fieldSelector=reason%3DScheduled")["items"]
        return [datetime.fromisoformat(event["eventTime"]) for event in events]


@contextmanager
def scheduler(replicas: int) -> Generator[Scheduler]:
    """One as it ships, for nodes that are ready and stay so: what would hold them otherwise is stopped."""
    with (
        tempfile.TemporaryDirectory(prefix="standfast-bench-") as folder,
        bare_region(REGION, Path(folder), BLOCKS) as region,
    ):
        api = region.access.api()
        add_nodes(api, gpu_nodes(FOUR_GPUS, NODES_PER_ZONE))
        wanted = manifests(inference(replicas))
        for key in _AROUND:
            api.apply(object_path(wanted[key]), wanted[key])
        claim = object_path(wanted["claim"])
        wait(lambda: api.get(claim)["status"].get("phase") == "Bound", "the models' claim is bound")
        Processes(region.paths).signal(f"kube-controller-manager-{REGION}", signal.SIGSTOP)
        for zone in ZONES:
            freeze_zone(region.paths, REGION, zone, frozen=True)
        yield Scheduler(region)
