"""Topics of Pub/Sub and their IAM policies, kept; nothing publishes to them.

https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics
"""

from __future__ import annotations

import re
from typing import Any

from sandbox.providers.gcp.api import Asked, Handler
from sandbox.providers.gcp.errors import GoogleError, invalid, not_found
from sandbox.providers.gcp.kept import policies

KIND = "pubsub-topic"
POLICY = "pubsub-topic-policy"
_NAME = re.compile(r"projects/[^/]+/topics/(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}")


def _create(asked: Asked) -> dict[str, Any]:
    name = asked.params["name"]
    if not _NAME.fullmatch(name):
        raise invalid(f"name: {name!r} is no name of a topic")
    if asked.store.get(KIND, "", name) is not None:
        raise GoogleError(409, "ALREADY_EXISTS", f"Resource already exists in the project: {name}")
    return _put(asked, {**asked.body, "name": name})


def _put(asked: Asked, topic: dict[str, Any]) -> dict[str, Any]:
    kept_for = topic.get("messageRetentionDuration")
    if kept_for is not None and not 600 <= float(kept_for[:-1]) <= 31 * 86_400:
        raise invalid(f"messageRetentionDuration: {kept_for} is not of 10 minutes to 31 days")
    asked.store.put(KIND, "", topic["name"], value=topic)
    return topic


def _find(asked: Asked, name: str) -> dict[str, Any]:
    topic = asked.store.get(KIND, "", name)
    if topic is None:
        raise not_found(f"Resource not found: {name}")
    return topic


def _patch(asked: Asked) -> dict[str, Any]:
    topic = _find(asked, asked.params["name"])
    wanted = asked.body["topic"]
    for name in asked.body["updateMask"].split(","):
        topic.pop(name, None)
        if name in wanted:
            topic[name] = wanted[name]
    return _put(asked, topic)


def _delete(asked: Asked) -> dict[str, Any]:
    name = _find(asked, asked.params["topic"])["name"]
    asked.store.drop(KIND, "", name)
    asked.store.drop(POLICY, "", name)
    return {}


def _get_policy(asked: Asked) -> dict[str, Any]:
    return policies.read(asked, POLICY, _find(asked, asked.params["resource"])["name"])


def _set_policy(asked: Asked) -> dict[str, Any]:
    name = _find(asked, asked.params["resource"])["name"]
    return policies.write(asked, POLICY, name, asked.body["policy"])


HANDLERS: dict[str, Handler] = {
    "pubsub.projects.topics.create": _create,
    "pubsub.projects.topics.get": lambda asked: _find(asked, asked.params["topic"]),
    "pubsub.projects.topics.patch": _patch,
    "pubsub.projects.topics.delete": _delete,
    "pubsub.projects.topics.getIamPolicy": _get_policy,
    "pubsub.projects.topics.setIamPolicy": _set_policy,
}
