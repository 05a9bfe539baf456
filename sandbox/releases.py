"""Helm releases as Helm keeps them: Secrets of type helm.sh/release.v1 in the release's namespace.

The payload of a Secret is JSON, gzipped, in base64, in the Secret's own base64:
https://helm.sh/docs/topics/advanced/#storage-backends
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
from dataclasses import dataclass
from typing import Any

from sandbox.kube import Api

SECRET_TYPE = "helm.sh/release.v1"  # noqa: S105 - a type, not a secret


@dataclass(frozen=True)
class Release:
    """The newest revision of one release. `values` are those its installer gave."""

    name: str
    namespace: str
    revision: int
    chart: str
    chart_version: str
    status: str
    values: dict[str, Any]


def decode(data: str) -> dict[str, Any]:
    """The payload of a Secret's `release` key. ValueError when it is none."""
    try:
        packed = base64.b64decode(base64.b64decode(data, validate=True), validate=True)
        text = gzip.decompress(packed) if packed.startswith(b"\x1f\x8b") else packed
        document = json.loads(text)
    except (binascii.Error, OSError, EOFError) as error:
        raise ValueError(f"not a Helm release: {error}") from error
    if not isinstance(document, dict):
        raise TypeError("not a Helm release: no mapping")
    return document


def release_of(secret: dict[str, Any]) -> Release | None:
    """The release in a Secret, or None when its payload is none of Helm's."""
    try:
        document = decode(secret["data"]["release"])
        chart = document.get("chart", {}).get("metadata", {})
        return Release(
            name=str(document["name"]),
            namespace=str(document.get("namespace") or secret["metadata"]["namespace"]),
            revision=int(document.get("version", 1)),
            chart=str(chart.get("name", "")),
            chart_version=str(chart.get("version", "")),
            status=str(document.get("info", {}).get("status", "")),
            values=document.get("config") or {},
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def releases(api: Api) -> list[Release]:
    """Every release of a cluster, the newest revision of each, by namespace and name."""
    answer = api.get(f"/api/v1/secrets?fieldSelector=type%3D{SECRET_TYPE.replace('/', '%2F')}")
    newest: dict[tuple[str, str], Release] = {}
    for secret in answer["items"]:
        release = release_of(secret)
        if release is None:
            continue
        key = (release.namespace, release.name)
        if key not in newest or newest[key].revision < release.revision:
            newest[key] = release
    return [newest[key] for key in sorted(newest)]
