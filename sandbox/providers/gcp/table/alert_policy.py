"""gcp.monitoring.AlertPolicy."""

from __future__ import annotations

from typing import Any

from sandbox.providers.base.table.fields import (
    Fields,
    block,
    blocks,
    flag,
    mapping,
    number,
    strings,
    text,
    whole,
)
from sandbox.providers.base.table.shapes import from_api, to_api
from sandbox.providers.gcp.entry import Entry, Step, project_field

_TRIGGER = block({"count": whole(), "percent": number()})
_AGGREGATION: Fields = {
    "alignmentPeriod": text(),
    "crossSeriesReducer": text(),
    "groupByFields": strings(),
    "perSeriesAligner": text(),
}
_CONDITION: Fields = {
    "displayName": text(required=True),
    "name": text(computed=True),
    "conditionAbsent": block(
        {
            "aggregations": blocks(_AGGREGATION),
            "duration": text(required=True),
            "filter": text(required=True),
            "trigger": _TRIGGER,
        }
    ),
    "conditionMatchedLog": block({"filter": text(required=True), "labelExtractors": mapping()}),
    "conditionThreshold": block(
        {
            "aggregations": blocks(_AGGREGATION),
            "comparison": text(required=True),
            "denominatorAggregations": blocks(_AGGREGATION),
            "denominatorFilter": text(),
            "duration": text(required=True),
            "evaluationMissingData": text(),
            "filter": text(required=True),
            "thresholdValue": number(),
            "trigger": _TRIGGER,
        }
    ),
}
_FIELDS: Fields = {
    "alertStrategy": block(
        {
            "autoClose": text(),
            "notificationPrompts": strings(),
            "notificationRateLimit": block({"period": text()}),
        }
    ),
    "combiner": text(required=True),
    "conditions": blocks(_CONDITION, required=True),
    "displayName": text(required=True),
    "documentation": block(
        {"content": text(), "mimeType": text(default="text/markdown"), "subject": text()},
    ),
    "enabled": flag(default=True),
    "notificationChannels": strings(),
    "project": project_field(),
    "severity": text(),
    "userLabels": mapping(),
}


def _create(step: Step) -> str:
    body = to_api(_FIELDS, step.new, camel=True)
    made = step.call("monitoring.projects.alertPolicies.create", body, name=f"projects/{step.project}")
    return str(made["name"])


def _read(step: Step) -> dict[str, Any] | None:
    have = step.call("monitoring.projects.alertPolicies.get", name=step.id)
    return {**from_api(_FIELDS, have, camel=True), "name": step.id, "project": step.project}


def _update(step: Step) -> None:
    mask = ",".join(name for name in _FIELDS if name != "project" and step.changed(name))
    body = to_api(_FIELDS, step.new, camel=True)
    if mask:
        step.call("monitoring.projects.alertPolicies.patch", body, name=step.id, updateMask=mask)


def _delete(step: Step) -> None:
    step.call("monitoring.projects.alertPolicies.delete", name=step.id)


ALERT_POLICY = Entry(
    token="gcp:monitoring/alertPolicy:AlertPolicy",  # noqa: S106
    fields=_FIELDS,
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    outputs=("name",),
)

ENTRIES = (ALERT_POLICY,)
