"""AWS's side of the copy: the role by which Storage Transfer reads, and the events that it listens to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
from pulumi_aws import iam, s3, sqs

from components.model_buckets import policies_gcs
from components.shared.iam_aws import rendered
from config.stores import Trigger

QUEUE_SECONDS = 14 * 24 * 3600
"""The longest that SQS keeps a message: an outage of Google loses no event.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html"""


@dataclass(frozen=True, kw_only=True)
class CopySourceArgs:
    """The owner's own bucket of models, its key, and where both are.

    ``agent_subject`` is the project's transfer agent as Google's identity of it says; ``platform`` and
    ``project`` are named in descriptions.
    """

    platform: str
    project: str
    bucket: pulumi.Input[str]
    bucket_arn: pulumi.Input[str]
    kms_key_arn: pulumi.Input[str]
    location: str
    account: str
    agent_subject: str
    trigger: Trigger
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class CopySource(pulumi.ComponentResource):
    """``role_arn`` is known once the role may do what it is for; ``queue_arn`` where events start a copy."""

    role_arn: pulumi.Output[str]
    queue_arn: pulumi.Output[str] | None

    def __init__(self, name: str, args: CopySourceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("standfast:model_buckets:CopySource", name, None, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self.queue_arn = self._queue() if args.trigger is Trigger.EVENTS else None
        self.role_arn = self._role()
        self.register_outputs({"role_arn": self.role_arn})

    def _queue(self) -> pulumi.Output[str]:
        """The events of the bucket; S3 tests the queue when it is told of it, so its policy is first."""
        args = self._args
        queue = sqs.Queue(
            f"{self._name}-queue",
            sqs_managed_sse_enabled=True,
            message_retention_seconds=QUEUE_SECONDS,
            tags=dict(args.tags),
            opts=self._child,
        )
        policy = sqs.QueuePolicy(
            f"{self._name}-queue-policy",
            queue_url=queue.url,
            policy=rendered(policies_gcs.queue_policy(queue.arn, args.bucket_arn, args.account)),
            opts=self._child,
        )
        s3.BucketNotification(
            f"{self._name}-notification",
            bucket=args.bucket,
            queues=[{"id": self._name, "queue_arn": queue.arn, "events": policies_gcs.EVENTS}],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        return queue.arn

    def _role(self) -> pulumi.Output[str]:
        args = self._args
        role = iam.Role(
            f"{self._name}-role",
            description=f"Storage Transfer of {args.project} reads the models of {args.platform}",
            assume_role_policy=rendered(policies_gcs.transfer_trust(args.agent_subject)),
            tags=dict(args.tags),
            opts=self._child,
        )
        statements = policies_gcs.source_statements(args.bucket_arn, args.location, args.kms_key_arn)
        if self.queue_arn is not None:
            statements.append(policies_gcs.listener_statement(self.queue_arn))
        grant = iam.RolePolicy(
            f"{self._name}-policy", role=role.name, policy=rendered(statements), opts=self._child
        )
        return pulumi.Output.all(role.arn, grant.id).apply(lambda known: str(known[0]))
