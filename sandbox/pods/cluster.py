"""What is asked of a region's API server, and told to it as a kubelet tells it."""

from __future__ import annotations

import base64
import http.client
import json
import logging
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import yaml

from sandbox.kube import Api, ApiError
from sandbox.pods.selection import APP, NAMESPACE, ROOT_NAMESPACE

_log = logging.getLogger(__name__)

PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
_SECURITY = "/apis/security.istio.io/v1"
_MERGE = "application/strategic-merge-patch+json"
_WATCH_SECONDS = 240
# A bookmark comes about once a minute; without any the connection is no more what it seems.
_SILENT_SECONDS = 150.0
_RETRY_SECONDS = 0.5

Sink = Callable[[str, dict[str, Any]], None]


class Cluster:
    """A region's API server, as its kubeconfig names it."""

    def __init__(self, kubeconfig: Path) -> None:
        document = yaml.safe_load(kubeconfig.read_text())
        cluster = document["clusters"][0]["cluster"]
        self._token = document["users"][0]["user"]["token"]
        ca = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self._host = urlsplit(cluster["server"]).netloc
        self._context = ssl.create_default_context(cadata=ca)
        # Short: an API server that hangs must not keep a pod from being probed.
        self._api = Api(cluster["server"], ca, self._token, timeout=3.0)

    def authority(self) -> Mapping[str, Any]:
        """The data of Secret `cacerts`."""
        return self._api.get(f"/api/v1/namespaces/{ROOT_NAMESPACE}/secrets/cacerts")["data"]

    def policies(self, kind: str) -> list[dict[str, Any]]:
        """All objects of a kind (its plural) in security.istio.io: the pods' namespace's and the root's."""
        return [
            item
            for namespace in (NAMESPACE, ROOT_NAMESPACE)
            for item in self._api.get(f"{_SECURITY}/namespaces/{namespace}/{kind}")["items"]
        ]

    def patch_status(self, name: str, status: Mapping[str, Any]) -> dict[str, Any] | None:
        """Patch a pod's status; the pod, None when it is gone, or another one has its name."""
        try:
            return self._api.call("PATCH", f"{PODS}/{name}/status", status, content_type=_MERGE)
        except ApiError as error:
            if error.status in {http.client.NOT_FOUND, http.client.CONFLICT}:
                return None
            raise

    def follow(self, sink: Sink, stopped: threading.Event) -> None:
        """Tell of the pods: `sink` takes ADDED, MODIFIED or DELETED and the pod, until `stopped`.

        When the stream breaks it starts anew with what is there, and tells what has gone meanwhile.
        """
        known: dict[str, dict[str, Any]] = {}
        trouble = ""
        while not stopped.is_set():
            try:
                for event, pod in self._events(known):
                    trouble = ""
                    name = pod["metadata"]["name"]
                    if event == "DELETED":
                        known.pop(name, None)
                    else:
                        known[name] = pod
                    sink(event, pod)
            except (OSError, ApiError, http.client.HTTPException, ValueError, KeyError) as error:
                if str(error) != trouble:
                    trouble = str(error)
                    _log.warning("the watch broke: %s; trying again", error)
                stopped.wait(_RETRY_SECONDS)

    def _events(self, known: Mapping[str, dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
        query = f"labelSelector={quote(f'app={APP}')}"
        listing = self._api.get(f"{PODS}?{query}")
        present = {pod["metadata"]["uid"] for pod in listing["items"]}
        for pod in [pod for pod in known.values() if pod["metadata"]["uid"] not in present]:
            yield "DELETED", pod
        for pod in listing["items"]:
            yield "ADDED", pod
        version = listing["metadata"]["resourceVersion"]
        connection = http.client.HTTPSConnection(self._host, context=self._context, timeout=_SILENT_SECONDS)
        try:
            more = (
                f"watch=1&allowWatchBookmarks=true&resourceVersion={version}&timeoutSeconds={_WATCH_SECONDS}"
            )
            headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
            connection.request("GET", f"{PODS}?{query}&{more}", headers=headers)
            answer = connection.getresponse()
            if answer.status != http.client.OK:
                raise OSError(f"the watch is answered {answer.status}")
            while line := answer.readline():
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise OSError(str(event["object"].get("message", "the watch ended with an error")))
                if event["type"] != "BOOKMARK":
                    yield event["type"], event["object"]
        finally:
            connection.close()
