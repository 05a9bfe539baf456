"""aws.kms.Key and aws.kms.Alias."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from sandbox.providers.aws.entry import Entry, Step
from sandbox.providers.base.table.fields import flag, json_text, policy, tags, text, whole

_GONE = ("NotFoundException",)


def _create_key(step: Step) -> str:
    kms = step.aws("kms")
    document = {"Policy": json_text(step.new["policy"])} if step.new.get("policy") else {}
    pairs = [{"TagKey": key, "TagValue": value} for key, value in step.tags_all.items()]
    made = kms.create_key(
        **step.request("description", "keyUsage", "customerMasterKeySpec", "multiRegion"),
        **document,
        **({"Tags": pairs} if pairs else {}),
        BypassPolicyLockoutSafetyCheck=bool(step.new.get("bypassPolicyLockoutSafetyCheck", False)),
    )
    step.made(made["KeyMetadata"]["KeyId"])
    if step.new.get("enableKeyRotation"):
        _rotate(step)
    if step.new.get("isEnabled") is False:
        kms.disable_key(KeyId=step.id)
    return step.id


def _rotate(step: Step) -> None:
    kms = step.aws("kms")
    if step.new.get("enableKeyRotation"):
        days = step.new.get("rotationPeriodInDays")
        kms.enable_key_rotation(KeyId=step.id, **({"RotationPeriodInDays": days} if days else {}))
    else:
        kms.disable_key_rotation(KeyId=step.id)


def _read_key(step: Step) -> dict[str, Any] | None:
    kms = step.aws("kms")
    key = kms.describe_key(KeyId=step.id)["KeyMetadata"]
    if key["KeyState"] == "PendingDeletion":
        return None
    rotation = kms.get_key_rotation_status(KeyId=step.id)
    tags_found = kms.list_resource_tags(KeyId=step.id)["Tags"]
    return {
        **step.values(key, "description", "keyUsage", "multiRegion"),
        "customerMasterKeySpec": key.get("KeySpec") or key.get("CustomerMasterKeySpec"),
        "isEnabled": key["Enabled"],
        "enableKeyRotation": rotation["KeyRotationEnabled"],
        "rotationPeriodInDays": rotation.get("RotationPeriodInDays"),
        "policy": kms.get_key_policy(KeyId=step.id, PolicyName="default")["Policy"],
        "arn": key["Arn"],
        "keyId": key["KeyId"],
        "tagsAll": {tag["TagKey"]: tag["TagValue"] for tag in tags_found},
    }


def _update_key(step: Step) -> None:
    kms = step.aws("kms")
    if step.changed("isEnabled"):
        (kms.enable_key if step.new.get("isEnabled", True) else kms.disable_key)(KeyId=step.id)
    if step.changed("enableKeyRotation", "rotationPeriodInDays"):
        _rotate(step)
    if step.changed("description"):
        kms.update_key_description(KeyId=step.id, Description=step.new.get("description") or "")
    if step.changed("policy"):
        kms.put_key_policy(KeyId=step.id, PolicyName="default", Policy=json_text(step.new["policy"]))
    wanted, unwanted = step.tag_steps()
    if wanted:
        kms.tag_resource(
            KeyId=step.id, Tags=[{"TagKey": key, "TagValue": value} for key, value in wanted.items()]
        )
    if unwanted:
        kms.untag_resource(KeyId=step.id, TagKeys=unwanted)


def _delete_key(step: Step) -> None:
    try:
        step.aws("kms").schedule_key_deletion(
            KeyId=step.id, PendingWindowInDays=step.old.get("deletionWindowInDays") or 30
        )
    except ClientError as error:
        # A key whose deletion is pending already is as deleted as KMS allows.
        if error.response["Error"].get("Code") != "KMSInvalidStateException":
            raise


KEY = Entry(
    token="aws:kms/key:Key",  # noqa: S106
    fields={
        "description": text(computed=True),
        "keyUsage": text(default="ENCRYPT_DECRYPT", replace=True),
        "customerMasterKeySpec": text(default="SYMMETRIC_DEFAULT", api="KeySpec", replace=True),
        "multiRegion": flag(computed=True, replace=True),
        "isEnabled": flag(default=True, api=None),
        "enableKeyRotation": flag(api=None),
        "rotationPeriodInDays": whole(api=None, computed=True),
        "deletionWindowInDays": whole(local=True),
        "bypassPolicyLockoutSafetyCheck": flag(default=False, local=True),
        "policy": policy(api=None, computed=True),
        "tags": tags(),
    },
    create=_create_key,
    read=_read_key,
    update=_update_key,
    delete=_delete_key,
    gone=_GONE,
    outputs=("arn", "keyId"),
)


def _create_alias(step: Step) -> str:
    step.aws("kms").create_alias(AliasName=step.new["name"], TargetKeyId=step.new["targetKeyId"])
    return str(step.new["name"])


def _read_alias(step: Step) -> dict[str, Any] | None:
    kms = step.aws("kms")
    for page in kms.get_paginator("list_aliases").paginate():
        for alias in page["Aliases"]:
            if alias["AliasName"] == step.id and alias.get("TargetKeyId"):
                return {
                    "name": alias["AliasName"],
                    "targetKeyId": alias["TargetKeyId"],
                    "targetKeyArn": step.arn("kms", f"key/{alias['TargetKeyId']}"),
                    "arn": alias["AliasArn"],
                }
    return None


def _update_alias(step: Step) -> None:
    step.aws("kms").update_alias(AliasName=step.id, TargetKeyId=step.new["targetKeyId"])


def _delete_alias(step: Step) -> None:
    step.aws("kms").delete_alias(AliasName=step.id)


ALIAS = Entry(
    token="aws:kms/alias:Alias",  # noqa: S106
    fields={
        "name": text(auto_name=250, replace=True),
        # A key may be named by its id or its ARN.
        "targetKeyId": text(required=True, same=lambda key: str(key).rsplit("/", 1)[-1]),
    },
    create=_create_alias,
    read=_read_alias,
    update=_update_alias,
    delete=_delete_alias,
    gone=_GONE,
    outputs=("arn", "targetKeyArn"),
    volatile=("targetKeyArn",),
)

ENTRIES = (KEY, ALIAS)
