"""gcp.storage.BucketIAMMember and gcp.pubsub.TopicIAMMember: one member of one role."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.providers.base.table.fields import Field, block, text
from sandbox.providers.gcp.entry import Entry, Step, project_field
from sandbox.providers.gcp.errors import GoogleError

_CONDITION = {"title": text(required=True), "expression": text(required=True), "description": text()}
_TRIES = 10


@dataclass(frozen=True)
class _Policy:
    """How a kind of resource's policy is read and written; `path` names the resource in ids."""

    path: Callable[[Mapping[str, Any], str], str]
    read: Callable[[Step, str], dict[str, Any]]
    write: Callable[[Step, str, dict[str, Any]], dict[str, Any]]


def _condition(values: Mapping[str, Any]) -> dict[str, Any] | None:
    given = values.get("condition")
    return {key: value for key, value in given.items() if value} if given else None


def _is_ours(binding: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    return binding["role"] == values["role"] and (binding.get("condition") or None) == _condition(values)


def _change(step: Step, policy: _Policy, values: Mapping[str, Any], *, present: bool) -> str:
    """Make the member present or absent; again where somebody else has changed the policy meanwhile."""
    path = policy.path(values, step.project)
    for _ in range(_TRIES):
        found = policy.read(step, path)
        bindings: list[dict[str, Any]] = found.get("bindings", [])
        others = [one for one in bindings if not _is_ours(one, values)]
        members = {member for one in bindings if _is_ours(one, values) for member in one["members"]}
        members = members | {values["member"]} if present else members - {values["member"]}
        condition = _condition(values)
        if members:
            ours = {"role": values["role"], "members": sorted(members)}
            others.append({**ours, **({"condition": condition} if condition else {})})
        version = 3 if any(one.get("condition") for one in others) else 1
        try:
            policy.write(step, path, {"etag": found["etag"], "version": version, "bindings": others})
        except GoogleError as error:
            if error.status != 409:
                raise
        else:
            return path
    raise GoogleError(409, "ABORTED", f"the policy of {path} was changed {_TRIES} times meanwhile")


def _entry(token: str, holder: dict[str, Field], policy: _Policy) -> Entry:
    def create(step: Step) -> str:
        path = _change(step, policy, step.new, present=True)
        title = (_condition(step.new) or {}).get("title")
        parts = [path, step.new["role"], step.new["member"], *([title] if title else [])]
        return "/".join(parts)

    def read(step: Step) -> dict[str, Any] | None:
        path = policy.path(step.wish, step.project)
        found = policy.read(step, path)
        ours = [one for one in found.get("bindings", []) if _is_ours(one, step.wish)]
        if not any(step.wish["member"] in one["members"] for one in ours):
            return None
        said = {name: step.wish[name] for name in (*holder, "condition") if step.wish.get(name) is not None}
        if "project" in holder:
            said["project"] = step.project
        return {**said, "role": step.wish["role"], "member": step.wish["member"], "etag": found["etag"]}

    def delete(step: Step) -> None:
        _change(step, policy, step.old, present=False)

    return Entry(
        token=token,
        fields={
            **holder,
            "role": text(required=True, replace=True),
            "member": text(required=True, replace=True),
            "condition": block(_CONDITION, replace=True),
        },
        create=create,
        read=read,
        delete=delete,
        outputs=("etag",),
    )


def _bucket_path(values: Mapping[str, Any], _project: str) -> str:
    return f"b/{str(values['bucket']).removeprefix('b/')}"


def _read_bucket(step: Step, path: str) -> dict[str, Any]:
    return step.call("storage.buckets.getIamPolicy", bucket=path.removeprefix("b/"))


def _write_bucket(step: Step, path: str, policy: dict[str, Any]) -> dict[str, Any]:
    return step.call("storage.buckets.setIamPolicy", policy, bucket=path.removeprefix("b/"))


def _topic_path(values: Mapping[str, Any], project: str) -> str:
    return f"projects/{project}/topics/{str(values['topic']).rpartition('/')[2]}"


def _read_topic(step: Step, path: str) -> dict[str, Any]:
    return step.call("pubsub.projects.topics.getIamPolicy", resource=path)


def _write_topic(step: Step, path: str, policy: dict[str, Any]) -> dict[str, Any]:
    return step.call("pubsub.projects.topics.setIamPolicy", {"policy": policy}, resource=path)


def _short_topic(value: str) -> str:
    return value.rpartition("/")[2]


ENTRIES = (
    _entry(
        "gcp:storage/bucketIAMMember:BucketIAMMember",
        {"bucket": text(required=True, replace=True)},
        _Policy(_bucket_path, _read_bucket, _write_bucket),
    ),
    _entry(
        "gcp:pubsub/topicIAMMember:TopicIAMMember",
        {"topic": text(required=True, replace=True, same=_short_topic), "project": project_field()},
        _Policy(_topic_path, _read_topic, _write_topic),
    ),
)
