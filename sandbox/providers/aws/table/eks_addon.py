"""aws.eks.Addon."""

from __future__ import annotations

from typing import Any

from sandbox.providers.aws.entry import Entry, Step
from sandbox.providers.aws.table.eks import GONE, await_active, retag_eks
from sandbox.providers.base.table.fields import block_set, document, flag, tags, text

_SETTINGS = ("addonVersion", "configurationValues", "serviceAccountRoleArn", "podIdentityAssociations")


def _key(step: Step) -> dict[str, str]:
    cluster, _, addon = step.id.partition(":")
    return {"clusterName": cluster, "addonName": addon}


def _conflicts(step: Step, name: str) -> dict[str, str]:
    return {"resolveConflicts": step.new[name]} if step.new.get(name) else {}


def _create(step: Step) -> str:
    step.aws("eks").create_addon(
        **step.request("clusterName", "addonName", *_SETTINGS, camel=True),
        **_conflicts(step, "resolveConflictsOnCreate"),
        **({"tags": step.tags_all} if step.tags_all else {}),
    )
    step.made(f"{step.new['clusterName']}:{step.new['addonName']}")
    _await(step)
    return step.id


def _describe(step: Step) -> dict[str, Any]:
    return dict(step.aws("eks").describe_addon(**_key(step))["addon"])


def _await(step: Step) -> None:
    await_active(step, lambda: _describe(step), f"add-on {step.id}")


def _read(step: Step) -> dict[str, Any] | None:
    addon = _describe(step)
    return {
        **step.values(addon, "clusterName", "addonName", *_SETTINGS, camel=True),
        "arn": addon["addonArn"],
        "createdAt": addon["createdAt"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        "modifiedAt": addon["modifiedAt"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        "tagsAll": addon.get("tags", {}),
    }


def _update(step: Step) -> None:
    if step.changed(*_SETTINGS):
        request = step.request(*_SETTINGS, camel=True)
        if step.changed("podIdentityAssociations"):
            request.setdefault("podIdentityAssociations", [])
        step.aws("eks").update_addon(**_key(step), **request, **_conflicts(step, "resolveConflictsOnUpdate"))
        _await(step)
    retag_eks(step, _describe(step)["addonArn"])


def _delete(step: Step) -> None:
    step.aws("eks").delete_addon(**_key(step), **({"preserve": True} if step.old.get("preserve") else {}))


ADDON = Entry(
    token="aws:eks/addon:Addon",  # noqa: S106
    fields={
        "clusterName": text(required=True, replace=True),
        "addonName": text(required=True, replace=True),
        "addonVersion": text(computed=True),
        "configurationValues": document(computed=True),
        "podIdentityAssociations": block_set(
            {"roleArn": text(required=True), "serviceAccount": text(required=True)}
        ),
        "preserve": flag(local=True),
        "resolveConflictsOnCreate": text(local=True, choices=("NONE", "OVERWRITE")),
        "resolveConflictsOnUpdate": text(local=True, choices=("NONE", "OVERWRITE", "PRESERVE")),
        "serviceAccountRoleArn": text(),
        "tags": tags(),
    },
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    gone=GONE,
    outputs=("arn", "createdAt", "modifiedAt"),
    volatile=("modifiedAt",),
    delete_first=True,
)

ENTRIES = (ADDON,)
