"""Log groups that are encrypted and do not grow for ever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi_aws import cloudwatch, kms

from components.shared.iam_aws import Statement, rendered

KEY_DELETION_DAYS = 30


def key_owner(account: str) -> dict[str, Any]:
    """The statement that leaves a key's administration to the account's IAM policies.

    Without it the key cannot be administered by anyone.
    Source: https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    """
    return {
        "Sid": "AccountAdministers",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }


def log_key_policy(location: str, account: str, log_group: str) -> Sequence[Statement]:
    """The key's statements: CloudWatch Logs uses it for this one log group.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
    """
    arn = f"arn:aws:logs:{location}:{account}:log-group:{log_group}"
    return [
        key_owner(account),
        {
            "Sid": "LogGroupUses",
            "Effect": "Allow",
            "Principal": {"Service": f"logs.{location}.amazonaws.com"},
            "Action": [
                "kms:Encrypt",
                "kms:Decrypt",
                "kms:ReEncrypt*",
                "kms:GenerateDataKey*",
                "kms:DescribeKey",
            ],
            "Resource": "*",
            "Condition": {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": arn}},
        },
    ]


@dataclass(frozen=True, kw_only=True)
class LogGroupArgs:
    """``log_group`` is the group's full name; ``retention_days`` one of the values that CloudWatch allows."""

    log_group: str
    location: str
    account: str
    retention_days: int = 90
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class LogGroup(pulumi.ComponentResource):
    """A CloudWatch log group with a key of its own."""

    arn: pulumi.Output[str]
    group_name: pulumi.Output[str]

    def __init__(self, name: str, args: LogGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("standfast:shared:LogGroup", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        key = kms.Key(
            f"{name}-key",
            description=f"Log group {args.log_group}",
            enable_key_rotation=True,
            deletion_window_in_days=KEY_DELETION_DAYS,
            policy=rendered(log_key_policy(args.location, args.account, args.log_group)),
            tags=dict(args.tags),
            opts=child,
        )
        group = cloudwatch.LogGroup(
            f"{name}-group",
            name=args.log_group,
            retention_in_days=args.retention_days,
            kms_key_id=key.arn,
            tags=dict(args.tags),
            opts=child,
        )
        self.arn = group.arn
        self.group_name = group.name
        self.register_outputs({"arn": self.arn})
