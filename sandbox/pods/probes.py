"""How a kubelet judges one container by its probes: pure, the time is given.

Source: https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/ and, for the
order of things, the kubelet's prober (pkg/kubelet/prober/worker.go).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.errors import SandboxError


@dataclass(frozen=True)
class Answer:
    """What a probe was answered: an HTTP status, None when nobody listened, after that many seconds."""

    status: int | None
    seconds: float = 0.0


Ask = Callable[[str], Answer]


@dataclass(frozen=True, kw_only=True)
class Probe:
    """An httpGet probe. Defaults are Kubernetes' own; times are seconds."""

    path: str
    initial_delay: float = 0.0
    period: float = 10.0
    timeout: float = 1.0
    failures: int = 3
    successes: int = 1

    @classmethod
    def of(cls, spec: Mapping[str, Any] | None) -> Probe | None:
        """The probe of a container's spec, None when it has none. SandboxError for one that is no httpGet."""
        if not spec:
            return None
        if "httpGet" not in spec:
            kinds = ", ".join(sorted(set(spec) & {"exec", "tcpSocket", "grpc"})) or "no kind"
            raise SandboxError(f"the sandbox's pods answer httpGet probes, and this one has {kinds}")
        return cls(
            path=spec["httpGet"].get("path", "/"),
            initial_delay=spec.get("initialDelaySeconds", 0),
            period=spec.get("periodSeconds", 10),
            timeout=spec.get("timeoutSeconds", 1),
            failures=spec.get("failureThreshold", 3),
            successes=spec.get("successThreshold", 1),
        )

    def passes(self, answer: Answer) -> bool:
        """Any status from 200 up to 399 is a success, if it comes in time."""
        return answer.status is not None and 200 <= answer.status < 400 and answer.seconds <= self.timeout


class Worker:
    """One probe's history. `ok` is the verdict, None before there is one."""

    def __init__(self, probe: Probe, *, ok: bool | None) -> None:
        self._probe = probe
        self.ok = ok
        self.next = 0.0
        self._last: bool | None = None
        self._run = 0

    def tick(self, now: float, began: float, ask: Ask) -> None:
        """Probe when it is time; `began` is when the container did."""
        if now < self.next:
            return
        self.next = now + self._probe.period if self.next == 0.0 else self._after(now)
        if now - began < self._probe.initial_delay:
            return
        passed = self._probe.passes(ask(self._probe.path))
        self._run = self._run + 1 if passed is self._last else 1
        self._last = passed
        if self._run >= (self._probe.successes if passed else self._probe.failures):
            self.ok = passed

    def soon(self) -> None:
        """Probe at the next tick."""
        self.next = 0.0

    def _after(self, now: float) -> float:
        """The next tick of the same rhythm; those that were slept through are left out."""
        missed = int((now - self.next) // self._probe.period)
        return self.next + (missed + 1) * self._probe.period


@dataclass(frozen=True, kw_only=True)
class Probes:
    """The three probes of a container."""

    startup: Probe | None = None
    readiness: Probe | None = None
    liveness: Probe | None = None

    @classmethod
    def of(cls, container: Mapping[str, Any]) -> Probes:
        kinds = ("startup", "readiness", "liveness")
        return cls(**{kind: Probe.of(container.get(f"{kind}Probe")) for kind in kinds})


class ContainerLife:
    """One container from its start: what a kubelet would say of it.

    No back-off lies between restarts: a server that loads a model starts more slowly than the first of them.
    """

    def __init__(self, probes: Probes, now: float, *, restarts: int = 0) -> None:
        self._probes = probes
        self.restarts = restarts
        self._begin(now)

    def _begin(self, now: float) -> None:
        self.began = now
        self.started = self._probes.startup is None
        self._startup = Worker(self._probes.startup, ok=None) if self._probes.startup else None
        self._readiness = Worker(self._probes.readiness, ok=False) if self._probes.readiness else None
        self._liveness = Worker(self._probes.liveness, ok=True) if self._probes.liveness else None

    @property
    def ready(self) -> bool:
        return self.started and (self._readiness is None or self._readiness.ok is True)

    def tick(self, now: float, ask: Ask) -> bool:
        """Probe what is due; whether the container was killed and began anew."""
        if not self.started and self._startup is not None:
            self._startup.tick(now, self.began, ask)
            if self._startup.ok is False:
                return self._restart(now)
            if not self._startup.ok:
                return False
            self.started = True
            if self._readiness is not None:
                # The kubelet does not wait for the rhythm to make a started container ready.
                self._readiness.soon()
        for worker in (self._readiness, self._liveness):
            if worker is not None:
                worker.tick(now, self.began, ask)
        return self._restart(now) if self._liveness is not None and self._liveness.ok is False else False

    def _restart(self, now: float) -> bool:
        self.restarts += 1
        self._begin(now)
        return True
