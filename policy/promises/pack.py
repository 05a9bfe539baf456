"""The rules as a CrossGuard pack: turns what the SDK hands over into plain values and back.

https://www.pulumi.com/docs/iac/crossguard/
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from typing import Any

import pulumi
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyPack,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy import Severity as PackSeverity

from .model import Promise, Resource, ResourceRule, Stack, StackRule
from .rules import all_rules
from .unpacking import plain, unpack_once

NAME = "standfast"


def promise() -> Promise:
    """The stack's own, from the configuration that the engine gives to every pack."""
    text = pulumi.Config("standfast").get("platform")
    try:
        platform = json.loads(text) if text else {}
    except ValueError:
        platform = {}
    return Promise.read(platform, os.environ.get("PULUMI_STACK", ""))


def of_resource(args: ResourceValidationArgs) -> Resource:
    return Resource(args.resource_type, args.name, args.urn, plain(args.props), bool(args.opts.protect))


class Seen:
    """The inputs of every resource that the engine has asked about.

    It hands over outputs for the stack as a whole, and in a preview there are none of what a provider would
    make whose own configuration is not known yet: of a new cluster, all that is to run in it.
    """

    def __init__(self) -> None:
        self._inputs: dict[str, Any] = {}

    def note(self, args: ResourceValidationArgs) -> None:
        self._inputs[args.urn] = args.props

    def of(self, resource: PolicyResource) -> Any:
        """Its inputs; of what is only read, its outputs."""
        return plain(self._inputs.get(resource.urn, resource.props))


def of_stack(resources: Sequence[PolicyResource], seen: Seen) -> tuple[Resource, ...]:
    return tuple(
        Resource(
            each.resource_type,
            each.name,
            each.urn,
            seen.of(each),
            bool(each.opts.protect),
            {
                key: frozenset(other.urn for other in others)
                for key, others in each.property_dependencies.items()
            },
        )
        for each in resources
    )


def policy_of(rule: ResourceRule | StackRule, seen: Seen) -> Policy:
    """The SDK's policy of a rule. ``seen`` is shared by all rules of a pack."""
    level = EnforcementLevel.ADVISORY if rule.advisory else EnforcementLevel.MANDATORY
    common: dict[str, Any] = {
        "name": rule.id,
        "description": f"{rule.title}. {rule.reason}",
        "enforcement_level": level,
        "severity": PackSeverity(rule.severity.value),
        "remediation_steps": rule.remedy,
    }
    if isinstance(rule, ResourceRule):
        return ResourceValidationPolicy(validate=_resource_check(rule, seen), **common)
    return StackValidationPolicy(validate=_stack_check(rule, seen), **common)


def _resource_check(
    rule: ResourceRule, seen: Seen
) -> Callable[[ResourceValidationArgs, ReportViolation], None]:
    kinds = rule.kinds

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        seen.note(args)
        if kinds and args.resource_type not in kinds and args.resource_type.rpartition(":")[2] not in kinds:
            return
        resource = of_resource(args)
        if rule.applies(resource):
            for message in rule.judge(resource):
                report(_said(message, rule.remedy), args.urn)

    return validate


def _stack_check(rule: StackRule, seen: Seen) -> Callable[[StackValidationArgs, ReportViolation], None]:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        for finding in rule.findings(Stack(of_stack(args.resources, seen), promise())):
            report(_said(finding.message, rule.remedy), finding.urn or None)

    return validate


def _said(message: str, remedy: str) -> str:
    return f"{message}\nWhat to do: {remedy}"


def serve() -> None:
    """Start the pack: the SDK prints its port, and the engine asks until it ends the process."""
    unpack_once()
    seen = Seen()
    PolicyPack(
        name=NAME,
        enforcement_level=EnforcementLevel.MANDATORY,
        policies=[policy_of(rule, seen) for rule in all_rules()],
    )
