"""gcp.storage.TransferJob."""

from __future__ import annotations

from typing import Any

from sandbox.providers.base.table.fields import Fields, block, flag, string_set, strings, text, whole
from sandbox.providers.base.table.shapes import from_api, to_api
from sandbox.providers.gcp.entry import Entry, Step, project_field

_DATE: Fields = {"year": whole(required=True), "month": whole(required=True), "day": whole(required=True)}
_TIME: Fields = {name: whole(required=True) for name in ("hours", "minutes", "seconds", "nanos")}
_METADATA: Fields = {
    name: text(computed=True)
    for name in (
        "acl",
        "gid",
        "kmsKey",
        "mode",
        "storageClass",
        "symlink",
        "temporaryHold",
        "timeCreated",
        "uid",
    )
}
_SPEC: Fields = {
    "awsS3DataSource": block(
        {
            "bucketName": text(required=True),
            "cloudfrontDomain": text(),
            "managedPrivateNetwork": flag(),
            "path": text(),
            "roleArn": text(),
        }
    ),
    "gcsDataSink": block({"bucketName": text(required=True), "path": text()}),
    "objectConditions": block(
        {
            "excludePrefixes": strings(),
            "includePrefixes": strings(),
            "lastModifiedBefore": text(),
            "lastModifiedSince": text(),
            "maxTimeElapsedSinceLastModification": text(),
            "minTimeElapsedSinceLastModification": text(),
        }
    ),
    "transferOptions": block(
        {
            "deleteObjectsFromSourceAfterTransfer": flag(),
            "deleteObjectsUniqueInSink": flag(),
            "metadataOptions": block(_METADATA),
            "overwriteObjectsAlreadyExistingInSink": flag(),
            "overwriteWhen": text(),
        }
    ),
}
_FIELDS: Fields = {
    "description": text(required=True),
    "eventStream": block(
        {
            "name": text(required=True),
            "eventStreamExpirationTime": text(),
            "eventStreamStartTime": text(),
        }
    ),
    "loggingConfig": block(
        {
            "enableOnPremGcsTransferLogs": flag(api="enableOnpremGcsTransferLogs"),
            "logActionStates": string_set(),
            "logActions": string_set(),
        },
        computed=True,
    ),
    "name": text(computed=True, replace=True),
    "notificationConfig": block(
        {
            "eventTypes": string_set(),
            "payloadFormat": text(required=True),
            "pubsubTopic": text(required=True),
        }
    ),
    "project": project_field(),
    "schedule": block(
        {
            "repeatInterval": text(),
            "scheduleEndDate": block(_DATE),
            "scheduleStartDate": block(_DATE, required=True),
            "startTimeOfDay": block(_TIME),
        }
    ),
    "status": text(default="ENABLED", choices=("ENABLED", "DISABLED")),
    "transferSpec": block(_SPEC, required=True),
}
_OUTPUTS = ("creationTime", "deletionTime", "lastModificationTime")


def _body(step: Step) -> dict[str, Any]:
    return to_api(_FIELDS, step.new, camel=True)


def _create(step: Step) -> str:
    made = step.call("storagetransfer.transferJobs.create", {**_body(step), "projectId": step.project})
    return str(made["name"])


def _read(step: Step) -> dict[str, Any] | None:
    have = step.call("storagetransfer.transferJobs.get", jobName=step.id, projectId=step.project)
    return {
        **from_api(_FIELDS, have, camel=True),
        "project": step.project,
        **{name: have.get(name, "") for name in _OUTPUTS},
    }


_CHANGEABLE = (
    "description",
    "eventStream",
    "loggingConfig",
    "notificationConfig",
    "schedule",
    "status",
    "transferSpec",
)


def _update(step: Step) -> None:
    changed = [name for name in _CHANGEABLE if step.changed(name)]
    body = _body(step)
    request = {
        "projectId": step.project,
        "transferJob": {name: body[name] for name in changed if name in body},
        "updateTransferJobFieldMask": ",".join(changed),
    }
    if changed:
        step.call("storagetransfer.transferJobs.patch", request, jobName=step.id)


def _delete(step: Step) -> None:
    step.call("storagetransfer.transferJobs.delete", jobName=step.id, projectId=step.project)


TRANSFER_JOB = Entry(
    token="gcp:storage/transferJob:TransferJob",  # noqa: S106
    fields=_FIELDS,
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    outputs=_OUTPUTS,
    volatile=("lastModificationTime",),
)

ENTRIES = (TRANSFER_JOB,)
