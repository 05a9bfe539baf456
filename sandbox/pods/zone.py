"""All pods of one zone: their servers, what is wrong with them, and what their kubelets say of them."""

from __future__ import annotations

import ipaddress
import logging
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from sandbox.errors import SandboxError
from sandbox.pods.faults import Fault, Faults
from sandbox.pods.models import Model
from sandbox.pods.policies import Request
from sandbox.pods.probes import ContainerLife, Probes
from sandbox.pods.selection import PORT
from sandbox.pods.server import Place, PodServer
from sandbox.pods.status import Health

_log = logging.getLogger(__name__)

Labels = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a zone's pods have in common. `block` is the CIDR of their addresses."""

    region: str
    zone: str
    block: str
    load_seconds: float
    context: Callable[[str], ssl.SSLContext]
    """TLS for a service account's name."""
    authorize: Callable[[Labels, Request], bool]
    port: int = PORT


class ServedPod:
    """One pod from its start on its node to its end."""

    def __init__(self, pod: dict[str, Any], settings: Settings, now: float) -> None:
        self.pod = pod
        self.leaves_at: float | None = None
        self._settings = settings
        labels = dict(pod["metadata"].get("labels", {}))
        place = Place(pod=self.name, zone=settings.zone, region=settings.region)
        self.server = PodServer(
            place,
            (self.address, settings.port),
            settings.context(pod["spec"].get("serviceAccountName", "default")),
            lambda request: settings.authorize(labels, request),
        )
        restarts = [entry.get("restartCount", 0) for entry in pod["status"].get("containerStatuses", [])]
        probes = Probes.of(pod["spec"]["containers"][0])
        self.life = ContainerLife(probes, now, restarts=max(restarts, default=0))
        self._loaded_at = now + settings.load_seconds
        self._trouble = ""

    @property
    def name(self) -> str:
        return self.pod["metadata"]["name"]

    @property
    def uid(self) -> str:
        return self.pod["metadata"]["uid"]

    @property
    def address(self) -> str:
        return self.pod["status"]["podIP"]

    @property
    def health(self) -> Health:
        return Health(ready=self.life.ready, started=self.life.started, restarts=self.life.restarts)

    def leave(self, now: float) -> None:
        """Deleted: the containers serve for as long as their preStop hook sleeps, as the kubelet has it.

        https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination
        """
        hook = self.pod["spec"]["containers"][0].get("lifecycle", {}).get("preStop", {})
        grace = self.pod["spec"].get("terminationGracePeriodSeconds", 30)
        self.leaves_at = now + min(hook.get("sleep", {}).get("seconds", 0), grace)

    def tick(self, now: float, model: Model | None, fault: Fault) -> None:
        """Open or close, load, and be probed."""
        self.server.fault = fault
        if self.server.listening or now >= self._loaded_at:
            self.server.model = model
        wanted = self.server.model is not None and now >= self._loaded_at and not fault.dead
        try:
            self.server.listen(wanted)
        except OSError as error:
            if str(error) != self._trouble:
                self._trouble = str(error)
                _log.warning("%s cannot listen on %s: %s", self.name, self.address, error)
        if self.leaves_at is None and self.life.tick(now, self.server.ask):
            _log.info("%s is restarted: its probe failed", self.name)
            self.server.listen(False)
            self.server.model = None
            self._loaded_at = now + self._settings.load_seconds

    def end(self) -> None:
        self.server.listen(False)


class Zone:
    """The pods of a zone. Times are seconds of one clock, which the caller reads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._block = ipaddress.ip_network(settings.block)
        self._pods: dict[str, ServedPod] = {}
        self._lock = Lock()
        self.model: Model | None = None

    def event(self, kind: str, pod: dict[str, Any], now: float) -> None:
        """What the watch tells. Pods without an address of this zone are others' matter."""
        with self._lock:
            known = self._pods.get(pod["metadata"]["uid"])
            if kind == "DELETED":
                if known is not None and known.leaves_at is None:
                    known.leave(now)
            elif known is not None:
                known.pod = pod
            elif self._mine(pod):
                self._begin(pod, now)

    def _begin(self, pod: dict[str, Any], now: float) -> None:
        for other in [p for p in self._pods.values() if p.address == pod["status"]["podIP"]]:
            other.end()
            del self._pods[other.uid]
        try:
            self._pods[pod["metadata"]["uid"]] = ServedPod(pod, self._settings, now)
        except SandboxError as error:
            _log.error("%s stays unready: %s", pod["metadata"]["name"], error)

    def _mine(self, pod: Mapping[str, Any]) -> bool:
        status = pod.get("status", {})
        if status.get("phase") != "Running" or not status.get("podIP"):
            return False
        return ipaddress.ip_address(status["podIP"]) in self._block

    def tick(self, now: float, faults: Faults) -> None:
        """Once in a while: everything that time brings."""
        with self._lock:
            for pod in list(self._pods.values()):
                if pod.leaves_at is not None and now >= pod.leaves_at:
                    pod.end()
                    del self._pods[pod.uid]
                else:
                    pod.tick(now, self.model, faults.of(pod.name))

    def healths(self) -> list[tuple[dict[str, Any], Health]]:
        """Each pod as the API server has it, and what its kubelet has to say."""
        with self._lock:
            return [(pod.pod, pod.health) for pod in self._pods.values() if pod.leaves_at is None]

    def end(self) -> None:
        with self._lock:
            for pod in self._pods.values():
                pod.end()
            self._pods.clear()
