"""Jobs of the Storage Transfer Service, which `sandbox.transfer` carries out.

https://cloud.google.com/storage-transfer/docs/reference/rest/v1/transferJobs
"""

from __future__ import annotations

import datetime as dt
import re
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.providers.gcp.api import Asked, Handler
from sandbox.providers.gcp.errors import GoogleError, invalid, not_found
from sandbox.providers.gcp.kept import policies
from sandbox.providers.gcp.kept.bucket_policies import permissions
from sandbox.providers.gcp.kept.buckets import POLICY, find
from sandbox.providers.gcp.kept.projects import transfer_agent, transfer_subject

KIND = "transfer-job"
_SOURCES = (
    "awsS3CompatibleDataSource",
    "awsS3DataSource",
    "azureBlobStorageDataSource",
    "gcsDataSource",
    "hdfsDataSource",
    "httpDataSource",
    "posixDataSource",
)
_SINKS = ("gcsDataSink", "posixDataSink")
_CHANGEABLE = frozenset(
    {
        "description",
        "eventStream",
        "loggingConfig",
        "notificationConfig",
        "schedule",
        "status",
        "transferSpec",
    }
)
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/\S+")
_QUEUE = re.compile(r"arn:aws[a-z-]*:sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]+")
_LEAST_INTERVAL_S = 3600


def _agent(asked: Asked) -> dict[str, Any]:
    project = asked.params["projectId"]
    return {"accountEmail": transfer_agent(project), "subjectId": transfer_subject(project)}


def _create(asked: Asked) -> dict[str, Any]:
    job = dict(asked.body)
    if not job.get("projectId"):
        raise invalid("projectId: is required")
    if job.get("status") not in ("ENABLED", "DISABLED"):
        raise invalid(
            f"status: {job.get('status')!r} is none of ENABLED, DISABLED, one of which a new job has"
        )
    name = job.setdefault("name", f"transferJobs/{10**19 + secrets.randbelow(9 * 10**19)}")
    if not re.fullmatch(r"transferJobs/(?!OPI)[A-Za-z0-9._~-]+", name):
        raise invalid(f"name: {name!r} is not transferJobs/ and a name")
    if asked.store.get(KIND, "", name) is not None:
        raise GoogleError(409, "ALREADY_EXISTS", f"{name} exists already")
    _refuse(asked, job)
    now = _now()
    job |= {"creationTime": now, "lastModificationTime": now}
    asked.store.put(KIND, "", name, value=job)
    return job


def _find(asked: Asked) -> dict[str, Any]:
    name = asked.params["jobName"]
    job = asked.store.get(KIND, "", name)
    project = asked.params.get("projectId") or asked.body.get("projectId")
    if job is None or job["projectId"] != project:
        raise not_found(f"{name} does not exist in {project}")
    return job


def _patch(asked: Asked) -> dict[str, Any]:
    job = _find(asked)
    wanted: Mapping[str, Any] = asked.body["transferJob"]
    mask = [one.strip() for one in asked.body.get("updateTransferJobFieldMask", "").split(",") if one.strip()]
    fixed = sorted(set(mask or wanted) - _CHANGEABLE)
    if fixed:
        raise invalid(f"{', '.join(fixed)}: cannot be changed")
    for name in mask or list(wanted):
        if wanted.get(name) is None:
            job.pop(name, None)
        else:
            job[name] = wanted[name]
    _refuse(asked, job)
    job["lastModificationTime"] = _now()
    asked.store.put(KIND, "", job["name"], value=job)
    return job


def _delete(asked: Asked) -> dict[str, Any]:
    job = _find(asked)
    asked.store.drop(KIND, "", job["name"])
    return {}


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat().replace("+00:00", "Z")


def _refuse(asked: Asked, job: Mapping[str, Any]) -> None:
    """What the service refuses at once: contradictions, and a sink that its agent cannot use."""
    faults = list(_faults(job))
    if faults:
        raise invalid("; ".join(faults))
    sink = job["transferSpec"]["gcsDataSink"]["bucketName"]
    try:
        find(asked, sink)
        may = permissions(
            policies.read(asked, POLICY, sink)["bindings"],
            f"serviceAccount:{transfer_agent(job['projectId'])}",
        )
    except GoogleError:
        may = frozenset[str]()
    lacking = sorted({"storage.buckets.get", "storage.objects.create", "storage.objects.list"} - may)
    if lacking:
        raise invalid(
            f"Failed to obtain the location of the Google Cloud Storage (GCS) bucket {sink} due to "
            f"insufficient permissions ({transfer_agent(job['projectId'])} lacks {', '.join(lacking)}). "
            "Please verify that the necessary permissions have been granted."
        )


def _faults(job: Mapping[str, Any]) -> Iterator[str]:
    spec: Mapping[str, Any] = job.get("transferSpec") or {}
    for names, what in ((_SOURCES, "source"), (_SINKS, "sink")):
        given = [name for name in names if spec.get(name)]
        if len(given) != 1:
            yield f"transferSpec: has {len(given)} data {what}s, and needs one of {', '.join(names)}"
        elif given[0] not in ("awsS3DataSource", "gcsDataSink"):
            yield f"transferSpec.{given[0]}: the sandbox transfers from awsS3DataSource to gcsDataSink alone"
    source: Mapping[str, Any] = spec.get("awsS3DataSource") or {}
    role = source.get("roleArn", "")
    if source and not _ROLE.fullmatch(role):
        yield f"transferSpec.awsS3DataSource.roleArn: {role!r} is no ARN of a role"
    for name in ("awsS3DataSource", "gcsDataSink"):
        path = (spec.get(name) or {}).get("path", "")
        if path and (not path.endswith("/") or path.startswith("/")):
            yield f"transferSpec.{name}.path: {path!r} does not end in '/', or begins with one"
    options: Mapping[str, Any] = spec.get("transferOptions") or {}
    if options.get("deleteObjectsUniqueInSink") and options.get("deleteObjectsFromSourceAfterTransfer"):
        yield (
            "transferSpec.transferOptions: deleteObjectsUniqueInSink and "
            "deleteObjectsFromSourceAfterTransfer exclude each other"
        )
    yield from _prefix_faults(spec.get("objectConditions") or {})
    yield from _time_faults(job)


def _prefix_faults(conditions: Mapping[str, Any]) -> Iterator[str]:
    for name in ("includePrefixes", "excludePrefixes"):
        prefixes: list[str] = conditions.get(name) or []
        if len(prefixes) > 1000:
            yield f"transferSpec.objectConditions.{name}: more than 1000 prefixes"
        for prefix in prefixes:
            if prefix.startswith("/"):
                yield f"transferSpec.objectConditions.{name}: {prefix!r} begins with '/'"
        for prefix in prefixes:
            if any(other != prefix and other.startswith(prefix) for other in prefixes):
                yield f"transferSpec.objectConditions.{name}: {prefix!r} is the beginning of another one"


def _time_faults(job: Mapping[str, Any]) -> Iterator[str]:
    interval = (job.get("schedule") or {}).get("repeatInterval")
    if interval is not None and float(interval[:-1]) < _LEAST_INTERVAL_S:
        yield f"schedule.repeatInterval: {interval} is less than an hour"
    queue = (job.get("eventStream") or {}).get("name")
    if queue is not None and not _QUEUE.fullmatch(queue):
        yield f"eventStream.name: {queue!r} is no ARN of an SQS queue, which a source in S3 needs"


HANDLERS: dict[str, Handler] = {
    "storagetransfer.googleServiceAccounts.get": _agent,
    "storagetransfer.transferJobs.create": _create,
    "storagetransfer.transferJobs.get": _find,
    "storagetransfer.transferJobs.patch": _patch,
    "storagetransfer.transferJobs.delete": _delete,
}
