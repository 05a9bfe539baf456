"""A region's buckets on S3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi_aws import cloudwatch, iam, kms, s3

from components.model_buckets.desired import RETENTION
from components.model_buckets.policies_aws import (
    PeerStore,
    bucket_policy,
    check_peers,
    key_policy,
    replication_statements,
)
from components.model_buckets.settings_aws import Alarm, alarms, lifecycle, replication_rules
from components.shared.iam_aws import rendered, service_trust
from config.platform import Purpose


@dataclass(frozen=True, kw_only=True)
class ModelBucketsArgs:
    """A region's buckets by purpose, and the joined peers to which each of them is replicated.

    ``location`` is the region as AWS names it. ``alarm_topic_arn`` is a topic in that location.
    """

    platform: str
    region: str
    location: str
    account: str
    names: Mapping[Purpose, str]
    alarm_topic_arn: pulumi.Input[str]
    peers: Sequence[PeerStore] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class ModelBuckets(pulumi.ComponentResource):
    """The buckets, one key for all of them, and replication to the joined peers.

    The buckets, the key and every setting that guards what is in them are protected and retained: a destroyed
    stack leaves them as closed, as encrypted and as versioned as they were. Replication, its role and the
    alarms go with the stack.

    Raises ``ReplicationError`` for peers to which cannot be replicated.
    """

    arns: dict[Purpose, pulumi.Output[str]]
    names: dict[Purpose, pulumi.Output[str]]
    kms_key_arn: pulumi.Output[str]

    def __init__(self, name: str, args: ModelBucketsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("standfast:model_buckets:ModelBuckets", name, None, opts)
        check_peers(args.peers, args.region, args.account, list(args.names))
        self._name = name
        self._args = args
        self._kept = pulumi.ResourceOptions(parent=self, protect=True, retain_on_delete=True)
        key = self._key()
        self.kms_key_arn = key.arn
        self.arns = {}
        self.names = {}
        versioning: list[pulumi.Resource] = []
        for purpose, bucket_name in args.names.items():
            bucket = s3.Bucket(
                f"{name}-{purpose}",
                bucket=bucket_name,
                force_destroy=False,
                tags={**args.tags, "standfast.dev/purpose": str(purpose)},
                opts=self._kept,
            )
            versioning.append(self._guard(purpose, bucket, key))
            self.arns[purpose] = bucket.arn
            self.names[purpose] = bucket.bucket
        if args.peers:
            self._replicate(versioning)
        self.register_outputs({"kms_key_arn": self.kms_key_arn})

    def _key(self) -> kms.Key:
        key = kms.Key(
            f"{self._name}-key",
            description=f"Buckets of {self._args.platform} in {self._args.region}",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=rendered(key_policy(self._args.location, self._args.account)),
            tags=dict(self._args.tags),
            opts=self._kept,
        )
        kms.Alias(
            f"{self._name}-key-alias",
            name=f"alias/{self._args.platform}-{self._args.region}-buckets",
            target_key_id=key.key_id,
            opts=self._kept,
        )
        return key

    def _guard(self, purpose: Purpose, bucket: s3.Bucket, key: kms.Key) -> pulumi.Resource:
        """The settings of one bucket; the answer is the one that replication needs first."""
        child = f"{self._name}-{purpose}"
        s3.BucketOwnershipControls(
            f"{child}-ownership",
            bucket=bucket.bucket,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=self._kept,
        )
        closed = s3.BucketPublicAccessBlock(
            f"{child}-public-access",
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._kept,
        )
        s3.BucketServerSideEncryptionConfiguration(
            f"{child}-encryption",
            bucket=bucket.bucket,
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "aws:kms",
                        "kms_master_key_id": key.arn,
                    },
                    "bucket_key_enabled": True,
                }
            ],
            opts=self._kept,
        )
        s3.BucketPolicy(
            f"{child}-policy",
            bucket=bucket.bucket,
            policy=rendered(bucket_policy(self._args.names[purpose], self._args.account, key.arn)),
            # S3 answers OperationAborted when two of a bucket's settings are written at once.
            opts=pulumi.ResourceOptions.merge(self._kept, pulumi.ResourceOptions(depends_on=[closed])),
        )
        versioning = s3.BucketVersioning(
            f"{child}-versioning",
            bucket=bucket.bucket,
            versioning_configuration={"status": "Enabled"},
            opts=self._kept,
        )
        rules: list[Any] = lifecycle(RETENTION[purpose])
        s3.BucketLifecycleConfiguration(
            f"{child}-lifecycle",
            bucket=bucket.bucket,
            rules=rules,
            # Rules on noncurrent versions are read against the versioning that is there already.
            opts=pulumi.ResourceOptions.merge(self._kept, pulumi.ResourceOptions(depends_on=[versioning])),
        )
        return versioning

    def _replicate(self, versioning: Sequence[pulumi.Resource]) -> None:
        args = self._args
        # S3 takes no condition on the caller here; that only this account can hand the role to S3 is
        # iam:PassRole's doing.
        role = iam.Role(
            f"{self._name}-replication",
            description=f"S3 replication from {args.region}",
            assume_role_policy=rendered(service_trust("s3.amazonaws.com")),
            tags=dict(args.tags),
            opts=pulumi.ResourceOptions(parent=self),
        )
        grant = iam.RolePolicy(
            f"{self._name}-replication-policy",
            role=role.name,
            policy=rendered(
                replication_statements(list(args.names.values()), args.location, self.kms_key_arn, args.peers)
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        for purpose in args.names:
            rules: list[Any] = replication_rules(purpose, args.peers)
            s3.BucketReplicationConfig(
                f"{self._name}-{purpose}-replication",
                bucket=self.names[purpose],
                role=role.arn,
                rules=rules,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[*versioning, grant]),
            )
            for peer in args.peers:
                for alarm in alarms(purpose, args.names[purpose], args.region, peer):
                    self._alarm(f"{self._name}-{purpose}-{peer.region}-{alarm.key}", alarm)

    def _alarm(self, child: str, alarm: Alarm) -> None:
        cloudwatch.MetricAlarm(
            child,
            alarm_description=alarm.description,
            namespace="AWS/S3",
            metric_name=alarm.metric,
            dimensions=dict(alarm.dimensions),
            statistic=alarm.statistic,
            comparison_operator="GreaterThanThreshold",
            threshold=alarm.threshold,
            period=alarm.seconds,
            evaluation_periods=alarm.periods,
            datapoints_to_alarm=alarm.breaching,
            treat_missing_data=alarm.missing,
            alarm_actions=[self._args.alarm_topic_arn],
            ok_actions=[self._args.alarm_topic_arn],
            tags=dict(self._args.tags),
            opts=pulumi.ResourceOptions(parent=self),
        )
