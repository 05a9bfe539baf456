"""Image references, in pods and in the values of charts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .model import Resource
from .pods import named, pods
from .values import UNKNOWN, at, mapping, walk

_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
_VERSION = re.compile(r"^v?\d+\.\d+\.\d+([-+._].*)?$")


def images(resource: Resource) -> Iterator[tuple[str, str]]:
    """Where each image is named, and the reference; of a chart those that its values set."""
    template = pods(resource)
    for name, container in named(template.containers if template else ()):
        image = container.get("image")
        if isinstance(image, str):
            yield name, image
    if resource.kind == "Release":
        for path, value in walk(at(resource.props, "values")):
            yield from _of_values(path, value)


def _of_values(path: tuple[str, ...], value: object) -> Iterator[tuple[str, str]]:
    last = path[-1] if path else ""
    where = ".".join(path)
    if isinstance(value, str) and last.lower().endswith("image"):
        yield where, value
    entry = mapping(value)
    if "tag" in entry and entry["tag"] is not UNKNOWN and last.lower().endswith("image"):
        repository = entry.get("repository", "the chart's image")
        digest = entry.get("digest")
        yield where, f"{repository}:{entry['tag']}" + (f"@{digest}" if digest else "")


def by_digest(image: str) -> bool:
    return bool(_DIGEST.search(image))


def tag(image: str) -> str:
    """The tag, empty where there is none: a registry's port is no tag."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2]


def pinned(image: str) -> bool:
    """By digest, or by a version of three numbers: ``v1`` and ``2.15`` move with every release."""
    return by_digest(image) or bool(_VERSION.match(tag(image)))
