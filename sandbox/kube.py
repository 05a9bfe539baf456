"""A Kubernetes API client as small as the sandbox's own needs: JSON over one kept connection a thread."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import threading
from pathlib import Path
from typing import Any

import yaml

from sandbox.errors import SandboxError


class ApiError(SandboxError):
    """An answer of the API server that is no success. `status` is the HTTP code."""

    def __init__(self, method: str, path: str, status: int, message: str) -> None:
        super().__init__(f"{method} {path} answered {status}: {message[:400]}")
        self.status = status


class Api:
    """One API server. `endpoint` is `https://host:port`, `ca` is PEM, `token` a bearer token."""

    def __init__(self, endpoint: str, ca: str, token: str, *, timeout: float = 30.0) -> None:
        self._address = endpoint.removeprefix("https://")
        self._context = ssl.create_default_context(cadata=ca)
        self._token = token
        self._timeout = timeout
        self._local = threading.local()

    @classmethod
    def of(cls, kubeconfig: Path) -> Api:
        """The API server that one of the sandbox's kubeconfigs names."""
        document = yaml.safe_load(kubeconfig.read_text())
        cluster, user = document["clusters"][0]["cluster"], document["users"][0]["user"]
        ca = base64.b64decode(cluster["certificate-authority-data"]).decode()
        return cls(cluster["server"], ca, user["token"])

    def get(self, path: str) -> Any:
        return self.call("GET", path)

    def find(self, path: str) -> Any | None:
        """As `get`, None where there is no such object."""
        try:
            return self.get(path)
        except ApiError as error:
            if error.status == http.client.NOT_FOUND:
                return None
            raise

    def apply(self, path: str, document: Any, *, manager: str = "standfast-sandbox") -> Any:
        """Server-side apply (https://kubernetes.io/docs/reference/using-api/server-side-apply/)."""
        return self.call(
            "PATCH",
            f"{path}?fieldManager={manager}&force=true",
            document,
            content_type="application/apply-patch+yaml",
        )

    def call(
        self, method: str, path: str, body: Any = None, *, content_type: str = "application/json"
    ) -> Any:
        """Send and decode. OSError when the server cannot be reached."""
        data = None if body is None else json.dumps(body)
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        if data is not None:
            headers["Content-Type"] = content_type
        status, answer = self._exchange(method, path, data, headers)
        if status >= http.client.BAD_REQUEST:
            raise ApiError(method, path, status, _message(answer))
        try:
            return json.loads(answer)
        except ValueError:
            return answer.decode(errors="replace")

    def _exchange(
        self, method: str, path: str, data: str | None, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        kept: http.client.HTTPSConnection | None = getattr(self._local, "connection", None)
        for connection in [kept, None] if kept is not None else [None]:
            fresh = connection is None
            used = connection or http.client.HTTPSConnection(
                self._address, context=self._context, timeout=self._timeout
            )
            try:
                used.request(method, path, data, headers)
                response = used.getresponse()
                answer = response.read()
            except (OSError, http.client.HTTPException) as error:
                used.close()
                self._local.connection = None
                # A kept connection may have been closed by the server since: once more, on a new one.
                if fresh:
                    raise OSError(f"{self._address}: {error}") from error
                continue
            self._local.connection = used
            return response.status, answer
        raise OSError(f"{self._address} cannot be reached")


def _message(answer: bytes) -> str:
    try:
        document = json.loads(answer)
        return str(document.get("message", document))
    except (ValueError, AttributeError):
        return answer.decode(errors="replace")
