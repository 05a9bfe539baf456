"""Watches a workload while something is broken, and keeps the timeline."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from drills.target import Cluster
from drills.view import Snapshot, View, Workload


class Recorder:
    """The timeline of one workload; its times are seconds since `zero`, when it began or was begun anew."""

    def __init__(self, workload: Workload, clock: Callable[[], float] = time.monotonic) -> None:
        self.workload = workload
        self._view = View(workload)
        self._clock = clock
        self.zero = clock()
        self._timeline: list[Snapshot] = []
        self._changed = threading.Condition()

    def take(self, event: str, manifest: dict[str, Any]) -> None:
        """A watch's event."""
        with self._changed:
            self._view.apply(event, manifest)
            self._append()
            self._changed.notify_all()

    def restart(self) -> None:
        """Begin a new timeline now, with the state as it is."""
        with self._changed:
            self.zero = self._clock()
            self._timeline = []
            self._append()

    def timeline(self) -> list[Snapshot]:
        """All states so far, and the present one as the last."""
        with self._changed:
            return [*self._timeline, self._view.snapshot(self._clock() - self.zero)]

    def _append(self) -> None:
        now = self._view.snapshot(self._clock() - self.zero)
        if not self._timeline or replace(now, at=self._timeline[-1].at) != self._timeline[-1]:
            self._timeline.append(now)

    def wait(
        self,
        reached: Callable[[Sequence[Snapshot]], bool],
        limit: float,
        note: Callable[[Snapshot], None] = lambda _: None,
        *,
        steady: float = 0.0,
    ) -> bool:
        """Wait until the timeline reached something and stayed there `steady` seconds; else False."""
        deadline = self._clock() + limit
        since: float | None = None
        while True:
            timeline = self.timeline()
            note(timeline[-1])
            now = self._clock()
            if not reached(timeline):
                since = None
            elif since is None:
                since = now
            if since is not None and now - since >= steady:
                return True
            if now >= deadline:
                return False
            with self._changed:
                self._changed.wait(timeout=min(1.0, max(0.05, deadline - now)))


@contextmanager
def watching(
    cluster: Cluster, workloads: Sequence[Workload], clock: Callable[[], float] = time.monotonic
) -> Generator[list[Recorder]]:
    """Recorders that follow these workloads until the context is left."""
    recorders = [Recorder(workload, clock) for workload in workloads]

    def to_all(event: str, manifest: dict[str, Any]) -> None:
        for recorder in recorders:
            recorder.take(event, manifest)

    with ExitStack() as stack:
        stack.enter_context(cluster.watch("Node", "", to_all))
        for recorder in recorders:
            namespace = recorder.workload.namespace
            stack.enter_context(cluster.watch("Pod", namespace, recorder.take))
            if recorder.workload.service:
                stack.enter_context(cluster.watch("EndpointSlice", namespace, recorder.take))
        yield recorders
