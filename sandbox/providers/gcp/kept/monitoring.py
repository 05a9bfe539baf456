"""Alert policies and notification channels of Cloud Monitoring, kept; nothing evaluates them.

https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.providers.gcp.api import Asked, Handler
from sandbox.providers.gcp.errors import invalid, not_found

POLICY = "alert-policy"
CHANNEL = "notification-channel"
# https://cloud.google.com/monitoring/support/notification-options, those that need no secret
_CHANNEL_LABELS = {"email": "email_address", "pubsub": "topic"}


def _id() -> str:
    return str(10**18 + secrets.randbelow(9 * 10**18))


def _create_policy(asked: Asked) -> dict[str, Any]:
    name = f"{asked.params['name']}/alertPolicies/{_id()}"
    return _put_policy(asked, name, asked.body)


def _put_policy(asked: Asked, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    faults = list(_policy_faults(asked, body))
    if faults:
        raise invalid("; ".join(faults))
    conditions = [
        {**one, "name": one.get("name") or f"{name}/conditions/{_id()}"} for one in body["conditions"]
    ]
    policy = {"enabled": True, **body, "name": name, "conditions": conditions}
    asked.store.put(POLICY, "", name, value=policy)
    return policy


def _policy_faults(asked: Asked, body: Mapping[str, Any]) -> Iterator[str]:
    for name in ("displayName", "combiner", "conditions"):
        if not body.get(name):
            yield f"{name}: is required"
    conditions: list[Mapping[str, Any]] = body.get("conditions") or []
    if len(conditions) > 6:
        yield f"conditions: {len(conditions)}, at most 6 are allowed"
    for index, condition in enumerate(conditions):
        yield from _condition_faults(condition, f"conditions[{index}]")
    by_log = any("conditionMatchedLog" in one for one in conditions)
    limit = (body.get("alertStrategy") or {}).get("notificationRateLimit")
    if by_log and (not limit or len(conditions) > 1):
        yield "alertStrategy.notificationRateLimit: a log-based policy has it, and one condition"
    if limit and not by_log:
        yield "alertStrategy.notificationRateLimit: is for log-based policies alone"
    for channel in body.get("notificationChannels") or ():
        if asked.store.get(CHANNEL, "", channel) is None:
            yield f"notificationChannels: {channel} does not exist"


def _condition_faults(condition: Mapping[str, Any], path: str) -> Iterator[str]:
    kinds = [name for name in condition if name.startswith("condition")]
    if len(kinds) != 1:
        yield f"{path}: has {len(kinds)} kinds of condition, and needs one"
        return
    found: Mapping[str, Any] = condition[kinds[0]]
    duration = found.get("duration")
    if duration is not None and float(duration[:-1]) % 60:
        yield f"{path}.{kinds[0]}.duration: {duration} is no multiple of a minute"
    if kinds[0] == "conditionAbsent" and not 120 <= float(str(duration)[:-1]) <= 84_600:
        yield f"{path}.conditionAbsent.duration: {duration} is not of 2 minutes to 23.5 hours"
    if kinds[0] in ("conditionAbsent", "conditionThreshold"):
        for wanted in ("metric.type", "resource.type"):
            if wanted not in str(found.get("filter", "")):
                yield f"{path}.{kinds[0]}.filter: must specify a restriction on {wanted}"


def _create_channel(asked: Asked) -> dict[str, Any]:
    name = f"{asked.params['name']}/notificationChannels/{_id()}"
    return _put_channel(asked, name, asked.body)


def _put_channel(asked: Asked, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    kind = str(body.get("type"))
    label = _CHANNEL_LABELS.get(kind)
    if label is None:
        raise invalid(f"type: the sandbox knows the channels {', '.join(_CHANNEL_LABELS)}, and not {kind!r}")
    if set(body.get("labels") or {}) != {label}:
        raise invalid(f"labels: a channel of type {kind} has the one label {label}")
    channel = {"enabled": True, **body, "name": name}
    asked.store.put(CHANNEL, "", name, value=channel)
    return channel


def _found(asked: Asked, kind: str) -> dict[str, Any]:
    found = asked.store.get(kind, "", asked.params["name"])
    if found is None:
        raise not_found(f"{asked.params['name']} does not exist")
    return found


def _patched(asked: Asked, kind: str) -> dict[str, Any]:
    """The named fields as they are in the body; those that it lacks are gone."""
    found = _found(asked, kind)
    for name in str(asked.params["updateMask"]).split(","):
        found.pop(name, None)
        if name in asked.body:
            found[name] = asked.body[name]
    return found


def _patch_policy(asked: Asked) -> dict[str, Any]:
    return _put_policy(asked, asked.params["name"], _patched(asked, POLICY))


def _patch_channel(asked: Asked) -> dict[str, Any]:
    return _put_channel(asked, asked.params["name"], _patched(asked, CHANNEL))


def _delete_policy(asked: Asked) -> dict[str, Any]:
    asked.store.drop(POLICY, "", _found(asked, POLICY)["name"])
    return {}


def _delete_channel(asked: Asked) -> dict[str, Any]:
    name = _found(asked, CHANNEL)["name"]
    users = [
        one["name"] for one in asked.store.list(POLICY, "") if name in one.get("notificationChannels", ())
    ]
    if users and asked.params.get("force") is not True:
        raise invalid(f"{name} is used by {', '.join(users)}")
    asked.store.drop(CHANNEL, "", name)
    return {}


HANDLERS: dict[str, Handler] = {
    "monitoring.projects.alertPolicies.create": _create_policy,
    "monitoring.projects.alertPolicies.get": lambda asked: _found(asked, POLICY),
    "monitoring.projects.alertPolicies.patch": _patch_policy,
    "monitoring.projects.alertPolicies.delete": _delete_policy,
    "monitoring.projects.notificationChannels.create": _create_channel,
    "monitoring.projects.notificationChannels.get": lambda asked: _found(asked, CHANNEL),
    "monitoring.projects.notificationChannels.patch": _patch_channel,
    "monitoring.projects.notificationChannels.delete": _delete_channel,
}
