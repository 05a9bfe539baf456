"""aws.iam.Role, RolePolicy, RolePolicyAttachment and Policy. IAM has no location."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from sandbox.providers.aws.entry import Entry, Step
from sandbox.providers.aws.pairs import pairs, unpaired
from sandbox.providers.base.table.fields import flag, json_text, policy, tags, text, whole

_GONE = ("NoSuchEntity",)


def _document(answer: Any) -> str:
    """A policy of an answer: botocore gives it decoded, moto sometimes as URL-encoded text."""
    return unquote(answer) if isinstance(answer, str) else json.dumps(answer)


def _create_role(step: Step) -> str:
    step.aws("iam").create_role(
        RoleName=step.new["name"],
        AssumeRolePolicyDocument=json_text(step.new["assumeRolePolicy"]),
        **step.request("description", "maxSessionDuration", "path", "permissionsBoundary"),
        **({"Tags": step.tag_pairs} if step.tag_pairs else {}),
    )
    return str(step.new["name"])


def _read_role(step: Step) -> dict[str, Any] | None:
    role = step.aws("iam").get_role(RoleName=step.id)["Role"]
    boundary = (role.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
    return {
        **step.values(role, "description", "maxSessionDuration", "path"),
        **({"permissionsBoundary": boundary} if boundary else {}),
        "name": role["RoleName"],
        "assumeRolePolicy": _document(role["AssumeRolePolicyDocument"]),
        "arn": role["Arn"],
        "createDate": role["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        "uniqueId": role["RoleId"],
        "tagsAll": unpaired(role.get("Tags")),
    }


def _update_role(step: Step) -> None:
    iam = step.aws("iam")
    if step.changed("assumeRolePolicy"):
        iam.update_assume_role_policy(
            RoleName=step.id, PolicyDocument=json_text(step.new["assumeRolePolicy"])
        )
    if step.changed("description", "maxSessionDuration"):
        iam.update_role(
            RoleName=step.id,
            Description=step.new.get("description") or "",
            **step.request("maxSessionDuration"),
        )
    if step.changed("permissionsBoundary"):
        if step.new.get("permissionsBoundary"):
            iam.put_role_permissions_boundary(RoleName=step.id, **step.request("permissionsBoundary"))
        else:
            iam.delete_role_permissions_boundary(RoleName=step.id)
    wanted, unwanted = step.tag_steps()
    if wanted:
        iam.tag_role(RoleName=step.id, Tags=pairs(wanted))
    if unwanted:
        iam.untag_role(RoleName=step.id, TagKeys=unwanted)


def _delete_role(step: Step) -> None:
    iam = step.aws("iam")
    for profile in iam.list_instance_profiles_for_role(RoleName=step.id)["InstanceProfiles"]:
        iam.remove_role_from_instance_profile(
            InstanceProfileName=profile["InstanceProfileName"], RoleName=step.id
        )
    if step.old.get("forceDetachPolicies"):
        for attached in iam.list_attached_role_policies(RoleName=step.id)["AttachedPolicies"]:
            iam.detach_role_policy(RoleName=step.id, PolicyArn=attached["PolicyArn"])
        for name in iam.list_role_policies(RoleName=step.id)["PolicyNames"]:
            iam.delete_role_policy(RoleName=step.id, PolicyName=name)
    iam.delete_role(RoleName=step.id)


ROLE = Entry(
    token="aws:iam/role:Role",  # noqa: S106
    regional=False,
    fields={
        "name": text(auto_name=64, replace=True),
        "assumeRolePolicy": policy(required=True),
        "description": text(),
        "forceDetachPolicies": flag(default=False, local=True),
        "maxSessionDuration": whole(default=3600),
        "path": text(default="/", replace=True),
        "permissionsBoundary": text(),
        "tags": tags(),
    },
    create=_create_role,
    read=_read_role,
    update=_update_role,
    delete=_delete_role,
    gone=_GONE,
    outputs=("arn", "createDate", "uniqueId"),
)


def _put_role_policy(step: Step) -> str:
    step.aws("iam").put_role_policy(
        RoleName=step.new["role"], PolicyName=step.new["name"], PolicyDocument=json_text(step.new["policy"])
    )
    return f"{step.new['role']}:{step.new['name']}"


def _update_role_policy(step: Step) -> None:
    _put_role_policy(step)


def _read_role_policy(step: Step) -> dict[str, Any] | None:
    role, _, name = step.id.partition(":")
    found = step.aws("iam").get_role_policy(RoleName=role, PolicyName=name)
    return {"role": role, "name": name, "policy": _document(found["PolicyDocument"])}


def _delete_role_policy(step: Step) -> None:
    role, _, name = step.id.partition(":")
    step.aws("iam").delete_role_policy(RoleName=role, PolicyName=name)


ROLE_POLICY = Entry(
    token="aws:iam/rolePolicy:RolePolicy",  # noqa: S106
    regional=False,
    fields={
        "name": text(auto_name=128, replace=True),
        "role": text(required=True, replace=True),
        "policy": policy(required=True),
    },
    create=_put_role_policy,
    read=_read_role_policy,
    update=_update_role_policy,
    delete=_delete_role_policy,
    gone=_GONE,
)


def _attach(step: Step) -> str:
    step.aws("iam").attach_role_policy(RoleName=step.new["role"], PolicyArn=step.new["policyArn"])
    return f"{step.new['role']}/{step.new['policyArn']}"


def _read_attachment(step: Step) -> dict[str, Any] | None:
    role, _, arn = step.id.partition("/")
    pages = step.aws("iam").get_paginator("list_attached_role_policies").paginate(RoleName=role)
    attached = {one["PolicyArn"] for page in pages for one in page["AttachedPolicies"]}
    return {"role": role, "policyArn": arn} if arn in attached else None


def _detach(step: Step) -> None:
    role, _, arn = step.id.partition("/")
    step.aws("iam").detach_role_policy(RoleName=role, PolicyArn=arn)


ROLE_POLICY_ATTACHMENT = Entry(
    token="aws:iam/rolePolicyAttachment:RolePolicyAttachment",  # noqa: S106
    regional=False,
    fields={"role": text(required=True, replace=True), "policyArn": text(required=True, replace=True)},
    create=_attach,
    read=_read_attachment,
    delete=_detach,
    gone=_GONE,
    delete_first=True,
)


def _create_policy(step: Step) -> str:
    made = step.aws("iam").create_policy(
        PolicyName=step.new["name"],
        PolicyDocument=json_text(step.new["policy"]),
        **step.request("description", "path"),
        **({"Tags": step.tag_pairs} if step.tag_pairs else {}),
    )
    return str(made["Policy"]["Arn"])


def _read_policy(step: Step) -> dict[str, Any] | None:
    iam = step.aws("iam")
    found = iam.get_policy(PolicyArn=step.id)["Policy"]
    version = iam.get_policy_version(PolicyArn=step.id, VersionId=found["DefaultVersionId"])["PolicyVersion"]
    return {
        **step.values(found, "description", "path"),
        "name": found["PolicyName"],
        "policy": _document(version["Document"]),
        "arn": found["Arn"],
        "attachmentCount": found.get("AttachmentCount", 0),
        "policyId": found["PolicyId"],
        "tagsAll": unpaired(found.get("Tags")),
    }


def _old_versions(step: Step) -> list[str]:
    versions = step.aws("iam").list_policy_versions(PolicyArn=step.id)["Versions"]
    return [one["VersionId"] for one in versions if not one["IsDefaultVersion"]]


def _update_policy(step: Step) -> None:
    iam = step.aws("iam")
    if step.changed("policy"):
        for version in _old_versions(step):  # IAM keeps five at most
            iam.delete_policy_version(PolicyArn=step.id, VersionId=version)
        iam.create_policy_version(
            PolicyArn=step.id, PolicyDocument=json_text(step.new["policy"]), SetAsDefault=True
        )
    wanted, unwanted = step.tag_steps()
    if wanted:
        iam.tag_policy(PolicyArn=step.id, Tags=pairs(wanted))
    if unwanted:
        iam.untag_policy(PolicyArn=step.id, TagKeys=unwanted)


def _delete_policy(step: Step) -> None:
    for version in _old_versions(step):
        step.aws("iam").delete_policy_version(PolicyArn=step.id, VersionId=version)
    step.aws("iam").delete_policy(PolicyArn=step.id)


def _short_enough(inputs: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """Managed policies hold 6,144 characters without white space: IAM's quotas page."""
    document = inputs.get("policy")
    if isinstance(document, str) and len("".join(document.split())) > 6144:
        yield "policy", "longer than the 6,144 characters that IAM allows for a managed policy"


POLICY = Entry(
    token="aws:iam/policy:Policy",  # noqa: S106
    regional=False,
    fields={
        "name": text(auto_name=128, replace=True),
        "description": text(replace=True),
        "path": text(default="/", replace=True),
        "policy": policy(required=True),
        "tags": tags(),
    },
    create=_create_policy,
    read=_read_policy,
    update=_update_policy,
    delete=_delete_policy,
    gone=_GONE,
    outputs=("arn", "attachmentCount", "policyId"),
    rules=_short_enough,
)

ENTRIES = (ROLE, ROLE_POLICY, ROLE_POLICY_ATTACHMENT, POLICY)
