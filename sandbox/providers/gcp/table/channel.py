"""gcp.monitoring.NotificationChannel."""

from __future__ import annotations

from typing import Any

from sandbox.providers.base.table.fields import Fields, flag, mapping, text
from sandbox.providers.base.table.shapes import from_api, to_api
from sandbox.providers.gcp.entry import Entry, Step, project_field

_FIELDS: Fields = {
    "description": text(),
    "displayName": text(),
    "enabled": flag(default=True),
    "forceDelete": flag(local=True, default=False),
    # A channel's labels are its address, and no labels of a resource.
    "labels": mapping(),
    "project": project_field(),
    "type": text(required=True, replace=True),
    "userLabels": mapping(),
}
_API = tuple(name for name, one in _FIELDS.items() if not one.local)


def _create(step: Step) -> str:
    body = to_api(_FIELDS, step.new, camel=True)
    made = step.call("monitoring.projects.notificationChannels.create", body, name=f"projects/{step.project}")
    return str(made["name"])


def _read(step: Step) -> dict[str, Any] | None:
    have = step.call("monitoring.projects.notificationChannels.get", name=step.id)
    return {
        **from_api(_FIELDS, have, only=_API, camel=True),
        "name": step.id,
        "project": step.project,
        "verificationStatus": have.get("verificationStatus", ""),
    }


def _update(step: Step) -> None:
    changeable = (name for name in _API if name not in ("project", "type"))
    mask = ",".join(name for name in changeable if step.changed(name))
    body = to_api(_FIELDS, step.new, camel=True)
    if mask:
        step.call("monitoring.projects.notificationChannels.patch", body, name=step.id, updateMask=mask)


def _delete(step: Step) -> None:
    step.call(
        "monitoring.projects.notificationChannels.delete",
        name=step.id,
        force=bool(step.old.get("forceDelete")),
    )


CHANNEL = Entry(
    token="gcp:monitoring/notificationChannel:NotificationChannel",  # noqa: S106
    fields=_FIELDS,
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    outputs=("name", "verificationStatus"),
    tags="",
)

ENTRIES = (CHANNEL,)
