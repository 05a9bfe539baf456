"""The custom resource definitions of the program's objects: the API server checks each by its schema."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from sandbox.errors import SandboxError
from sandbox.kube import Api, ApiError
from sandbox.paths import write_atomic

_PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_SOURCE = "standfast.dev/crds"
ESTABLISHED_SECONDS = 180.0


def load_crds(folder: Path) -> list[dict[str, Any]]:
    """All definitions in the YAML files under `folder` (the `crds` unit of the tools), in a fixed order.

    They are kept beside it as JSON once read: parsing megabytes of YAML takes seconds.
    """
    kept = folder.with_name(f"{folder.name}.json")
    try:
        return json.loads(kept.read_bytes())
    except (FileNotFoundError, ValueError):
        definitions = list(_read(sorted(folder.rglob("*.yaml"))))
    if not definitions:
        raise SandboxError(f"{folder} holds no custom resource definitions", remedy="remove it and run again")
    write_atomic(kept, json.dumps(definitions))
    return definitions


def without_descriptions(schema: Any) -> Any:
    """A schema without its prose: half its size, and the API server checks the same.

    A property may itself be called `description`: only texts are left out.
    """
    if isinstance(schema, dict):
        kept = {k: v for k, v in schema.items() if not (k == "description" and isinstance(v, str))}
        return {key: without_descriptions(value) for key, value in kept.items()}
    if isinstance(schema, list):
        return [without_descriptions(value) for value in schema]
    return schema


class _Loader(yaml.CSafeLoader):
    """YAML 1.1's `=` and dates are plain words in a schema."""


for _tag in ("value", "timestamp"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", lambda _, node: str(node.value))


def _read(files: Iterable[Path]) -> Iterable[dict[str, Any]]:
    for file in files:
        for document in yaml.load_all(file.read_text(), Loader=_Loader):
            if isinstance(document, dict) and document.get("kind") == "CustomResourceDefinition":
                document.pop("status", None)
                document["metadata"].pop("creationTimestamp", None)
                yield without_descriptions(document)


def install_crds(api: Api, folder: Path) -> int:
    """Apply what is missing and wait until the API server serves all; the number applied.

    Every definition is labelled with the folder it came from, so that a second call has nothing to send.
    """
    label = folder.name
    definitions = {d["metadata"]["name"]: d for d in load_crds(folder)}
    present = {
        item["metadata"]["name"] for item in api.get(f"{_PATH}?labelSelector={_SOURCE}%3D{label}")["items"]
    }
    absent = [name for name in definitions if name not in present]

    def apply(name: str) -> None:
        definition = definitions[name]
        labels = {**definition["metadata"].get("labels", {}), _SOURCE: label}
        metadata = {**definition["metadata"], "labels": labels}
        api.apply(f"{_PATH}/{name}", {**definition, "metadata": metadata})

    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(apply, absent))
    if absent:
        _wait_established(api, set(definitions))
    return len(absent)


def _wait_established(api: Api, names: set[str]) -> None:
    deadline = time.monotonic() + ESTABLISHED_SECONDS
    waiting = names
    while waiting:
        waiting = {n for n in waiting if not _established(api.get(f"{_PATH}/{n}"))}
        if waiting and time.monotonic() > deadline:
            raise SandboxError(
                f"custom resource definitions are not established after {ESTABLISHED_SECONDS:.0f} s: "
                f"{', '.join(sorted(waiting))}"
            )
        if waiting:
            time.sleep(0.1)


def _established(definition: dict[str, Any]) -> bool:
    conditions = (definition.get("status") or {}).get("conditions") or []
    states = {c["type"]: c["status"] for c in conditions}
    if states.get("NamesAccepted") == "False":
        name = definition["metadata"]["name"]
        raise SandboxError(f"the API server does not accept the names of {name}")
    return states.get("Established") == "True"


def served(api: Api, group_version: str) -> bool:
    """Whether the API server answers for a group and version, e.g. `velero.io/v1`."""
    try:
        return bool(api.get(f"/apis/{group_version}")["resources"])
    except ApiError:
        return False
