"""Where topics must be, and who may publish to them."""

from __future__ import annotations

from typing import Any

import pulumi

ROUTE53_LOCATION = "us-east-1"
"""Route 53 publishes its metrics here, whatever the health check watches; an alarm lives beside its metric,
and an alarm's topic beside the alarm.

Source: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/monitoring-cloudwatch.html
"""


def topic_name(platform: str, region: str) -> str:
    """The name of a region's topics; two regions may both have one in us-east-1."""
    return f"{platform}-{region}-alarms"


def topic_locations(location: str) -> tuple[str, ...]:
    """Where a region needs topics: its own location first."""
    return tuple(dict.fromkeys((location, ROUTE53_LOCATION)))


def topic_policy(topic_arn: pulumi.Input[str], location: str, account: str) -> list[dict[str, Any]]:
    """Alarms of this account and location may publish; nobody may over plain HTTP.

    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
    """
    return [
        {
            "Sid": "AlarmsPublish",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": topic_arn,
            "Condition": {
                "StringEquals": {"aws:SourceAccount": account},
                "ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:{location}:{account}:alarm:*"},
            },
        },
        {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sns:Publish",
            "Resource": topic_arn,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    ]


def key_policy(location: str, account: str) -> list[dict[str, Any]]:
    """The account administers the key, subscribers' messages pass through SNS, and alarms may publish.

    CloudWatch cannot use the key that AWS keeps for SNS, and calls a customer's key without naming the
    account that it acts for: which account's alarms reach the topic is the topic policy's to say.
    Source: https://repost.aws/knowledge-center/cloudwatch-configure-alarm-sns
    """
    root = {"AWS": f"arn:aws:iam::{account}:root"}
    return [
        {
            "Sid": "AccountAdministers",
            "Effect": "Allow",
            "Principal": root,
            "Action": [
                "kms:CancelKeyDeletion",
                "kms:DescribeKey",
                "kms:EnableKeyRotation",
                "kms:GetKeyPolicy",
                "kms:GetKeyRotationStatus",
                "kms:ListKeyPolicies",
                "kms:ListResourceTags",
                "kms:PutKeyPolicy",
                "kms:ScheduleKeyDeletion",
                "kms:TagResource",
                "kms:UntagResource",
                "kms:UpdateKeyDescription",
            ],
            "Resource": "*",
        },
        {
            "Sid": "UsedThroughSns",
            "Effect": "Allow",
            "Principal": root,
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": "*",
            "Condition": {
                "StringEquals": {
                    "kms:CallerAccount": account,
                    "kms:ViaService": f"sns.{location}.amazonaws.com",
                }
            },
        },
        {
            "Sid": "AlarmsEncrypt",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": "*",
        },
    ]
