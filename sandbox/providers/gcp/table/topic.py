"""gcp.pubsub.Topic."""

from __future__ import annotations

from typing import Any

from sandbox.providers.base.table.fields import mapping, text
from sandbox.providers.gcp.entry import Entry, Step, project_field

_NAMES = ("kmsKeyName", "messageRetentionDuration")


def _body(step: Step) -> dict[str, Any]:
    body: dict[str, Any] = {name: step.new[name] for name in _NAMES if step.new.get(name)}
    return {**body, **({"labels": step.tags_all} if step.tags_all else {})}


def _create(step: Step) -> str:
    name = f"projects/{step.project}/topics/{step.new['name']}"
    # The description asks for the name in both places.
    step.call("pubsub.projects.topics.create", {**_body(step), "name": name}, name=name)
    return name


def _read(step: Step) -> dict[str, Any] | None:
    have = step.call("pubsub.projects.topics.get", topic=step.id)
    return {
        **{name: have[name] for name in _NAMES if name in have},
        "name": step.id.rpartition("/")[2],
        "project": step.id.split("/")[1],
        "effectiveLabels": have.get("labels", {}),
    }


def _update(step: Step) -> None:
    request = {"topic": {**_body(step), "name": step.id}, "updateMask": ",".join((*_NAMES, "labels"))}
    step.call("pubsub.projects.topics.patch", request, name=step.id)


def _delete(step: Step) -> None:
    step.call("pubsub.projects.topics.delete", topic=step.id)


TOPIC = Entry(
    token="gcp:pubsub/topic:Topic",  # noqa: S106
    fields={
        "kmsKeyName": text(),
        "labels": mapping(),
        "messageRetentionDuration": text(),
        "name": text(auto_name=255, replace=True),
        "project": project_field(),
    },
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    outputs=("pulumiLabels",),
    volatile=("pulumiLabels",),
)

ENTRIES = (TOPIC,)
