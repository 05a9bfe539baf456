"""IAM policies of buckets and topics: https://cloud.google.com/iam/docs/reference/rest/v1/Policy."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.providers.gcp.api import Asked
from sandbox.providers.gcp.errors import GoogleError, invalid

_ROLE = re.compile(r"(projects/[^/]+/|organizations/\d+/)?roles/[A-Za-z0-9_.]+")
# https://cloud.google.com/iam/docs/principal-identifiers
_MEMBER = re.compile(
    r"allUsers|allAuthenticatedUsers"
    r"|(user|group|serviceAccount):[^@\s]+@[^@\s]+\.[^@\s]+|domain:\S+\.\S+"
    r"|project(Owner|Editor|Viewer):\S+"
    r"|principal(Set)?://iam\.googleapis\.com/projects/\d+/locations/global/workloadIdentityPools/\S+"
)
PUBLIC = frozenset({"allUsers", "allAuthenticatedUsers"})


def read(asked: Asked, kind: str, key: str) -> dict[str, Any]:
    """The policy of a resource; an empty one where nothing was ever set."""
    kept = asked.store.get(kind, "", key) or {"bindings": []}
    digest = hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()
    return {"version": 1, **kept, "etag": digest[:16]}


def write(asked: Asked, kind: str, key: str, policy: Mapping[str, Any]) -> dict[str, Any]:
    """Set a whole policy. Raises GoogleError 409 when somebody else has changed it since it was read."""
    faults = list(_faults(policy))
    if faults:
        raise invalid("; ".join(faults))
    before = read(asked, kind, key)
    if policy.get("etag") and policy["etag"] != before["etag"]:
        message = "There were concurrent policy changes. Please retry the whole read-modify-write."
        raise GoogleError(409, "ABORTED", message)
    kept = {name: value for name, value in policy.items() if name not in ("etag", "kind", "resourceId")}
    if kept.get("bindings"):
        asked.store.put(kind, "", key, value=kept)
    else:
        asked.store.drop(kind, "", key)
    return read(asked, kind, key)


def _faults(policy: Mapping[str, Any]) -> Iterator[str]:
    for index, binding in enumerate(policy.get("bindings") or ()):
        role = str(binding.get("role", ""))
        if not _ROLE.fullmatch(role):
            yield f"bindings[{index}].role: {role!r} is no role, such as roles/storage.objectViewer"
        members: list[str] = list(binding.get("members", ()))
        for member in members:
            if not _MEMBER.fullmatch(member):
                yield f"bindings[{index}].members: {member!r} is no principal"
        if binding.get("condition") and policy.get("version") != 3:
            yield f"bindings[{index}].condition: a policy with a condition is of version 3"
