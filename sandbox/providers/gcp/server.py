"""fake-gcs-server over HTTP: the JSON API of Cloud Storage, buckets and objects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx2

from sandbox.providers.gcp.errors import GoogleError

_TIMEOUT = httpx2.Timeout(30.0, connect=5.0)


class Server:
    """https://cloud.google.com/storage/docs/json_api/v1. `endpoint` such as `http://127.0.0.1:4443`."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self._http = httpx2.Client(base_url=f"{endpoint}/storage/v1/", timeout=_TIMEOUT, trust_env=False)

    def call(self, verb: str, path: str, body: Any = None, **query: str) -> dict[str, Any]:
        """One call. Raises GoogleError, with status 503 when nothing answers."""
        try:
            answer = self._http.request(verb, path, json=body, params=query)
        except httpx2.TransportError as error:
            raise GoogleError(503, "UNAVAILABLE", f"{self.endpoint} does not answer: {error}") from error
        if answer.is_success:
            # The answer to a DELETE is no document, or the document `null`.
            return dict(answer.json() or {}) if answer.content.strip() else {}
        raise GoogleError(answer.status_code, "", _message(answer))

    def bucket(self, name: str) -> str:
        """The path of a bucket."""
        return f"b/{quote(name, safe='')}"

    def buckets(self, prefix: str) -> Iterator[dict[str, Any]]:
        """The buckets of all projects whose names begin so."""
        return self._pages("b", prefix=prefix, project="any")

    def objects(self, bucket: str) -> Iterator[dict[str, Any]]:
        """Every generation of every object."""
        return self._pages(f"{self.bucket(bucket)}/o", versions="true")

    def _pages(self, path: str, **query: str) -> Iterator[dict[str, Any]]:
        token: dict[str, str] = {}
        while True:
            page = self.call("GET", path, **query, **token)
            yield from page.get("items", ())
            if not page.get("nextPageToken"):
                return
            token = {"pageToken": page["nextPageToken"]}

    def delete_object(self, bucket: str, name: str, generation: str) -> None:
        """Delete one generation; that it is gone already is no error."""
        path = f"{self.bucket(bucket)}/o/{quote(name, safe='')}"
        try:
            self.call("DELETE", path, generation=generation)
        except GoogleError as error:
            if error.status != 404:
                raise

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()


def _message(answer: httpx2.Response) -> str:
    try:
        return str(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return answer.text[:200] or answer.reason_phrase
