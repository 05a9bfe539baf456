"""The table: every resource type that the sandbox's aws provider knows, by token."""

from __future__ import annotations

from dataclasses import replace

from sandbox.providers.aws.entry import Entry
from sandbox.providers.aws.table import (
    acm,
    cloudwatch,
    eks,
    eks_access,
    eks_addon,
    eks_node_group,
    flow_log,
    gateways,
    health_check,
    iam,
    kms,
    launch_template,
    route53,
    routes,
    s3,
    s3_lifecycle,
    s3_replication,
    s3_reporting,
    s3_settings,
    security_group_rules,
    security_groups,
    sns,
    sqs,
    vpc,
    vpc_endpoint,
)
from sandbox.providers.base.table.fields import text

_MODULES = (
    acm,
    cloudwatch,
    eks,
    eks_access,
    eks_addon,
    eks_node_group,
    flow_log,
    gateways,
    health_check,
    iam,
    kms,
    launch_template,
    route53,
    routes,
    s3,
    s3_lifecycle,
    s3_replication,
    s3_reporting,
    s3_settings,
    security_group_rules,
    security_groups,
    sns,
    sqs,
    vpc,
    vpc_endpoint,
)


def _complete(entry: Entry) -> Entry:
    """With the `region` that pulumi_aws 7 gives every regional resource."""
    if not entry.regional:
        return entry
    return replace(entry, fields={**entry.fields, "region": text(api=None, computed=True, replace=True)})


ENTRIES: dict[str, Entry] = {entry.token: _complete(entry) for module in _MODULES for entry in module.ENTRIES}
