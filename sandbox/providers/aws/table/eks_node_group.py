"""aws.eks.NodeGroup."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.providers.aws.entry import Entry, Step
from sandbox.providers.aws.table.eks import GONE, await_active, retag_eks
from sandbox.providers.base.table.fields import (
    Fields,
    block,
    block_set,
    flag,
    mapping,
    string_set,
    strings,
    tags,
    text,
    whole,
)

_SCALING: Fields = {
    "desiredSize": whole(required=True),
    "maxSize": whole(required=True),
    "minSize": whole(required=True),
}
_REPAIR: Fields = {
    "enabled": flag(),
    "maxParallelNodesRepairedCount": whole(),
    "maxParallelNodesRepairedPercentage": whole(),
    "maxUnhealthyNodeThresholdCount": whole(),
    "maxUnhealthyNodeThresholdPercentage": whole(),
}
_TAINT: Fields = {
    "key": text(required=True),
    "value": text(),
    "effect": text(required=True, choices=("NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE")),
}
_CREATED_WITH = (
    "amiType",
    "capacityType",
    "diskSize",
    "instanceTypes",
    "labels",
    "launchTemplate",
    "nodeRepairConfig",
    "releaseVersion",
    "scalingConfig",
    "taints",
    "updateConfig",
    "version",
)
_VERSIONED = ("version", "releaseVersion", "launchTemplate")
_SETTINGS = ("labels", "taints", "scalingConfig", "updateConfig", "nodeRepairConfig")


def _launch_template(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """EKS takes a template's id or its name, not both."""
    if not given:
        return {}
    by = {"id": given["id"]} if given.get("id") else {"name": given["name"]}
    return {"launchTemplate": {**by, "version": given["version"]}}


def _without_zeros(request: dict[str, Any]) -> dict[str, Any]:
    """A zero of these settings is "not said"."""
    for name in ("updateConfig", "nodeRepairConfig"):
        if name in request:
            request[name] = {
                key: value for key, value in request[name].items() if value not in (None, 0) or value is False
            }
    return request


def _create(step: Step) -> str:
    cluster, group = step.new["clusterName"], step.new["nodeGroupName"]
    request = _without_zeros(step.request(*_CREATED_WITH, camel=True))
    step.aws("eks").create_nodegroup(
        clusterName=cluster,
        nodegroupName=group,
        nodeRole=step.new["nodeRoleArn"],
        subnets=step.new["subnetIds"],
        **{**request, **_launch_template(step.new.get("launchTemplate"))},
        **({"tags": step.tags_all} if step.tags_all else {}),
    )
    step.made(f"{cluster}:{group}")
    _await(step)
    return step.id


def _key(step: Step) -> dict[str, str]:
    cluster, _, group = step.id.partition(":")
    return {"clusterName": cluster, "nodegroupName": group}


def _describe(step: Step) -> dict[str, Any]:
    return dict(step.aws("eks").describe_nodegroup(**_key(step))["nodegroup"])


def _await(step: Step) -> None:
    await_active(step, lambda: _describe(step), f"node group {step.id}")


def _read(step: Step) -> dict[str, Any] | None:
    group = _describe(step)
    resources = group.get("resources") or {}
    return {
        **step.values(group, *_CREATED_WITH, camel=True),
        "clusterName": group["clusterName"],
        "nodeGroupName": group["nodegroupName"],
        "nodeRoleArn": group["nodeRole"],
        "subnetIds": group["subnets"],
        "arn": group["nodegroupArn"],
        "resources": [
            {
                "autoscalingGroups": [
                    {"name": one["name"]} for one in resources.get("autoScalingGroups", [])
                ],
                "remoteAccessSecurityGroupId": "",
            }
        ],
        "status": group["status"],
        "tagsAll": group.get("tags", {}),
    }


def _taint_key(taint: Mapping[str, Any]) -> tuple[Any, Any]:
    return taint["key"], taint["effect"]


def _settings(step: Step) -> dict[str, Any]:
    """The parameters of UpdateNodegroupConfig for what has changed."""
    request = _without_zeros(
        step.request(*(name for name in _SETTINGS[2:] if step.changed(name)), camel=True)
    )
    if step.changed("labels"):
        want, have = step.new.get("labels") or {}, step.old.get("labels") or {}
        wanted = {key: value for key, value in want.items() if have.get(key) != value}
        removed = [key for key in have if key not in want]
        request["labels"] = {
            **({"addOrUpdateLabels": wanted} if wanted else {}),
            **({"removeLabels": removed} if removed else {}),
        }
    if step.changed("taints"):
        want, have = step.new.get("taints") or [], step.old.get("taints") or []
        wanted = [taint for taint in want if taint not in have]
        kept = {_taint_key(taint) for taint in want}
        removed = [taint for taint in have if _taint_key(taint) not in kept]
        request["taints"] = {
            **({"addOrUpdateTaints": wanted} if wanted else {}),
            **({"removeTaints": removed} if removed else {}),
        }
    return request


def _update(step: Step) -> None:
    eks = step.aws("eks")
    versions = {name: step.new[name] for name in _VERSIONED[:2] if step.changed(name) and step.new.get(name)}
    if step.changed("launchTemplate"):
        versions |= _launch_template(step.new.get("launchTemplate"))
    if versions:
        force = {"force": True} if step.new.get("forceUpdateVersion") else {}
        eks.update_nodegroup_version(**_key(step), **versions, **force)
        _await(step)
    settings = _settings(step)
    if settings:
        eks.update_nodegroup_config(**_key(step), **settings)
        _await(step)
    retag_eks(step, step.old.get("arn") or _describe(step)["nodegroupArn"])


def _delete(step: Step) -> None:
    step.aws("eks").delete_nodegroup(**_key(step))


def _rules(inputs: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    scaling = inputs.get("scalingConfig")
    if isinstance(scaling, dict):
        sizes = [scaling.get(name) for name in ("minSize", "desiredSize", "maxSize")]
        numbers = [size for size in sizes if isinstance(size, int)]
        if len(numbers) == 3 and numbers != sorted(numbers):
            yield "scalingConfig", f"minSize ≤ desiredSize ≤ maxSize does not hold: {numbers}"
    template = inputs.get("launchTemplate")
    if isinstance(template, dict):
        if not template.get("version"):
            yield "launchTemplate.version", "a launch template needs its version"
        if bool(template.get("id")) is bool(template.get("name")):
            yield "launchTemplate", "exactly one of id and name is needed"
        if inputs.get("diskSize"):
            yield "diskSize", "disk size must be said in the launch template"


NODE_GROUP = Entry(
    token="aws:eks/nodeGroup:NodeGroup",  # noqa: S106
    fields={
        "clusterName": text(required=True, replace=True),
        "nodeGroupName": text(auto_name=63, replace=True),
        "nodeRoleArn": text(required=True, replace=True),
        "subnetIds": string_set(required=True, replace=True),
        "amiType": text(computed=True, replace=True),
        "capacityType": text(computed=True, replace=True),
        "diskSize": whole(computed=True, replace=True),
        "forceUpdateVersion": flag(local=True),
        "instanceTypes": strings(computed=True, replace=True),
        "labels": mapping(),
        "launchTemplate": block(
            {
                "id": text(computed=True, replace=True),
                "name": text(computed=True, replace=True),
                "version": text(required=True),
            }
        ),
        "nodeRepairConfig": block(_REPAIR, computed=True),
        "releaseVersion": text(computed=True),
        "scalingConfig": block(_SCALING, required=True),
        "tags": tags(),
        "taints": block_set(_TAINT),
        "updateConfig": block(
            {"maxUnavailable": whole(), "maxUnavailablePercentage": whole()}, computed=True
        ),
        "version": text(computed=True),
    },
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    gone=GONE,
    outputs=("arn", "resources", "status"),
    rules=_rules,
)

ENTRIES = (NODE_GROUP,)
