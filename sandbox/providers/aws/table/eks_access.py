"""aws.eks.AccessEntry, AccessPolicyAssociation and PodIdentityAssociation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.providers.aws.entry import Entry, Step
from sandbox.providers.aws.table.eks import GONE, retag_eks
from sandbox.providers.base.table.fields import block, flag, string_set, tags, text


def _time(value: Any) -> str:
    return str(value.strftime("%Y-%m-%d %H:%M:%S +0000 UTC"))


def _entry_key(step: Step) -> dict[str, str]:
    cluster, _, principal = step.id.partition(":")
    return {"clusterName": cluster, "principalArn": principal}


def _create_entry(step: Step) -> str:
    step.aws("eks").create_access_entry(
        **step.request("clusterName", "principalArn", "kubernetesGroups", "type", "userName", camel=True),
        **({"tags": step.tags_all} if step.tags_all else {}),
    )
    return f"{step.new['clusterName']}:{step.new['principalArn']}"


def _read_entry(step: Step) -> dict[str, Any] | None:
    entry = step.aws("eks").describe_access_entry(**_entry_key(step))["accessEntry"]
    return {
        **step.values(
            entry, "clusterName", "principalArn", "kubernetesGroups", "type", "userName", camel=True
        ),
        "accessEntryArn": entry["accessEntryArn"],
        "createdAt": _time(entry["createdAt"]),
        "modifiedAt": _time(entry["modifiedAt"]),
        "tagsAll": entry.get("tags", {}),
    }


def _update_entry(step: Step) -> None:
    if step.changed("kubernetesGroups", "userName"):
        step.aws("eks").update_access_entry(
            **_entry_key(step),
            kubernetesGroups=list(step.new.get("kubernetesGroups") or []),
            **step.request("userName", camel=True),
        )
    retag_eks(step, step.old["accessEntryArn"])


def _delete_entry(step: Step) -> None:
    step.aws("eks").delete_access_entry(**_entry_key(step))


ACCESS_ENTRY = Entry(
    token="aws:eks/accessEntry:AccessEntry",  # noqa: S106
    fields={
        "clusterName": text(required=True, replace=True),
        "principalArn": text(required=True, replace=True),
        "kubernetesGroups": string_set(computed=True),
        "tags": tags(),
        "type": text(default="STANDARD", replace=True),
        "userName": text(api="username", computed=True),
    },
    create=_create_entry,
    read=_read_entry,
    update=_update_entry,
    delete=_delete_entry,
    gone=GONE,
    outputs=("accessEntryArn", "createdAt", "modifiedAt"),
    volatile=("modifiedAt",),
    delete_first=True,
)


def _associate(step: Step) -> str:
    step.aws("eks").associate_access_policy(
        **step.request("clusterName", "principalArn", "policyArn", "accessScope", camel=True)
    )
    return f"{step.new['clusterName']}#{step.new['principalArn']}#{step.new['policyArn']}"


def _policy_key(step: Step) -> dict[str, str]:
    cluster, principal, policy = step.id.split("#")
    return {"clusterName": cluster, "principalArn": principal, "policyArn": policy}


def _read_association(step: Step) -> dict[str, Any] | None:
    key = _policy_key(step)
    policy = key.pop("policyArn")
    found = step.aws("eks").list_associated_access_policies(**key)["associatedAccessPolicies"]
    for one in found:
        if one["policyArn"] == policy:
            return {
                **key,
                **step.values(one, "policyArn", "accessScope", camel=True),
                "associatedAt": _time(one["associatedAt"]),
                "modifiedAt": _time(one["modifiedAt"]),
            }
    return None


def _disassociate(step: Step) -> None:
    step.aws("eks").disassociate_access_policy(**_policy_key(step))


def _scope_rules(inputs: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    scope = inputs.get("accessScope")
    if isinstance(scope, dict) and (scope.get("type") == "namespace") is not bool(scope.get("namespaces")):
        yield (
            "accessScope.namespaces",
            "a scope of type namespace names its namespaces, one of type cluster none",
        )


ACCESS_POLICY = Entry(
    token="aws:eks/accessPolicyAssociation:AccessPolicyAssociation",  # noqa: S106
    fields={
        "clusterName": text(required=True, replace=True),
        "principalArn": text(required=True, replace=True),
        "policyArn": text(required=True, replace=True),
        "accessScope": block(
            {
                "type": text(required=True, choices=("cluster", "namespace")),
                "namespaces": string_set(),
            },
            required=True,
            replace=True,
        ),
    },
    create=_associate,
    read=_read_association,
    delete=_disassociate,
    gone=GONE,
    outputs=("associatedAt", "modifiedAt"),
    delete_first=True,
    rules=_scope_rules,
)

_IDENTITY = ("roleArn", "disableSessionTags", "targetRoleArn")


def _create_identity(step: Step) -> str:
    made = step.aws("eks").create_pod_identity_association(
        **step.request("clusterName", "namespace", "serviceAccount", *_IDENTITY, camel=True),
        **({"tags": step.tags_all} if step.tags_all else {}),
    )
    return str(made["association"]["associationId"])


def _identity_key(step: Step) -> dict[str, str]:
    return {"clusterName": step.wish["clusterName"], "associationId": step.id}


def _read_identity(step: Step) -> dict[str, Any] | None:
    found = step.aws("eks").describe_pod_identity_association(**_identity_key(step))["association"]
    return {
        **step.values(found, "clusterName", "namespace", "serviceAccount", *_IDENTITY, camel=True),
        "associationArn": found["associationArn"],
        "associationId": found["associationId"],
        "tagsAll": found.get("tags", {}),
    }


def _update_identity(step: Step) -> None:
    if step.changed(*_IDENTITY):
        step.aws("eks").update_pod_identity_association(
            **_identity_key(step), **step.request(*_IDENTITY, camel=True)
        )
    retag_eks(step, step.old["associationArn"])


def _delete_identity(step: Step) -> None:
    step.aws("eks").delete_pod_identity_association(**_identity_key(step))


POD_IDENTITY = Entry(
    token="aws:eks/podIdentityAssociation:PodIdentityAssociation",  # noqa: S106
    fields={
        "clusterName": text(required=True, replace=True),
        "namespace": text(required=True, replace=True),
        "serviceAccount": text(required=True, replace=True),
        "roleArn": text(required=True),
        "disableSessionTags": flag(computed=True),
        "targetRoleArn": text(),
        "tags": tags(),
    },
    create=_create_identity,
    read=_read_identity,
    update=_update_identity,
    delete=_delete_identity,
    gone=GONE,
    outputs=("associationArn", "associationId"),
    delete_first=True,
)

ENTRIES = (ACCESS_ENTRY, ACCESS_POLICY, POD_IDENTITY)
