"""Tags of EKS resources: moto tags clusters only."""

from __future__ import annotations

from typing import Any

from sandbox.providers.aws.kept.eks_common import ACCESS_ENTRY, ADDON, NODE_GROUP, POD_IDENTITY, missing
from sandbox.providers.aws.kept.shim import Asked, Rule

_ARNS = {ADDON: "addonArn", ACCESS_ENTRY: "accessEntryArn", POD_IDENTITY: "associationArn"}
_KEYS = {
    ADDON: ("clusterName", "addonName"),
    ACCESS_ENTRY: ("clusterName", "principalArn"),
    POD_IDENTITY: ("clusterName", "associationId"),
}


def _kept(asked: Asked, arn: str) -> tuple[str, tuple[str, ...], dict[str, Any]]:
    """(kind, key, value) of what an ARN names."""
    if ":nodegroup/" in arn:
        cluster, group = arn.split(":nodegroup/")[1].split("/")[:2]
        value = asked.store.get(NODE_GROUP, asked.region, cluster, group)
        if value is not None:
            if "tags" not in value:
                found = asked.moto.describe_nodegroup(clusterName=cluster, nodegroupName=group)["nodegroup"]
                value["tags"] = found.get("tags", {})
            return NODE_GROUP, (cluster, group), value
    for kind, name in _ARNS.items():
        for value in asked.store.list(kind, asked.region):
            if value[name] == arn:
                return kind, tuple(value[part] for part in _KEYS[kind]), value
    raise missing(f"Resource was not found: {arn}")


def _changed(asked: Asked, set_: dict[str, str], remove: list[str]) -> dict[str, Any] | None:
    arn = asked.params["resourceArn"]
    if ":cluster/" in arn:
        return None
    kind, key, value = _kept(asked, arn)
    after = {name: text for name, text in {**value["tags"], **set_}.items() if name not in remove}
    asked.store.put(kind, asked.region, *key, value={**value, "tags": after})
    return {}


def _tag(asked: Asked) -> dict[str, Any] | None:
    return _changed(asked, asked.params["tags"], [])


def _untag(asked: Asked) -> dict[str, Any] | None:
    return _changed(asked, {}, asked.params["tagKeys"])


def _list(asked: Asked) -> dict[str, Any] | None:
    arn = asked.params["resourceArn"]
    return None if ":cluster/" in arn else {"tags": _kept(asked, arn)[2]["tags"]}


RULES = {
    "TagResource": Rule(answer=_tag),
    "UntagResource": Rule(answer=_untag),
    "ListTagsForResource": Rule(answer=_list),
}
