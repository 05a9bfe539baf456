"""aws.ec2.SecurityGroup and aws.ec2.DefaultSecurityGroup."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.providers.aws.entry import Entry, Step
from sandbox.providers.aws.table.ec2_common import only, retag, tag_specifications, tags_of
from sandbox.providers.base.table.fields import (
    Fields,
    block_set,
    flag,
    same,
    string_set,
    tags,
    text,
    whole,
)

_RULE: Fields = {
    "fromPort": whole(required=True),
    "toPort": whole(required=True),
    "protocol": text(required=True, api="IpProtocol"),
    "cidrBlocks": string_set(),
    "ipv6CidrBlocks": string_set(),
    "prefixListIds": string_set(),
    "securityGroups": string_set(),
    "self": flag(),
    "description": text(),
}
_SIDES = ("ingress", "egress")
NO_GROUP = ("InvalidGroup.NotFound", "InvalidGroupId.NotFound")


def _permission(rule: Mapping[str, Any], group: str) -> dict[str, Any]:
    """One rule of Pulumi's as EC2 takes it."""
    note = {"Description": rule["description"]} if rule.get("description") else {}
    groups = [*(rule.get("securityGroups") or []), *([group] if rule.get("self") else [])]
    lists = {
        "IpRanges": [{"CidrIp": cidr, **note} for cidr in rule.get("cidrBlocks") or []],
        "Ipv6Ranges": [{"CidrIpv6": cidr, **note} for cidr in rule.get("ipv6CidrBlocks") or []],
        "PrefixListIds": [{"PrefixListId": id_, **note} for id_ in rule.get("prefixListIds") or []],
        "UserIdGroupPairs": [{"GroupId": id_, **note} for id_ in groups],
    }
    ports = {} if rule["protocol"] == "-1" else {"FromPort": rule["fromPort"], "ToPort": rule["toPort"]}
    return {
        "IpProtocol": rule["protocol"],
        **ports,
        **{name: items for name, items in lists.items() if items},
    }


def _rules_of(permissions: list[dict[str, Any]], group: str) -> list[dict[str, Any]]:
    """EC2's permissions as Pulumi's rules, one for each protocol, port range and description."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    sources = (
        ("IpRanges", "CidrIp", "cidrBlocks"),
        ("Ipv6Ranges", "CidrIpv6", "ipv6CidrBlocks"),
        ("PrefixListIds", "PrefixListId", "prefixListIds"),
        ("UserIdGroupPairs", "GroupId", "securityGroups"),
    )
    for permission in permissions:
        protocol = permission["IpProtocol"]
        ports = (permission.get("FromPort", 0), permission.get("ToPort", 0)) if protocol != "-1" else (0, 0)
        for items, key, name in sources:
            for item in permission.get(items, []):
                note = item.get("Description") or ""
                rule = found.setdefault(
                    (protocol, *ports, note),
                    {"fromPort": ports[0], "toPort": ports[1], "protocol": protocol, "description": note},
                )
                if item[key] == group:
                    rule["self"] = True
                else:
                    rule.setdefault(name, []).append(item[key])
    return list(found.values())


def calls(step: Step, side: str) -> tuple[Any, Any]:
    """EC2's operations that allow and revoke on a side."""
    ec2 = step.aws("ec2")
    if side == "ingress":
        return ec2.authorize_security_group_ingress, ec2.revoke_security_group_ingress
    return ec2.authorize_security_group_egress, ec2.revoke_security_group_egress


def _group(step: Step) -> dict[str, Any] | None:
    return only(step.aws("ec2").describe_security_groups(GroupIds=[step.id])["SecurityGroups"])


_ANSWERS = {"ingress": "IpPermissions", "egress": "IpPermissionsEgress"}


def _set_rules(step: Step, side: str, found: dict[str, Any]) -> None:
    """Brings one side of a group to the wanted rules."""
    allow, revoke = calls(step, side)
    have = found.get(_ANSWERS[side], [])
    wanted = step.new.get(side) or []
    if same(step.entry.fields[side], wanted, _rules_of(have, step.id)) and bool(wanted) is bool(have):
        return
    if have:
        revoke(GroupId=step.id, IpPermissions=have)
    if wanted:
        allow(GroupId=step.id, IpPermissions=[_permission(rule, step.id) for rule in wanted])


def _read_group(step: Step) -> dict[str, Any] | None:
    group = _group(step)
    if group is None:
        return None
    return {
        "name": group["GroupName"],
        "description": group["Description"],
        "vpcId": group.get("VpcId"),
        **{side: _rules_of(group.get(answer, []), step.id) for side, answer in _ANSWERS.items()},
        "arn": step.arn("ec2", f"security-group/{step.id}"),
        "ownerId": group.get("OwnerId"),
        "tagsAll": tags_of(group),
    }


def _create_group(step: Step) -> str:
    made = step.aws("ec2").create_security_group(
        GroupName=step.new["name"],
        **step.request("description", "vpcId"),
        **tag_specifications(step, "security-group"),
    )
    step.made(made["GroupId"])
    # AWS opens all ways out of a new group; the real provider closes them unless the program asks for them.
    group = _group(step) or {}
    for side in _SIDES:
        _set_rules(step, side, group)
    return step.id


def _update_group(step: Step) -> None:
    group = _group(step) or {}
    for side in _SIDES:
        if step.changed(side):
            _set_rules(step, side, group)
    retag(step)


def _delete_group(step: Step) -> None:
    step.aws("ec2").delete_security_group(GroupId=step.id)


SECURITY_GROUP = Entry(
    token="aws:ec2/securityGroup:SecurityGroup",  # noqa: S106
    fields={
        "name": text(auto_name=255, replace=True),
        "description": text(default="Managed by Pulumi", replace=True),
        "vpcId": text(computed=True, replace=True),
        **{side: block_set(_RULE, computed=True) for side in _SIDES},
        "revokeRulesOnDelete": flag(default=False, local=True),
        "tags": tags(),
    },
    create=_create_group,
    read=_read_group,
    update=_update_group,
    delete=_delete_group,
    gone=NO_GROUP,
    outputs=("arn", "ownerId"),
)


def _adopt(step: Step) -> str:
    """Takes over the group that came with the VPC; nothing is made."""
    by_name = [
        {"Name": "vpc-id", "Values": [step.new["vpcId"]]},
        {"Name": "group-name", "Values": ["default"]},
    ]
    group = only(step.aws("ec2").describe_security_groups(Filters=by_name)["SecurityGroups"])
    if group is None:
        return ""
    step.made(group["GroupId"])
    for side in _SIDES:
        _set_rules(step, side, group)
    retag(step)
    return step.id


def _update_default(step: Step) -> None:
    group = _group(step) or {}
    for side in _SIDES:
        _set_rules(step, side, group)
    retag(step)


def _let_go(_step: Step) -> None:
    """The default group goes with its VPC; the real provider leaves it alone as well."""


DEFAULT_SECURITY_GROUP = Entry(
    token="aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",  # noqa: S106
    fields={
        "vpcId": text(required=True, replace=True),
        **{side: block_set(_RULE) for side in _SIDES},
        "revokeRulesOnDelete": flag(default=False, local=True),
        "tags": tags(),
    },
    create=_adopt,
    read=_read_group,
    update=_update_default,
    delete=_let_go,
    gone=NO_GROUP,
    outputs=("arn", "description", "name", "ownerId"),
)

ENTRIES = (SECURITY_GROUP, DEFAULT_SECURITY_GROUP)
