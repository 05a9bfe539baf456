"""aws.ec2.InternetGateway, Eip and NatGateway."""

from __future__ import annotations

from typing import Any

from sandbox.providers.aws.entry import Entry, Step
from sandbox.providers.aws.table.ec2_common import only, retag, tag_specifications, tags_of
from sandbox.providers.base.table.fields import tags, text


def _create_internet(step: Step) -> str:
    made = step.aws("ec2").create_internet_gateway(**tag_specifications(step, "internet-gateway"))
    step.made(made["InternetGateway"]["InternetGatewayId"])
    if step.new.get("vpcId"):
        step.aws("ec2").attach_internet_gateway(InternetGatewayId=step.id, VpcId=step.new["vpcId"])
    return step.id


def _read_internet(step: Step) -> dict[str, Any] | None:
    answer = step.aws("ec2").describe_internet_gateways(InternetGatewayIds=[step.id])
    gateway = only(answer["InternetGateways"])
    if gateway is None:
        return None
    attached = only(gateway.get("Attachments", [])) or {}
    return {
        **step.values(attached, "vpcId"),
        "arn": step.arn("ec2", f"internet-gateway/{step.id}"),
        "ownerId": gateway.get("OwnerId") or step.session.account,
        "tagsAll": tags_of(gateway),
    }


def _update_internet(step: Step) -> None:
    if step.changed("vpcId"):
        if step.old.get("vpcId"):
            step.aws("ec2").detach_internet_gateway(InternetGatewayId=step.id, VpcId=step.old["vpcId"])
        if step.new.get("vpcId"):
            step.aws("ec2").attach_internet_gateway(InternetGatewayId=step.id, VpcId=step.new["vpcId"])
    retag(step)


def _delete_internet(step: Step) -> None:
    found = _read_internet(step) or {}
    if found.get("vpcId"):
        step.aws("ec2").detach_internet_gateway(InternetGatewayId=step.id, VpcId=found["vpcId"])
    step.aws("ec2").delete_internet_gateway(InternetGatewayId=step.id)


INTERNET_GATEWAY = Entry(
    token="aws:ec2/internetGateway:InternetGateway",  # noqa: S106
    fields={"vpcId": text(computed=True), "tags": tags()},
    create=_create_internet,
    read=_read_internet,
    update=_update_internet,
    delete=_delete_internet,
    gone=("InvalidInternetGatewayID.NotFound",),
    outputs=("arn", "ownerId"),
)


def _create_eip(step: Step) -> str:
    made = step.aws("ec2").allocate_address(
        **step.request("domain"), **tag_specifications(step, "elastic-ip")
    )
    return str(made["AllocationId"])


def _read_eip(step: Step) -> dict[str, Any] | None:
    address = only(step.aws("ec2").describe_addresses(AllocationIds=[step.id])["Addresses"])
    if address is None:
        return None
    public = address["PublicIp"]
    dashed = public.replace(".", "-")
    host = "compute-1.amazonaws.com" if step.region == "us-east-1" else f"{step.region}.compute.amazonaws.com"
    return {
        **step.values(address, "domain"),
        "allocationId": address["AllocationId"],
        "associationId": address.get("AssociationId", ""),
        "arn": step.arn("ec2", f"elastic-ip/{step.id}"),
        "networkBorderGroup": address.get("NetworkBorderGroup") or step.region,
        "publicDns": f"ec2-{dashed}.{host}",
        "publicIp": public,
        "tagsAll": tags_of(address),
    }


def _release_eip(step: Step) -> None:
    step.aws("ec2").release_address(AllocationId=step.id)


EIP = Entry(
    token="aws:ec2/eip:Eip",  # noqa: S106
    fields={"domain": text(computed=True, replace=True), "tags": tags()},
    create=_create_eip,
    read=_read_eip,
    update=retag,
    delete=_release_eip,
    gone=("InvalidAllocationID.NotFound", "InvalidAddress.NotFound"),
    outputs=("allocationId", "arn", "associationId", "networkBorderGroup", "publicDns", "publicIp"),
)


def _create_nat(step: Step) -> str:
    made = step.aws("ec2").create_nat_gateway(
        **step.request("allocationId", "subnetId", "connectivityType"),
        **tag_specifications(step, "natgateway"),
    )
    return str(made["NatGateway"]["NatGatewayId"])


def _read_nat(step: Step) -> dict[str, Any] | None:
    nat = only(step.aws("ec2").describe_nat_gateways(NatGatewayIds=[step.id])["NatGateways"])
    if nat is None or nat.get("State") in ("deleted", "deleting", "failed"):
        return None
    address = only(nat.get("NatGatewayAddresses", [])) or {}
    return {
        **step.values(nat, "subnetId", "connectivityType"),
        **step.values(address, "allocationId"),
        "associationId": address.get("AssociationId", ""),
        "networkInterfaceId": address.get("NetworkInterfaceId"),
        "privateIp": address.get("PrivateIp"),
        "publicIp": address.get("PublicIp"),
        "vpcId": nat.get("VpcId"),
        "tagsAll": tags_of(nat),
    }


def _delete_nat(step: Step) -> None:
    step.aws("ec2").delete_nat_gateway(NatGatewayId=step.id)


NAT_GATEWAY = Entry(
    token="aws:ec2/natGateway:NatGateway",  # noqa: S106
    fields={
        "allocationId": text(computed=True, replace=True),
        "connectivityType": text(default="public", choices=("public", "private"), replace=True),
        "subnetId": text(required=True, replace=True),
        "tags": tags(),
    },
    create=_create_nat,
    read=_read_nat,
    update=retag,
    delete=_delete_nat,
    gone=("NatGatewayNotFound", "InvalidNatGatewayID.NotFound"),
    outputs=("associationId", "networkInterfaceId", "privateIp", "publicIp", "vpcId"),
)

ENTRIES = (INTERNET_GATEWAY, EIP, NAT_GATEWAY)
