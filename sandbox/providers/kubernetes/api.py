"""One API server, over JSON as it is: discovery, reads, server-side apply, deletes and watches.

Connection, TLS and authentication (tokens, client certificates, exec plugins) are lightkube's; objects stay
plain mappings, since a provider must carry fields that no model knows.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final, TypeAlias, TypeVar

import httpx2
from lightkube.config.client_adapter import ConnectionParams
from lightkube.core.exceptions import ConfigError

from sandbox.providers.base import ProviderError
from sandbox.providers.kubernetes.connection import Told, UnreachableError, single_config
from sandbox.providers.kubernetes.settings import Settings

Object: TypeAlias = dict[str, Any]
_T = TypeVar("_T")

_TIMEOUT: Final = httpx2.Timeout(30.0, connect=5.0)
# A watch that says nothing is looked after this often, so that interrupts and deadlines are seen.
WATCH_SECONDS: Final = 2.0
_REDISCOVER_SECONDS: Final = 0.2
# After a failed attempt, those who wait for the same answer get the same error instead of a timeout each.
_DOWN_SECONDS: Final = 2.0


class RefusedError(ProviderError):
    """The API server's own refusal. status: its code; reason, details: of its Status object."""

    def __init__(self, message: str, *, status: int, reason: str, details: Object) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.details = details

    @property
    def missing_namespace(self) -> bool:
        """Whether it refused because the object's namespace does not exist."""
        return self.status == HTTPStatus.NOT_FOUND and self.details.get("kind") == "namespaces"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind as the API server knows it."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool

    @property
    def api_version(self) -> str:
        """As in `apiVersion`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None, name: str | None = None) -> str:
        """The path of the collection, or of one object in it."""
        root = f"/apis/{self.api_version}" if self.group else f"/api/{self.version}"
        inside = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{root}{inside}/{self.plural}" + (f"/{name}" if name else "")


class Cluster:
    """A client of one API server, for any number of threads."""

    def __init__(self, settings: Settings) -> None:
        config = single_config(settings)
        self.endpoint = config.cluster.server
        self.context = config.context_name
        self.namespace = settings.namespace or config.namespace
        try:
            parameters = ConnectionParams(timeout=_TIMEOUT, trust_env=False).httpx_params(config)
        except (ConfigError, OSError, ValueError) as error:
            raise ProviderError(f"kubeconfig context {self.context}: {error}") from error
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=32)
        self._http = httpx2.Client(**parameters, limits=limits)
        self._kinds: dict[str, dict[str, Kind]] = {}
        self._discovered: dict[str, float] = {}
        self._down: tuple[float, UnreachableError] | None = None
        self._lock = threading.Lock()

    # Discovery

    def kind(self, api_version: str, kind: str) -> Kind | None:
        """The kind, None if the API server does not know it (asked anew at most five times a second)."""
        with self._lock:
            if self._down is not None and time.monotonic() - self._down[0] < _DOWN_SECONDS:
                raise self._down[1]
            found = self._kinds.get(api_version, {}).get(kind)
            if (
                found is None
                and time.monotonic() - self._discovered.get(api_version, -9.0) > _REDISCOVER_SECONDS
            ):
                self._kinds[api_version] = self._discover(api_version)
                self._discovered[api_version] = time.monotonic()
                found = self._kinds[api_version].get(kind)
            return found

    def kinds(self, api_version: str) -> list[str]:
        """The kinds of a group and version that the API server knows, as last discovered."""
        with self._lock:
            return sorted(self._kinds.get(api_version, {}))

    def _discover(self, api_version: str) -> dict[str, Kind]:
        group, _, version = api_version.rpartition("/")
        try:
            listing = self.find(f"/apis/{api_version}" if group else f"/api/{version}")
        except UnreachableError as error:
            self._down = (time.monotonic(), error)
            raise
        return {
            entry["kind"]: Kind(
                group=group,
                version=version,
                kind=entry["kind"],
                plural=entry["name"],
                namespaced=entry["namespaced"],
            )
            for entry in (listing or {}).get("resources", [])
            if "/" not in entry["name"]
        }

    # Objects

    def find(self, path: str, **params: str) -> Object | None:
        """What is at `path`, None if there is nothing."""
        try:
            return self._call("GET", path, params=params)
        except RefusedError as refused:
            if refused.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def list(self, path: str, **params: str) -> list[Object]:
        """The items of a collection; none if it does not exist."""
        return (self.find(path, **params) or {}).get("items", [])

    def apply(self, path: str, document: Object, *, manager: str, force: bool, dry_run: bool) -> Object:
        """Server-side apply, with unknown and duplicate fields refused."""
        params = {"fieldManager": manager, "force": str(force).lower(), "fieldValidation": "Strict"}
        if dry_run:
            params["dryRun"] = "All"
        return self._call("PATCH", path, params=params, body=document, content="application/apply-patch+yaml")

    def delete(self, path: str, *, propagation: str) -> Object | None:
        """Begin to delete. What is there still, held by finalizers or a grace period; None if nothing is."""
        options: Object = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": propagation}
        try:
            answer = self._call("DELETE", path, body=options)
        except RefusedError as refused:
            if refused.status == HTTPStatus.NOT_FOUND:
                return None
            raise
        return None if answer.get("kind") == "Status" else answer

    def watch(
        self, collection: str, name: str, version: str, remaining: Callable[[], float]
    ) -> Iterator[Object | None]:
        """What becomes of one object from resource version `version` on: its states, None once it is deleted.

        Yields its last state again when nothing was heard for a while; ends when `remaining()` is 0.
        """
        selector = f"metadata.name={name}"
        state: Object | None = None
        while (seconds := remaining()) > 0:
            params = {"watch": "true", "fieldSelector": selector, "allowWatchBookmarks": "true"}
            params["resourceVersion"] = version
            try:
                for event in self._stream(collection, params, min(seconds, WATCH_SECONDS)):
                    version = event["object"]["metadata"]["resourceVersion"]
                    if event["type"] != "BOOKMARK":
                        state = None if event["type"] == "DELETED" else event["object"]
                        yield state
                    if remaining() <= 0:
                        return
            except httpx2.ReadTimeout:
                if state is not None:
                    yield state
            except RefusedError as refused:
                if refused.status != HTTPStatus.GONE:
                    raise
                version, state = self._list_one(collection, selector)
                yield state

    def _list_one(self, collection: str, selector: str) -> tuple[str, Object | None]:
        listing = self.find(collection, fieldSelector=selector) or {"metadata": {}, "items": []}
        items = listing.get("items", [])
        return listing["metadata"].get("resourceVersion", "0"), items[0] if items else None

    def _stream(self, path: str, params: dict[str, str], seconds: float) -> Iterator[Object]:
        timeout = httpx2.Timeout(5.0, read=seconds)
        with self._told(), self._http.stream("GET", path, params=params, timeout=timeout) as response:
            if response.status_code >= HTTPStatus.BAD_REQUEST:
                response.read()
                raise _refusal(response)
            for line in response.iter_lines():
                event: Object = json.loads(line) if line else {"type": "NOTHING"}
                if event["type"] == "ERROR":
                    raise _status_refusal(event["object"], int(event["object"].get("code", 500)))
                if event["type"] != "NOTHING":
                    yield event

    def _call(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, str] | None = None,
        body: Object | None = None,
        content: str = "application/json",
    ) -> Object:
        data = None if body is None else json.dumps(body)
        headers = {"Content-Type": content} if data is not None else {}

        def send() -> httpx2.Response:
            with self._told():
                return self._http.request(method, path, params=params, content=data, headers=headers)

        response = _patiently(send)
        if response.status_code >= HTTPStatus.BAD_REQUEST:
            raise _refusal(response)
        return response.json()

    def _told(self) -> Told:
        return Told(self.endpoint, self.context)


def _patiently(send: Callable[[], httpx2.Response]) -> httpx2.Response:
    """`send`, again when a kept connection turned out to be closed, or when the server asks for patience."""
    for pause in (0.0, 0.5, 1.0, 2.0):
        try:
            response = send()
        except UnreachableError as error:
            if pause == 0.0 and isinstance(error.__cause__, httpx2.RemoteProtocolError | httpx2.WriteError):
                continue
            raise
        if response.status_code not in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
            return response
        time.sleep(pause or 0.2)
    return send()


def _refusal(response: httpx2.Response) -> RefusedError:
    try:
        status: Object = response.json()
    except ValueError:
        status = {"message": response.text.strip()}
    return _status_refusal(status, response.status_code)


def _status_refusal(status: Object, code: int) -> RefusedError:
    message = status.get("message") or f"HTTP {code}"
    if code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        message += " (these are the rights of the kubeconfig's user)"
    return RefusedError(
        message, status=code, reason=status.get("reason", ""), details=status.get("details") or {}
    )


class Clusters:
    """One client for each kubeconfig, kept for as long as the process lives."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Any, ...], Cluster] = {}
        self._lock = threading.Lock()

    def get(self, settings: Settings) -> Cluster:
        """The client for `settings`; makes no connection yet."""
        plain = replace(settings, patch_force=False, upsert=False, replaced_kinds=frozenset())
        key = (plain.kubeconfig, plain.folder, plain.context, plain.cluster, plain.namespace)
        with self._lock:
            if key not in self._kept:
                self._kept[key] = Cluster(settings)
            return self._kept[key]
