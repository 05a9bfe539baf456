"""aws.ec2.LaunchTemplate: each change is a new version of it, which the real provider makes the latest."""

from __future__ import annotations

from typing import Any

from sandbox.providers.aws.entry import Entry, Step
from sandbox.providers.aws.pairs import pairs, unpaired
from sandbox.providers.aws.table.ec2_common import only, retag, tag_specifications, tags_of
from sandbox.providers.base.table.fields import (
    Fields,
    block,
    block_set,
    blocks,
    flag,
    mapping,
    strings,
    tags,
    text,
    whole,
)
from sandbox.providers.base.table.shapes import from_api, to_api

# Booleans inside an EBS block are strings in pulumi_aws, so that "not said" can be told from "false".
_YES_NO = ("", "true", "false")
_EBS: Fields = {
    "deleteOnTermination": text(api=None, choices=_YES_NO),
    "encrypted": text(api=None, choices=_YES_NO),
    "iops": whole(),
    "kmsKeyId": text(),
    "snapshotId": text(),
    "throughput": whole(),
    "volumeSize": whole(),
    "volumeType": text(),
}
_STRINGLY = {"deleteOnTermination": "DeleteOnTermination", "encrypted": "Encrypted"}
_SPOT: Fields = {
    "instanceInterruptionBehavior": text(),
    "maxPrice": text(),
    "spotInstanceType": text(),
}
_TARGET: Fields = {"capacityReservationId": text(), "capacityReservationResourceGroupArn": text()}
_DATA: Fields = {
    "capacityReservationSpecification": block(
        {"capacityReservationPreference": text(), "capacityReservationTarget": block(_TARGET)}
    ),
    "disableApiTermination": flag(),
    "imageId": text(),
    "instanceMarketOptions": block({"marketType": text(), "spotOptions": block(_SPOT)}),
    "instanceType": text(),
    "metadataOptions": block(
        {
            "httpEndpoint": text(computed=True),
            "httpProtocolIpv6": text(computed=True),
            "httpPutResponseHopLimit": whole(computed=True),
            "httpTokens": text(computed=True),
            "instanceMetadataTags": text(computed=True),
        },
        computed=True,
    ),
    "monitoring": block({"enabled": flag()}),
    "userData": text(),
}
_KEPT_APART: Fields = {
    "blockDeviceMappings": blocks(
        {"deviceName": text(), "ebs": block(_EBS), "noDevice": text(), "virtualName": text()}, api=None
    ),
    "ebsOptimized": text(api=None, choices=_YES_NO),
    "iamInstanceProfile": block({"arn": text(), "name": text()}),
    "tagSpecifications": block_set({"resourceType": text(), "tags": mapping(api=None)}, api=None),
    "vpcSecurityGroupIds": strings(api="SecurityGroupIds"),
}


def _data(step: Step) -> dict[str, Any]:
    """LaunchTemplateData of the inputs."""
    data = step.request(*_DATA, "iamInstanceProfile", "vpcSecurityGroupIds")
    if step.new.get("ebsOptimized"):
        data["EbsOptimized"] = step.new["ebsOptimized"] == "true"
    devices = []
    for given in step.new.get("blockDeviceMappings") or []:
        device = to_api(_KEPT_APART["blockDeviceMappings"].fields, given)
        for name, api in _STRINGLY.items():
            if (given.get("ebs") or {}).get(name):
                device["Ebs"][api] = given["ebs"][name] == "true"
        devices.append(device)
    if devices:
        data["BlockDeviceMappings"] = devices
    specifications = [
        {"ResourceType": one["resourceType"], "Tags": pairs(one.get("tags"))}
        for one in step.new.get("tagSpecifications") or []
    ]
    if specifications:
        data["TagSpecifications"] = specifications
    return data


def _from_data(step: Step, data: dict[str, Any]) -> dict[str, Any]:
    found = step.values(data, *_DATA, "iamInstanceProfile", "vpcSecurityGroupIds")
    if "EbsOptimized" in data:
        found["ebsOptimized"] = _yes_no(data["EbsOptimized"])
    devices = []
    for given in data.get("BlockDeviceMappings", []):
        device = from_api(_KEPT_APART["blockDeviceMappings"].fields, given)
        for name, api in _STRINGLY.items():
            if api in given.get("Ebs", {}):
                device["ebs"][name] = _yes_no(given["Ebs"][api])
        devices.append(device)
    specifications = [
        {"resourceType": one["ResourceType"], "tags": unpaired(one.get("Tags"))}
        for one in data.get("TagSpecifications", [])
        if one["ResourceType"] != "launch-template"  # the template's own tags, which moto keeps here as well
    ]
    return {**found, "blockDeviceMappings": devices, "tagSpecifications": specifications}


def _yes_no(value: Any) -> str:
    """Moto gives these booleans back as it got them: as text."""
    return str(value).lower()


def _create(step: Step) -> str:
    note = {"VersionDescription": step.new["description"]} if step.new.get("description") else {}
    made = step.aws("ec2").create_launch_template(
        LaunchTemplateName=step.new["name"],
        LaunchTemplateData=_data(step),
        **note,
        **tag_specifications(step, "launch-template"),
    )
    return str(made["LaunchTemplate"]["LaunchTemplateId"])


def _read(step: Step) -> dict[str, Any] | None:
    ec2 = step.aws("ec2")
    template = only(ec2.describe_launch_templates(LaunchTemplateIds=[step.id])["LaunchTemplates"])
    if template is None:
        return None
    latest = template["LatestVersionNumber"]
    version = ec2.describe_launch_template_versions(LaunchTemplateId=step.id, Versions=[str(latest)])
    newest = version["LaunchTemplateVersions"][0]
    return {
        "name": template["LaunchTemplateName"],
        "description": newest.get("VersionDescription"),
        **_from_data(step, newest["LaunchTemplateData"]),
        "arn": step.arn("ec2", f"launch-template/{step.id}"),
        "defaultVersion": template["DefaultVersionNumber"],
        "latestVersion": latest,
        "tagsAll": tags_of(template),
    }


def _update(step: Step) -> None:
    ec2 = step.aws("ec2")
    if step.changed("description", *_DATA, *_KEPT_APART):
        note = {"VersionDescription": step.new["description"]} if step.new.get("description") else {}
        made = ec2.create_launch_template_version(
            LaunchTemplateId=step.id, LaunchTemplateData=_data(step), **note
        )
        number = made["LaunchTemplateVersion"]["VersionNumber"]
        if step.new.get("updateDefaultVersion"):
            ec2.modify_launch_template(LaunchTemplateId=step.id, DefaultVersion=str(number))
    retag(step)


def _delete(step: Step) -> None:
    step.aws("ec2").delete_launch_template(LaunchTemplateId=step.id)


LAUNCH_TEMPLATE = Entry(
    token="aws:ec2/launchTemplate:LaunchTemplate",  # noqa: S106
    fields={
        "name": text(api=None, auto_name=125, replace=True),
        "description": text(api=None),
        **_DATA,
        **_KEPT_APART,
        "updateDefaultVersion": flag(local=True),
        "tags": tags(),
    },
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    gone=(
        "InvalidLaunchTemplateId.NotFound",
        "InvalidLaunchTemplateId.NotFoundException",
        "InvalidLaunchTemplateName.NotFoundException",
    ),
    outputs=("arn", "defaultVersion", "latestVersion"),
    volatile=("defaultVersion", "latestVersion"),
)

ENTRIES = (LAUNCH_TEMPLATE,)
