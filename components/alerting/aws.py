"""Alerts on AWS: people are reached through SNS, and model storage is S3."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.alerting.args import NAMESPACE, Probe
from components.shared.identity_aws import PodIdentity, PodIdentityArgs

S3_MODULE = "storage_reachable"
"""The blackbox module: a closed bucket answers an unsigned HEAD with 403, a missing one with 404."""


def model_storage_probe(bucket: pulumi.Input[str], location: str) -> Probe:
    """The region's model bucket, at the region's own S3 endpoint."""
    return Probe(
        url=pulumi.Output.concat("https://", bucket, f".s3.{location}.amazonaws.com/"), module=S3_MODULE
    )


def sns_receiver(topic_arn: pulumi.Input[str], location: str) -> dict[str, Any]:
    """The default receiver: the region's alarm topic, where CloudWatch's alarms go too.

    Source: https://prometheus.io/docs/alerting/latest/configuration/#sns_config
    """
    return {
        "snsConfigs": [
            {
                "topicARN": topic_arn,
                "sigv4": {"region": location},
                "sendResolved": True,
                "subject": '{{ .Status | toUpper }}: {{ .GroupLabels.SortedPairs.Values | join " " }}',
            }
        ]
    }


@dataclass(frozen=True, kw_only=True)
class SnsDeliveryArgs:
    """Whose Alertmanager may publish to which topic; ``kms_key_arn`` is the topic's own key, if any."""

    cluster_name: pulumi.Input[str]
    account: str
    location: str
    topic_arn: pulumi.Input[str]
    kms_key_arn: pulumi.Input[str] | None = None
    service_account: str = "kube-prometheus-stack-alertmanager"
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class SnsDelivery(pulumi.ComponentResource):
    """Alertmanager's right to publish to the alarm topic, and nothing else."""

    role_arn: pulumi.Output[str]

    def __init__(self, name: str, args: SnsDeliveryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("standfast:alerting:SnsDelivery", name, None, opts)
        statements: list[dict[str, Any]] = [
            {"Effect": "Allow", "Action": "sns:Publish", "Resource": args.topic_arn}
        ]
        if args.kms_key_arn is not None:
            statements.append(
                {
                    "Effect": "Allow",
                    "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                    "Resource": args.kms_key_arn,
                }
            )
        identity = PodIdentity(
            f"{name}-alertmanager",
            PodIdentityArgs(
                cluster_name=args.cluster_name,
                account=args.account,
                location=args.location,
                namespace=NAMESPACE,
                service_account=args.service_account,
                statements=statements,
                tags=args.tags,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.role_arn = identity.role_arn
        self.register_outputs({"role_arn": self.role_arn})
