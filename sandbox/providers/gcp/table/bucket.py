"""gcp.storage.Bucket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.providers.base.table.fields import block, blocks, flag, mapping, strings, text, whole
from sandbox.providers.gcp.entry import Entry, Step, project_field
from sandbox.providers.gcp.errors import GoogleError

_STATES = {"LIVE": True, "ARCHIVED": False}
# What stays out of a request where it is 0, as "not set" (the send…IfZero inputs are not known here).
_COUNTS = ("age", "daysSinceCustomTime", "daysSinceNoncurrentTime", "numNewerVersions")
_CONDITION = {
    "age": whole(),
    "createdBefore": text(),
    "customTimeBefore": text(),
    "daysSinceCustomTime": whole(),
    "daysSinceNoncurrentTime": whole(),
    "matchesPrefixes": strings(),
    "matchesStorageClasses": strings(),
    "matchesSuffixes": strings(),
    "noncurrentTimeBefore": text(),
    "numNewerVersions": whole(),
    "withState": text(computed=True, choices=("ANY", "ARCHIVED", "LIVE")),
}
_PLURALS = {
    "matchesPrefixes": "matchesPrefix",
    "matchesStorageClasses": "matchesStorageClass",
    "matchesSuffixes": "matchesSuffix",
}
# Inputs that are the API's own, under the same name.
_SAME = (
    "customPlacementConfig",
    "defaultEventBasedHold",
    "encryption",
    "labels",
    "logging",
    "rpo",
    "versioning",
)


def _rule_out(rule: Mapping[str, Any]) -> dict[str, Any]:
    condition = dict(rule["condition"])
    state = condition.pop("withState", None)
    sent = {
        _PLURALS.get(name, name): value
        for name, value in condition.items()
        if value is not None and not (name in _COUNTS and value == 0)
    }
    if state in _STATES:
        sent["isLive"] = _STATES[state]
    return {"action": {key: value for key, value in rule["action"].items() if value}, "condition": sent}


def _rule_in(rule: Mapping[str, Any]) -> dict[str, Any]:
    names = {api: name for name, api in _PLURALS.items()}
    condition = {
        names.get(name, name): value for name, value in rule["condition"].items() if name != "isLive"
    }
    live = rule["condition"].get("isLive")
    state = "ANY" if live is None else "LIVE" if live else "ARCHIVED"
    return {"action": dict(rule["action"]), "condition": {**condition, "withState": state}}


def _body(step: Step) -> dict[str, Any]:
    """The API's bucket for the inputs."""
    new = step.new
    body: dict[str, Any] = {name: new[name] for name in _SAME if new.get(name) is not None}
    body["storageClass"] = new["storageClass"]
    if step.tags_all:
        body["labels"] = step.tags_all
    access: dict[str, Any] = {}
    if new.get("uniformBucketLevelAccess") is not None:
        access["uniformBucketLevelAccess"] = {"enabled": new["uniformBucketLevelAccess"]}
    if new.get("publicAccessPrevention"):
        access["publicAccessPrevention"] = new["publicAccessPrevention"]
    if access:
        body["iamConfiguration"] = access
    if new.get("lifecycleRules"):
        body["lifecycle"] = {"rule": [_rule_out(rule) for rule in new["lifecycleRules"]]}
    if new.get("softDeletePolicy"):
        seconds = new["softDeletePolicy"]["retentionDurationSeconds"]
        body["softDeletePolicy"] = {"retentionDurationSeconds": str(seconds)}
    if new.get("retentionPolicy"):
        body["retentionPolicy"] = {"retentionPeriod": str(new["retentionPolicy"]["retentionPeriod"])}
    if new.get("requesterPays") is not None:
        body["billing"] = {"requesterPays": new["requesterPays"]}
    return body


def _create(step: Step) -> str:
    made = {**_body(step), "name": step.new["name"], "location": step.new["location"]}
    return str(step.call("storage.buckets.insert", made, project=step.project)["name"])


def _read(step: Step) -> dict[str, Any] | None:
    have = step.call("storage.buckets.get", bucket=step.id)
    access = have["iamConfiguration"]
    soft, retention = have.get("softDeletePolicy"), have.get("retentionPolicy")
    return {
        **{name: have[name] for name in _SAME if name in have and name != "labels"},
        "name": step.id,
        "project": step.project,
        "location": have["location"],
        "storageClass": have["storageClass"],
        "uniformBucketLevelAccess": access["uniformBucketLevelAccess"]["enabled"],
        "publicAccessPrevention": access["publicAccessPrevention"],
        "lifecycleRules": [_rule_in(rule) for rule in have.get("lifecycle", {}).get("rule", ())],
        **(
            {
                "softDeletePolicy": {
                    "effectiveTime": soft["effectiveTime"],
                    "retentionDurationSeconds": int(soft["retentionDurationSeconds"]),
                }
            }
            if soft
            else {}
        ),
        **({"retentionPolicy": {"retentionPeriod": retention["retentionPeriod"]}} if retention else {}),
        "requesterPays": have.get("billing", {}).get("requesterPays", False),
        "effectiveLabels": have.get("labels", {}),
        "projectNumber": have["projectNumber"],
        "selfLink": have["selfLink"],
        "timeCreated": have["timeCreated"],
        "updated": have.get("updated", have["timeCreated"]),
        "url": f"gs://{step.id}",
    }


_REMOVABLE = ("encryption", "lifecycle", "logging", "retentionPolicy")


def _update(step: Step) -> None:
    body = _body(step)
    patch: dict[str, Any] = {name: body.get(name) for name in _REMOVABLE} | body
    before: Mapping[str, Any] = step.old.get("effectiveLabels") or {}
    gone = {key: None for key in before if key not in step.tags_all}
    if gone or body.get("labels"):
        patch["labels"] = {**gone, **body.get("labels", {})}
    if step.old.get("versioning") and "versioning" not in body:
        patch["versioning"] = {"enabled": False}
    step.call("storage.buckets.patch", patch, bucket=step.id)


def _delete(step: Step) -> None:
    server = step.session.api.server
    if step.old.get("forceDestroy"):
        have = step.call("storage.buckets.get", bucket=step.id)
        if have.get("retentionPolicy") and next(server.objects(step.id), None) is not None:
            message = f"{step.id} has a retention policy, and objects that it still keeps"
            raise GoogleError(403, "retentionPolicyNotMet", message)
        for one in list(server.objects(step.id)):
            server.delete_object(step.id, one["name"], one["generation"])
    step.call("storage.buckets.delete", bucket=step.id)


def _seconds(value: Any) -> int:
    return int(value)


BUCKET = Entry(
    token="gcp:storage/bucket:Bucket",  # noqa: S106
    fields={
        "customPlacementConfig": block({"dataLocations": strings(required=True)}, replace=True),
        "defaultEventBasedHold": flag(),
        "encryption": block({"defaultKmsKeyName": text(required=True)}),
        "forceDestroy": flag(local=True, default=False),
        "labels": mapping(),
        "lifecycleRules": blocks(
            {
                "action": block({"type": text(required=True), "storageClass": text()}, required=True),
                "condition": block(_CONDITION, required=True),
            }
        ),
        "location": text(required=True, replace=True, same=str.upper),
        "logging": block({"logBucket": text(required=True), "logObjectPrefix": text(computed=True)}),
        "name": text(auto_name=63, replace=True),
        "project": project_field(),
        "publicAccessPrevention": text(computed=True, choices=("enforced", "inherited")),
        "requesterPays": flag(),
        "retentionPolicy": block({"retentionPeriod": text(required=True, same=_seconds)}),
        "rpo": text(computed=True),
        "softDeletePolicy": block(
            {"effectiveTime": text(computed=True), "retentionDurationSeconds": whole(required=True)},
            computed=True,
        ),
        "storageClass": text(default="STANDARD"),
        "uniformBucketLevelAccess": flag(computed=True),
        "versioning": block({"enabled": flag(required=True)}),
    },
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    outputs=("projectNumber", "pulumiLabels", "selfLink", "timeCreated", "updated", "url"),
    volatile=("pulumiLabels", "updated"),
)

ENTRIES = (BUCKET,)
