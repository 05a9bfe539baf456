"""Server-side apply of one object, for real or as a dry run, and how its refusals read."""

from __future__ import annotations

import base64
import time
from http import HTTPStatus
from typing import Final

from sandbox.providers.base import Call, Properties, ProviderError
from sandbox.providers.kubernetes.api import Kind, RefusedError
from sandbox.providers.kubernetes.instance import PATIENCE, Instance, id_of
from sandbox.providers.kubernetes.waiting import annotations_of, label

FORCE: Final = "pulumi.com/patchForce"


def apply_new(
    call: Call[Instance], kind: Kind, inputs: Properties, manager: str, *, dry_run: bool = False
) -> Properties:
    """Apply an object that must not be someone else's. A namespace that is being made is waited for."""
    for pause in (*PATIENCE, None):
        try:
            refuse_existing(call, kind, inputs, manager)
            return apply(call, kind, inputs, manager, dry_run=dry_run)
        except RefusedError as refused:
            if dry_run or pause is None or not refused.missing_namespace:
                raise
            time.sleep(pause)
    raise AssertionError("unreachable")


def refuse_existing(call: Call[Instance], kind: Kind, inputs: Properties, manager: str) -> None:
    """Raise for an object that neither the provider's settings nor an interrupted update of ours explain."""
    if call.instance.settings.upsert:
        return
    metadata = inputs["metadata"]
    live = call.instance.cluster.find(kind.path(metadata.get("namespace"), metadata["name"]))
    if live is None:
        return
    managers = {entry.get("manager") for entry in live["metadata"].get("managedFields", [])}
    if manager not in managers:
        raise ProviderError(
            f"{label(kind, inputs)} exists already, and this resource has not made it (its fields belong to "
            f"{', '.join(sorted(str(each) for each in managers)) or 'nobody'}). Import it (id "
            f"{id_of(kind, inputs)}), give an alias if the resource was renamed, delete the object, or set "
            "upsertExistingObjects on the provider to take such objects over"
        )


def dry_run(call: Call[Instance], kind: Kind, inputs: Properties, manager: str, *, new: bool) -> Properties:
    """What the API server would make of `inputs`. With no namespace yet, the object is tried in `default`."""
    try:
        if new:
            return apply_new(call, kind, inputs, manager, dry_run=True)
        return apply(call, kind, inputs, manager, dry_run=True)
    except RefusedError as refused:
        if not refused.missing_namespace:
            raise told(kind, inputs, refused) from refused
    if call.instance.cluster.find(kind.path("default", inputs["metadata"]["name"])) is not None:
        return inputs  # an object of that name in `default` would be compared with, and is not the one meant
    moved = {**inputs, "metadata": {**inputs["metadata"], "namespace": "default"}}
    try:
        return apply(call, kind, moved, manager, dry_run=True)
    except RefusedError as refused:
        raise told(kind, inputs, refused) from refused


def apply(call: Call[Instance], kind: Kind, inputs: Properties, manager: str, *, dry_run: bool) -> Properties:
    """The object as the API server has it after, or would have it. Raises RefusedError."""
    metadata = inputs["metadata"]
    given = annotations_of(inputs).get(FORCE)
    force = given == "true" if given is not None else call.instance.settings.patch_force
    path = kind.path(metadata.get("namespace"), metadata["name"])
    document = _with_encoded_text(inputs)
    live = call.instance.cluster.apply(path, document, manager=manager, force=force, dry_run=dry_run)
    return {"apiVersion": kind.api_version, "kind": kind.kind, **live}


def _with_encoded_text(document: Properties) -> Properties:
    """A Secret's `stringData` as `data`: it is write-only, so a key left out later would never be removed."""
    text = document.get("stringData")
    if document.get("kind") != "Secret" or not text:
        return document
    encoded = {key: base64.b64encode(str(value).encode()).decode() for key, value in text.items()}
    rest = {key: value for key, value in document.items() if key != "stringData"}
    return {**rest, "data": {**document.get("data", {}), **encoded}}


def told(kind: Kind, inputs: Properties, refused: RefusedError) -> ProviderError:
    """The API server's refusal, with the object and what can be done."""
    message = f"{label(kind, inputs)}: the API server refuses it: {refused}"
    if refused.missing_namespace:
        message += f". Make the namespace {inputs['metadata'].get('namespace')} first (depends_on)"
    elif refused.status == HTTPStatus.CONFLICT and "conflict" in str(refused):
        message += (
            f". Leave them to their manager (ignore_changes), or take them (annotation {FORCE}: 'true')"
        )
    elif "immutable" in str(refused):
        message += ". Such a field needs a new object: `--replace` the resource, or replace_on_changes"
    return ProviderError(message)
