"""Which model a region's pods serve: the newest complete version in their own bucket, up to the current one.

A version is complete when its manifest and a model of that checksum are there. Publishing writes the model,
then its manifest, then `current.json`; what replicates may arrive in any order.
"""

from __future__ import annotations

import hashlib
import http.client
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote, urlencode, urlsplit
from xml.etree import ElementTree as ET

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

PREFIX = "models/default/"
CURRENT = f"{PREFIX}current.json"
_TIMEOUT = 5.0


class UnreadableError(OSError):
    """The bucket gives no answer, or one that is none."""


@dataclass(frozen=True)
class Model:
    """A model that was read whole. `sha256` is that of its bytes, in hexadecimal."""

    version: str
    sha256: str


class Bucket(Protocol):
    """What is read from; both raise UnreadableError."""

    def get(self, key: str) -> bytes | None:
        """An object's bytes, None when there is none."""
        ...

    def keys(self, prefix: str) -> list[str]: ...


class Registry:
    """A region's models. What was found complete once is not read again."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._complete: dict[str, Model] = {}

    def newest(self) -> Model | None:
        """The model to serve, None when there is no whole one. Raises UnreadableError."""
        current = _field(self._bucket.get(CURRENT), "version")
        if current is None:
            return None
        found = self._whole(current)
        if found is not None:
            return found
        manifests = [key for key in self._bucket.keys(PREFIX) if key.endswith("/manifest.json")]
        versions = {key.removeprefix(PREFIX).removesuffix("/manifest.json") for key in manifests}
        older = sorted((version for version in versions if version < current), reverse=True)
        return next((model for version in older if (model := self._whole(version))), None)

    def _whole(self, version: str) -> Model | None:
        if version not in self._complete:
            sha256 = _field(self._bucket.get(f"{PREFIX}{version}/manifest.json"), "sha256")
            data = self._bucket.get(f"{PREFIX}{version}/model.bin") if sha256 else None
            if sha256 is None or data is None or hashlib.sha256(data).hexdigest() != sha256:
                return None
            self._complete[version] = Model(version, sha256)
        return self._complete[version]


def _field(document: bytes | None, name: str) -> str | None:
    try:
        value = json.loads(document or b"null")[name]
    except (ValueError, TypeError, KeyError):
        return None
    return value if isinstance(value, str) else None


class S3Bucket:
    """A bucket of moto, path-style and signed, without boto3, which would cost each process 30 MB more.

    `location` is the AWS location that requests are signed for; `caller` is the application that asks.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, API_ListObjectsV2.html
    """

    def __init__(self, endpoint: str, bucket: str, *, location: str, caller: str) -> None:
        self._endpoint = endpoint
        self._host = urlsplit(endpoint).netloc
        self._bucket = bucket
        self._agent = {"User-Agent": f"standfast app/{caller}"}
        self._signer = S3SigV4Auth(Credentials("sandbox", "sandbox"), "s3", location)

    def get(self, key: str) -> bytes | None:
        return self._ask(f"/{self._bucket}/{quote(key)}")

    def keys(self, prefix: str) -> list[str]:
        found: list[str] = []
        token: str | None = None
        while True:
            asked = {"list-type": "2", "prefix": prefix, **({"continuation-token": token} if token else {})}
            answer = self._ask(f"/{self._bucket}?{urlencode(asked)}")
            if answer is None:
                return found
            root = ET.fromstring(answer)  # noqa: S314 - moto's own answer, on loopback
            space = root.tag.partition("}")[0] + "}" if root.tag.startswith("{") else ""
            found += [key.text or "" for key in root.iter(f"{space}Key")]
            token = root.findtext(f"{space}NextContinuationToken")
            if not token:
                return found

    def _ask(self, path: str) -> bytes | None:
        connection = http.client.HTTPConnection(self._host, timeout=_TIMEOUT)
        try:
            signed = AWSRequest(method="GET", url=f"{self._endpoint}{path}")
            self._signer.add_auth(signed)
            connection.request("GET", path, headers={**dict(signed.headers), **self._agent})
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise UnreadableError(f"{self._host}: {error}") from error
        finally:
            connection.close()
        if answer.status == http.client.NOT_FOUND:
            return None
        if answer.status != http.client.OK:
            raise UnreadableError(f"{self._host}{path} answers {answer.status}")
        return body


def kept(registry: Registry, last: Model | None, say: Callable[[str], None]) -> Model | None:
    """The model to serve now: the last one while the bucket gives no answer, or has no whole one any more."""
    try:
        return registry.newest() or last
    except UnreadableError as error:
        say(str(error))
        return last
