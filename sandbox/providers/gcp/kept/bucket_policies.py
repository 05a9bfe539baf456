"""IAM policies of buckets, and what the roles for objects allow.

https://cloud.google.com/storage/docs/access-control/iam-roles
"""

from __future__ import annotations

from typing import Any

from sandbox.providers.gcp.api import Asked, Handler
from sandbox.providers.gcp.errors import GoogleError
from sandbox.providers.gcp.kept import policies
from sandbox.providers.gcp.kept.buckets import POLICY, find

_OBJECTS = "storage.objects"
_VIEW = frozenset({f"{_OBJECTS}.get", f"{_OBJECTS}.list"})
_READ_LEGACY = frozenset({"storage.buckets.get", f"{_OBJECTS}.list", "storage.multipartUploads.list"})
_WRITE_LEGACY = _READ_LEGACY | {f"{_OBJECTS}.create", f"{_OBJECTS}.delete"}
_USER = _VIEW | {f"{_OBJECTS}.create", f"{_OBJECTS}.delete", f"{_OBJECTS}.update"}
ROLES = {
    "roles/storage.admin": _USER | _WRITE_LEGACY,
    "roles/storage.insightsCollectorService": frozenset({"storage.buckets.get"}),
    "roles/storage.legacyBucketReader": _READ_LEGACY,
    "roles/storage.legacyBucketWriter": _WRITE_LEGACY,
    "roles/storage.legacyBucketOwner": _WRITE_LEGACY,
    "roles/storage.legacyObjectReader": frozenset({f"{_OBJECTS}.get"}),
    "roles/storage.legacyObjectOwner": frozenset({f"{_OBJECTS}.get", f"{_OBJECTS}.update"}),
    "roles/storage.objectAdmin": _USER,
    "roles/storage.objectCreator": frozenset({f"{_OBJECTS}.create"}),
    "roles/storage.objectUser": _USER,
    "roles/storage.objectViewer": _VIEW,
}


def permissions(bindings: list[dict[str, Any]], member: str) -> frozenset[str]:
    """What a member may do in a bucket by the bindings that name it; conditional ones do not count."""
    roles = [one["role"] for one in bindings if member in one["members"] and not one.get("condition")]
    return frozenset[str]().union(*(ROLES.get(role, frozenset()) for role in roles))


def _get(asked: Asked) -> dict[str, Any]:
    bucket = asked.params["bucket"]
    find(asked, bucket)
    return policies.read(asked, POLICY, bucket)


def _set(asked: Asked) -> dict[str, Any]:
    bucket = asked.params["bucket"]
    have = find(asked, bucket)
    access = have["iamConfiguration"]
    bindings: list[dict[str, Any]] = asked.body.get("bindings") or []
    open_to = {member for one in bindings for member in one.get("members", ())} & policies.PUBLIC
    if open_to and access["publicAccessPrevention"] == "enforced":
        message = f"{', '.join(sorted(open_to))}: public access prevention is enforced on {bucket}"
        raise GoogleError(412, "conditionNotMet", message)
    if not access["uniformBucketLevelAccess"].get("enabled") and any(
        one.get("condition") for one in bindings
    ):
        message = f"{bucket}: conditions need uniform bucket-level access"
        raise GoogleError(412, "conditionNotMet", message)
    return policies.write(asked, POLICY, bucket, asked.body)


HANDLERS: dict[str, Handler] = {
    "storage.buckets.getIamPolicy": _get,
    "storage.buckets.setIamPolicy": _set,
}
