"""A region's alarm topics on SNS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
from pulumi_aws import kms, sns

from components.alarm_topics.policies_aws import (
    ROUTE53_LOCATION,
    key_policy,
    topic_locations,
    topic_name,
    topic_policy,
)
from components.shared.iam_aws import rendered


@dataclass(frozen=True, kw_only=True)
class AlarmTopicsArgs:
    """Whose alarms; ``location`` is the region as AWS names it."""

    platform: str
    region: str
    location: str
    account: str
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class AlarmTopics(pulumi.ComponentResource):
    """An encrypted topic beside the region's metrics, and one beside Route 53's: the same in us-east-1.

    People subscribe on their own account: an address in a program would be one that nobody may correct in
    an incident.
    """

    regional_arn: pulumi.Output[str]
    route53_arn: pulumi.Output[str]

    def __init__(self, name: str, args: AlarmTopicsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("standfast:alarm_topics:AlarmTopics", name, None, opts)
        self._name = name
        self._args = args
        arns = {location: self._topic(location) for location in topic_locations(args.location)}
        self.regional_arn = arns[args.location]
        self.route53_arn = arns[ROUTE53_LOCATION]
        self.register_outputs({"regional_arn": self.regional_arn, "route53_arn": self.route53_arn})

    def _topic(self, location: str) -> pulumi.Output[str]:
        args = self._args
        child = pulumi.ResourceOptions(parent=self)
        key = kms.Key(
            f"{self._name}-key-{location}",
            description=f"Alarms of {args.platform} in {args.region}",
            enable_key_rotation=True,
            deletion_window_in_days=7,
            policy=rendered(key_policy(location, args.account)),
            region=location,
            tags=dict(args.tags),
            opts=child,
        )
        topic = sns.Topic(
            f"{self._name}-{location}",
            name=topic_name(args.platform, args.region),
            kms_master_key_id=key.arn,
            region=location,
            tags=dict(args.tags),
            opts=child,
        )
        policy = sns.TopicPolicy(
            f"{self._name}-policy-{location}",
            arn=topic.arn,
            policy=rendered(topic_policy(topic.arn, location, args.account)),
            region=location,
            opts=child,
        )
        # An alarm that goes off before the policy is there is lost: give the ARN out only with it.
        return policy.arn
