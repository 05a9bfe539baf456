"""Buckets: made, versioned and deleted on fake-gcs-server, their other settings kept beside it.

As long as the server's bucket is the one that was made here (by its time of creation), what was sent is what
is answered, with what the server itself knows over it: a change behind our back shows.
https://cloud.google.com/storage/docs/json_api/v1/buckets
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.providers.gcp.api import Asked, Handler
from sandbox.providers.gcp.errors import GoogleError, invalid, not_found
from sandbox.providers.gcp.kept.places import DUAL_REGIONS, REGIONS, location_type
from sandbox.providers.gcp.kept.projects import number_of

KIND = "gcs-bucket"
POLICY = "gcs-bucket-policy"
_GLOBAL = ""
_SERVERS_OWN = ("defaultEventBasedHold", "versioning")
_CLASSES = ("STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE")
_WEEK_S, _MOST_SOFT_S = 604_800, 7_776_000
_MOST_RETENTION_S = 3_155_760_000
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*[a-z0-9]")


def _insert(asked: Asked) -> dict[str, Any]:
    body, name = dict(asked.body), str(asked.body.get("name", ""))
    body["location"] = str(body.get("location", "US")).upper()
    body.setdefault("storageClass", "STANDARD")
    _refuse([*_name_faults(name), *_setting_faults(body)])
    server = asked.server
    own = {key: body[key] for key in _SERVERS_OWN if key in body}
    try:
        made = server.call("POST", "b", {"name": name, **own}, project=asked.params["project"])
    except GoogleError as error:
        if error.status == 409:
            raise GoogleError(409, "conflict", _taken(asked, name)) from error
        raise
    kept = {
        **_defaults(body),
        "timeCreated": made["timeCreated"],
        "project": asked.params["project"],
    }
    asked.store.put(KIND, _GLOBAL, name, value=kept)
    return _answer(kept, made)


def _taken(asked: Asked, name: str) -> str:
    kept = asked.store.get(KIND, _GLOBAL, name)
    if kept is not None and kept["project"] == asked.params["project"]:
        return f"{name}: your previous request to create the named bucket succeeded and you already own it."
    return (
        f"{name}: the requested bucket name is not available. The bucket namespace is shared by all users of "
        "the system. Please select a different name and try again."
    )


def _defaults(body: Mapping[str, Any]) -> dict[str, Any]:
    """With what Cloud Storage chooses where nothing is said."""
    filled = dict(body)
    access = dict(filled.get("iamConfiguration") or {})
    access.setdefault("publicAccessPrevention", "inherited")
    access.setdefault("uniformBucketLevelAccess", {"enabled": False})
    filled["iamConfiguration"] = access
    filled.setdefault("softDeletePolicy", {"retentionDurationSeconds": str(_WEEK_S)})
    kind = location_type(filled["location"], placed=bool(filled.get("customPlacementConfig")))
    filled["locationType"] = kind
    if kind != "region":
        filled.setdefault("rpo", "DEFAULT")
    for name in ("softDeletePolicy", "retentionPolicy"):
        if filled.get(name):
            filled[name] = {"effectiveTime": dt.datetime.now(dt.UTC).isoformat(), **filled[name]}
    return filled


def find(asked: Asked, name: str) -> dict[str, Any]:
    """The bucket as the API answers it. Raises GoogleError 404."""
    try:
        have = asked.server.call("GET", asked.server.bucket(name))
    except GoogleError as error:
        if error.status != 404:
            raise
        forget(asked, name)
        raise not_found(f"The specified bucket does not exist: {name}") from error
    kept = asked.store.get(KIND, _GLOBAL, name)
    if kept is None or kept["timeCreated"] != have["timeCreated"]:
        forget(asked, name)
        raise GoogleError(403, "forbidden", f"storage.buckets.get access denied: {name} is another project's")
    return _answer(kept, have)


def _answer(kept: Mapping[str, Any], have: Mapping[str, Any]) -> dict[str, Any]:
    answer = {key: value for key, value in kept.items() if value is not None and key != "project"}
    answer |= {key: have[key] for key in _SERVERS_OWN if key in have}
    answer["projectNumber"] = number_of(kept["project"])
    answer["selfLink"] = f"https://www.googleapis.com/storage/v1/b/{have['name']}"
    return answer


def _get(asked: Asked) -> dict[str, Any]:
    return find(asked, asked.params["bucket"])


def _patch(asked: Asked) -> dict[str, Any]:
    """A JSON merge patch: null removes (https://www.rfc-editor.org/rfc/rfc7396)."""
    name = asked.params["bucket"]
    have = find(asked, name)
    kept = asked.store.get(KIND, _GLOBAL, name)
    fixed = [key for key in ("location", "name", "customPlacementConfig") if key in asked.body]
    if fixed:
        raise invalid(f"{', '.join(fixed)}: cannot be changed")
    changed = _merged({**kept, **{key: have[key] for key in _SERVERS_OWN if key in have}}, asked.body)
    _refuse(list(_setting_faults(changed)))
    changed = _defaults(changed)
    # The server takes what is left out for "off".
    own = {key: changed[key] for key in _SERVERS_OWN if changed.get(key)}
    server = asked.server.call("PATCH", asked.server.bucket(name), own)
    asked.store.put(KIND, _GLOBAL, name, value=changed)
    return _answer(changed, server)


def _merged(old: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(old)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping):
            before = merged.get(key)
            merged[key] = _merged(before if isinstance(before, Mapping) else {}, value)
        else:
            merged[key] = value
    return merged


def _delete(asked: Asked) -> dict[str, Any]:
    name = asked.params["bucket"]
    find(asked, name)
    try:
        asked.server.call("DELETE", asked.server.bucket(name))
    except GoogleError as error:
        if error.status == 412:
            message = f"The bucket you tried to delete is not empty: {name}"
            raise GoogleError(409, "conflict", message) from error
        raise
    forget(asked, name)
    return {}


def forget(asked: Asked, name: str) -> None:
    """Drop what is kept of a bucket that is gone."""
    asked.store.drop(KIND, _GLOBAL, name)
    asked.store.drop(POLICY, _GLOBAL, name)


def _refuse(faults: list[str]) -> None:
    if faults:
        raise invalid("; ".join(faults))


def _name_faults(name: str) -> Iterator[str]:
    """https://cloud.google.com/storage/docs/buckets#naming."""
    most = 222 if "." in name else 63
    if not 3 <= len(name) <= most or any(len(part) > 63 for part in name.split(".")):
        yield f"name: {name!r} has {len(name)} characters, 3 to {most} are allowed, and 63 between dots"
    elif not _NAME.fullmatch(name):
        yield f"name: {name!r} is not of lower-case letters, digits, '-', '_' and '.', or ends in a sign"
    elif ".." in name or _is_address(name):
        yield f"name: {name!r} has two dots in a row, or looks like an IP address"
    elif name.startswith("goog") or "google" in name or "g00gle" in name:
        yield f"name: {name!r} begins with goog, or holds google or what looks like it"


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _setting_faults(body: Mapping[str, Any]) -> Iterator[str]:
    location, placed = body["location"], (body.get("customPlacementConfig") or {}).get("dataLocations")
    kind = location_type(location, placed=bool(placed))
    if kind is None:
        dual = ", ".join(sorted(DUAL_REGIONS))
        yield f"location: Cloud Storage has no location {location}; its dual-regions are {dual}"
    if placed is not None and (len(set(placed)) != 2 or not {one.upper() for one in placed} <= REGIONS):
        yield f"customPlacementConfig.dataLocations: {placed!r} are not two regions"
    if body.get("storageClass") not in _CLASSES:
        yield f"storageClass: {body.get('storageClass')!r} is none of {', '.join(_CLASSES)}"
    # https://cloud.google.com/storage/docs/availability-durability#turbo-replication
    if body.get("rpo") not in (None, "DEFAULT", "ASYNC_TURBO"):
        yield f"rpo: {body.get('rpo')!r} is none of DEFAULT, ASYNC_TURBO"
    elif body.get("rpo") == "ASYNC_TURBO" and kind != "dual-region":
        yield f"rpo: ASYNC_TURBO is for dual-regions, and {location} is a {kind}"
    elif body.get("rpo") and kind == "region":
        yield f"rpo: a bucket in the region {location} is not replicated"
    yield from _keeping_faults(body)
    yield from _lifecycle_faults(body)


def _keeping_faults(body: Mapping[str, Any]) -> Iterator[str]:
    """https://cloud.google.com/storage/docs/soft-delete and …/bucket-lock."""
    access = (body.get("iamConfiguration") or {}).get("publicAccessPrevention")
    if access not in (None, "inherited", "enforced"):
        yield f"iamConfiguration.publicAccessPrevention: {access!r} is neither inherited nor enforced"
    soft = (body.get("softDeletePolicy") or {}).get("retentionDurationSeconds")
    if soft is not None and int(soft) and not _WEEK_S <= int(soft) <= _MOST_SOFT_S:
        yield f"softDeletePolicy.retentionDurationSeconds: {soft} is neither 0 nor of 7 to 90 days"
    period = (body.get("retentionPolicy") or {}).get("retentionPeriod")
    if period is not None and not 0 < int(period) <= _MOST_RETENTION_S:
        yield f"retentionPolicy.retentionPeriod: {period} is not of 1 to {_MOST_RETENTION_S} seconds"


def _lifecycle_faults(body: Mapping[str, Any]) -> Iterator[str]:
    """https://cloud.google.com/storage/docs/lifecycle."""
    for index, rule in enumerate((body.get("lifecycle") or {}).get("rule") or ()):
        kind, condition = rule.get("action", {}).get("type"), rule.get("condition") or {}
        where = f"lifecycle.rule[{index}]"
        if kind not in ("Delete", "SetStorageClass", "AbortIncompleteMultipartUpload"):
            yield f"{where}.action.type: {kind!r} is no action"
        if (kind == "SetStorageClass") is not bool(rule.get("action", {}).get("storageClass")):
            yield f"{where}.action.storageClass: goes with SetStorageClass, and with it alone"
        if not condition:
            yield f"{where}.condition: is required"
        others = sorted(set(condition) - {"age", "matchesPrefix", "matchesSuffix"})
        if kind == "AbortIncompleteMultipartUpload" and others:
            yield f"{where}.condition: {', '.join(others)} cannot be with {kind}"


def _list(asked: Asked) -> dict[str, Any]:
    project, prefix = asked.params["project"], asked.params.get("prefix", "")
    found: list[dict[str, Any]] = []
    for have in asked.server.buckets(prefix):
        kept = asked.store.get(KIND, _GLOBAL, have["name"])
        if kept is not None and kept["project"] == project and kept["timeCreated"] == have["timeCreated"]:
            found.append(_answer(kept, have))
    return {"items": found}


HANDLERS: dict[str, Handler] = {
    "storage.buckets.insert": _insert,
    "storage.buckets.get": _get,
    "storage.buckets.patch": _patch,
    "storage.buckets.delete": _delete,
    "storage.buckets.list": _list,
}
