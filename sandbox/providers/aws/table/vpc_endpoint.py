"""aws.ec2.VpcEndpoint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.providers.aws.entry import Entry, Step
from sandbox.providers.aws.table.ec2_common import only, retag, tag_specifications, tags_of
from sandbox.providers.base.table.fields import flag, json_text, policy, string_set, tags, text

_SETS = {"routeTableIds": "RouteTableIds", "subnetIds": "SubnetIds", "securityGroupIds": "SecurityGroupIds"}


def _create(step: Step) -> str:
    given = step.request("vpcId", "serviceName", "vpcEndpointType", "privateDnsEnabled", *_SETS)
    document = {"PolicyDocument": json_text(step.new["policy"])} if step.new.get("policy") else {}
    made = step.aws("ec2").create_vpc_endpoint(
        **given, **document, **tag_specifications(step, "vpc-endpoint")
    )
    return str(made["VpcEndpoint"]["VpcEndpointId"])


def _read(step: Step) -> dict[str, Any] | None:
    endpoint = only(step.aws("ec2").describe_vpc_endpoints(VpcEndpointIds=[step.id])["VpcEndpoints"])
    if endpoint is None or str(endpoint.get("State", "")).lower() in ("deleted", "deleting"):
        return None
    groups = [group["GroupId"] for group in endpoint.get("Groups", [])]
    return {
        **step.values(endpoint, "vpcId", "serviceName", "vpcEndpointType", "privateDnsEnabled"),
        "routeTableIds": endpoint.get("RouteTableIds", []),
        "subnetIds": endpoint.get("SubnetIds", []),
        "securityGroupIds": groups or endpoint.get("SecurityGroupIds", []),
        "policy": endpoint.get("PolicyDocument"),
        "arn": step.arn("ec2", f"vpc-endpoint/{step.id}"),
        "cidrBlocks": [],
        "dnsEntries": [
            {"dnsName": entry.get("DnsName", ""), "hostedZoneId": entry.get("HostedZoneId", "")}
            for entry in endpoint.get("DnsEntries", [])
        ],
        "networkInterfaceIds": endpoint.get("NetworkInterfaceIds", []),
        "ownerId": endpoint.get("OwnerId") or step.session.account,
        "requesterManaged": bool(endpoint.get("RequesterManaged", False)),
        "state": endpoint.get("State", "available"),
        "tagsAll": tags_of(endpoint),
    }


def _update(step: Step) -> None:
    changes: dict[str, Any] = {}
    for name, api in _SETS.items():
        if step.changed(name):
            want, have = set(step.new.get(name) or []), set(step.old.get(name) or [])
            changes |= {f"Add{api}": sorted(want - have)} if want - have else {}
            changes |= {f"Remove{api}": sorted(have - want)} if have - want else {}
    if step.changed("policy"):
        document = step.new.get("policy")
        changes |= {"PolicyDocument": json_text(document)} if document else {"ResetPolicy": True}
    if step.changed("privateDnsEnabled"):
        changes["PrivateDnsEnabled"] = bool(step.new.get("privateDnsEnabled"))
    if changes:
        step.aws("ec2").modify_vpc_endpoint(VpcEndpointId=step.id, **changes)
    retag(step)


def _delete(step: Step) -> None:
    if _read(step) is None:  # a deleted endpoint is still to be seen for a while
        return
    step.aws("ec2").delete_vpc_endpoints(VpcEndpointIds=[step.id])


def _rules(inputs: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    wrong = {
        "Gateway": ("subnetIds", "securityGroupIds", "privateDnsEnabled"),
        "Interface": ("routeTableIds",),
    }
    kind = inputs.get("vpcEndpointType", "Gateway")
    for name in wrong.get(kind, ()):
        if inputs.get(name):
            yield name, f"a {kind} endpoint takes no {name}"


VPC_ENDPOINT = Entry(
    token="aws:ec2/vpcEndpoint:VpcEndpoint",  # noqa: S106
    fields={
        "vpcId": text(required=True, replace=True),
        "serviceName": text(required=True, replace=True),
        "vpcEndpointType": text(default="Gateway", choices=("Gateway", "Interface"), replace=True),
        "routeTableIds": string_set(computed=True),
        "subnetIds": string_set(computed=True),
        "securityGroupIds": string_set(computed=True),
        "privateDnsEnabled": flag(computed=True),
        "policy": policy(api=None, computed=True),
        "tags": tags(),
    },
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    gone=("InvalidVpcEndpointId.NotFound", "InvalidVpcEndpoint.NotFound"),
    outputs=(
        "arn",
        "cidrBlocks",
        "dnsEntries",
        "networkInterfaceIds",
        "ownerId",
        "requesterManaged",
        "state",
    ),
    rules=_rules,
)

ENTRIES = (VPC_ENDPOINT,)
