"""The sandbox as a place to hold drills: its API servers through lightkube, its zones by their KWOK."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lightkube import ApiError, Client, KubeConfig
from lightkube.core.exceptions import ConfigError
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import Namespace, Node, Pod
from lightkube.resources.discovery_v1 import EndpointSlice
from lightkube.resources.policy_v1 import PodDisruptionBudget

from sandbox.errors import SandboxError
from sandbox.network import lifecycle as network
from sandbox.paths import SandboxPaths
from sandbox.progress import Progress
from sandbox.state import SandboxState
from sandbox.traffic import SandboxTraffic
from sandbox.zones import start_zone, stop_zone

_SPEC: dict[str, Any] = {"selector": {}, "template": {}, "containers": []}
_ANY: dict[str, Any] = {"metadata": {}, "spec": _SPEC, "addressType": "IPv4", "endpoints": []}
"""What every kind can be read from."""
_KINDS: dict[str, Any] = {
    resource.__name__: resource
    for resource in (Deployment, EndpointSlice, Namespace, Node, Pod, PodDisruptionBudget)
}
# msgspec, which decodes for lightkube, learns a type when it first meets it, and crashes when two threads
# teach it the same one at once, as the watches of two regions would.
for _resource in _KINDS.values():
    _resource.from_dict(_ANY)

_WATCH_SECONDS = 10
_RETRY_SECONDS = 0.5
_NOT_FOUND, _CONFLICT = 404, 409

Sink = Callable[[str, dict[str, Any]], None]


class SandboxTarget:
    """The drills' target; `progress` shows what is attached for traffic."""

    def __init__(self, state: SandboxState, progress: Progress | None = None) -> None:
        self._state = state
        self._progress = progress
        self._paths = SandboxPaths.of(state.id)
        self._zones = {name: region.zones for name, region in state.regions.items()}
        self._clusters: dict[str, SandboxCluster] = {}

    @property
    def regions(self) -> tuple[str, ...]:
        return tuple(self._zones)

    def zones(self, region: str) -> tuple[str, ...]:
        return self._zones[region]

    def cluster(self, region: str) -> SandboxCluster:
        if region not in self._clusters:
            self._clusters[region] = SandboxCluster(region, self._paths.kubeconfig(region))
        return self._clusters[region]

    def stop_zone(self, region: str, zone: str) -> None:
        stop_zone(self._paths, region, zone)

    def start_zone(self, region: str, zone: str) -> None:
        start_zone(self._paths, region, zone)

    def logs(self, region: str) -> Path:
        del region
        return self._paths.logs

    @property
    def has_traffic(self) -> bool:
        return network.attached(self._state)

    @contextmanager
    def attach_traffic(self) -> Generator[SandboxTraffic]:
        """The sandbox with its network; one that was not there before is taken off again."""
        before = self.has_traffic
        network.attach(self._state, self._progress)
        try:
            yield SandboxTraffic(self._state)
        finally:
            if not before:
                network.detach(self._state)


class SandboxCluster:
    """One region's API server. Kinds are those that drills ask for; objects are plain dicts."""

    def __init__(self, region: str, kubeconfig: Path) -> None:
        self._region = region
        self._kubeconfig = kubeconfig
        self._client = self._connect()

    # lightkube's overloads tell namespaced kinds from global ones; which one a name means is only known here.
    def _connect(self) -> Any:
        try:
            return Client(config=KubeConfig.from_file(self._kubeconfig).get(), trust_env=False)
        except (ConfigError, OSError) as error:
            raise SandboxError(
                f"{self._region} has no usable kubeconfig ({error})", remedy="run `standfast sandbox up`"
            ) from error

    def get(self, kind: str, name: str, namespace: str = "") -> dict[str, Any] | None:
        try:
            found = self._client.get(_KINDS[kind], name, namespace=namespace or None)
        except ApiError as error:
            if error.status.code == _NOT_FOUND:
                return None
            raise self._refused(error) from error
        return _plain(kind, found)

    def list(self, kind: str, namespace: str = "") -> list[dict[str, Any]]:
        try:
            return [
                _plain(kind, item) for item in self._client.list(_KINDS[kind], namespace=namespace or None)
            ]
        except ApiError as error:
            raise self._refused(error) from error

    def create(self, manifest: dict[str, Any]) -> None:
        resource = _KINDS[manifest["kind"]].from_dict(manifest)
        try:
            self._client.create(resource)
        except ApiError as error:
            if error.status.code != _CONFLICT:
                raise self._refused(error) from error

    def delete(self, kind: str, name: str, namespace: str = "") -> None:
        try:
            self._client.delete(_KINDS[kind], name, namespace=namespace or None)
        except ApiError as error:
            if error.status.code != _NOT_FOUND:
                raise self._refused(error) from error

    @contextmanager
    def watch(self, kind: str, namespace: str, sink: Sink) -> Generator[None]:
        """A watch on a connection of its own, which is taken up again when it breaks."""
        stop = threading.Event()
        client = self._connect()

        known: dict[str, dict[str, Any]] = {}

        def give(event: str, found: dict[str, Any]) -> None:
            name = found["metadata"]["name"]
            if event == "DELETED":
                known.pop(name, None)
            else:
                known[name] = found
            sink(event, found)

        def follow() -> None:
            where = {"namespace": namespace or None}
            while not stop.is_set():
                try:
                    listing = client.list(_KINDS[kind], **where)
                    present = [_plain(kind, found) for found in listing]
                    names = {found["metadata"]["name"] for found in present}
                    for gone in [found for name, found in known.items() if name not in names]:
                        give("DELETED", gone)
                    for found in present:
                        give("ADDED", found)
                    version = listing.resourceVersion
                    for event, found in client.watch(
                        _KINDS[kind], server_timeout=_WATCH_SECONDS, resource_version=version, **where
                    ):
                        if stop.is_set():
                            return
                        give(str(event), _plain(kind, found))
                except Exception:
                    # Whatever broke the stream: the next one begins with what is there then.
                    stop.wait(_RETRY_SECONDS)

        def follow_and_close() -> None:
            # Nobody else may close it: this thread would go on reading from the number of a closed socket,
            # which by then belongs to whatever was opened next.
            with contextlib.closing(client):
                follow()

        name = f"watch {kind} in {self._region}"
        threading.Thread(target=follow_and_close, name=name, daemon=True).start()
        try:
            yield
        finally:
            stop.set()

    def _refused(self, error: ApiError) -> SandboxError:
        return SandboxError(f"the API server of {self._region} answers: {error.status.message}")


def _plain(kind: str, found: Any) -> dict[str, Any]:
    return {"kind": kind, **found.to_dict()}
