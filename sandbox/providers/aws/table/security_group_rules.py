"""aws.vpc.SecurityGroupIngressRule and aws.vpc.SecurityGroupEgressRule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.providers.aws.entry import Entry, Step
from sandbox.providers.aws.table.ec2_common import only, retag, tag_specifications, tags_of
from sandbox.providers.aws.table.security_groups import NO_GROUP, calls
from sandbox.providers.base.table.fields import Fields, is_empty, tags, text, whole

_ENDS = {
    "cidrIpv4": ("IpRanges", "CidrIp"),
    "cidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
    "prefixListId": ("PrefixListIds", "PrefixListId"),
    "referencedSecurityGroupId": ("UserIdGroupPairs", "GroupId"),
}
_SINGLE: Fields = {
    "securityGroupId": text(api="GroupId", required=True, replace=True),
    "ipProtocol": text(required=True),
    "fromPort": whole(),
    "toPort": whole(),
    "description": text(),
    **{name: text() for name in _ENDS},
    "tags": tags(),
}


def _single_rules(inputs: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    if sum(1 for name in _ENDS if inputs.get(name)) != 1:
        yield "cidrIpv4", f"exactly one of {', '.join(_ENDS)} is needed"
    if inputs.get("ipProtocol") == "-1" and not (
        is_empty(inputs.get("fromPort")) and is_empty(inputs.get("toPort"))
    ):
        yield "fromPort", "all protocols (-1) come with all ports: leave fromPort and toPort out"


def _single_permission(step: Step) -> dict[str, Any]:
    name = next(name for name in _ENDS if step.new.get(name))
    items, key = _ENDS[name]
    note = {"Description": step.new["description"]} if step.new.get("description") else {}
    return {**step.request("ipProtocol", "fromPort", "toPort"), items: [{key: step.new[name], **note}]}


def _create_single(side: str) -> Any:
    def create(step: Step) -> str:
        answer = calls(step, side)[0](
            GroupId=step.new["securityGroupId"],
            IpPermissions=[_single_permission(step)],
            **tag_specifications(step, "security-group-rule"),
        )
        return str(answer["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    return create


def _read_single(step: Step) -> dict[str, Any] | None:
    answer = step.aws("ec2").describe_security_group_rules(SecurityGroupRuleIds=[step.id])
    rule = only(answer["SecurityGroupRules"])
    if rule is None:
        return None
    everything = rule["IpProtocol"] == "-1"
    referenced = (rule.get("ReferencedGroupInfo") or {}).get("GroupId")
    return {
        **step.values(
            rule, "securityGroupId", "ipProtocol", "description", "cidrIpv4", "cidrIpv6", "prefixListId"
        ),
        **({} if everything else step.values(rule, "fromPort", "toPort")),
        **({"referencedSecurityGroupId": referenced} if referenced else {}),
        "arn": step.arn("ec2", f"security-group-rule/{step.id}"),
        "securityGroupRuleId": step.id,
        "tagsAll": tags_of(rule),
    }


def _update_single(step: Step) -> None:
    if step.changed("ipProtocol", "fromPort", "toPort", "description", *_ENDS):
        names = ("ipProtocol", "fromPort", "toPort", "description", "cidrIpv4", "cidrIpv6", "prefixListId")
        rule = step.request(*names)
        if step.new.get("referencedSecurityGroupId"):
            rule["ReferencedGroupId"] = step.new["referencedSecurityGroupId"]
        step.aws("ec2").modify_security_group_rules(
            GroupId=step.new["securityGroupId"],
            SecurityGroupRules=[{"SecurityGroupRuleId": step.id, "SecurityGroupRule": rule}],
        )
    retag(step)


def _delete_single(side: str) -> Any:
    def delete(step: Step) -> None:
        calls(step, side)[1](GroupId=step.old["securityGroupId"], SecurityGroupRuleIds=[step.id])

    return delete


def _single(side: str, kind: str) -> Entry:
    return Entry(
        token=f"aws:vpc/{kind[0].lower()}{kind[1:]}:{kind}",
        fields=_SINGLE,
        create=_create_single(side),
        read=_read_single,
        update=_update_single,
        delete=_delete_single(side),
        gone=("InvalidSecurityGroupRuleId.NotFound", "InvalidPermission.NotFound", *NO_GROUP),
        outputs=("arn", "securityGroupRuleId"),
        rules=_single_rules,
    )


ENTRIES = (
    _single("ingress", "SecurityGroupIngressRule"),
    _single("egress", "SecurityGroupEgressRule"),
)
