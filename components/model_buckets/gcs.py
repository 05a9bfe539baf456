"""The copy of a platform's models on Google Cloud Storage, and what fills, reads and watches it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pulumi
from pulumi_gcp import iam, monitoring, pubsub, storage

from components.model_buckets import alerts_gcs, policies_gcs, settings_gcs
from config.stores import Gcs


@dataclass(frozen=True, kw_only=True)
class ModelCopyArgs:
    """One copy.

    ``bucket`` is its name. ``exists`` says that the project has it already: it is adopted, not made.
    ``issuers`` are the clusters whose pods may read it, by region, and ``subjects`` those of their service
    accounts that may (``system:serviceaccount:<namespace>:<name>``). ``agent`` is the project's transfer
    agent as IAM names it. ``source`` is the bucket on S3, read by the role ``role_arn``; ``queue_arn`` is
    that of its events, where they start a copy. ``region`` owns the copy, ``today`` is in UTC.
    """

    platform: str
    bucket: str
    exists: bool
    gcs: Gcs
    region: str
    source: pulumi.Input[str]
    role_arn: pulumi.Input[str]
    queue_arn: pulumi.Input[str] | None
    issuers: Mapping[str, pulumi.Input[str]]
    subjects: Sequence[str]
    agent: str
    today: date


class ModelCopy(pulumi.ComponentResource):
    """The bucket, the jobs that fill it, its readers' identities, and its alerts.

    The bucket is retained and not protected: a protected one could not leave a program, and the owner's stack
    lets it go when another region takes the copy over. The engine never deletes it, nor what lets Storage
    Transfer write to it. All else goes with the stack that made it.

    ``readers`` has for each region the audience under which its pods' tokens are known to Google.
    """

    readers: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: ModelCopyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("standfast:model_buckets:ModelCopy", name, None, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        bucket = self._bucket()
        # The next owner needs the very same grants: an owner that lets go must not take them away.
        kept = pulumi.ResourceOptions(parent=self, retain_on_delete=True)
        granted = [
            self._member(bucket, key, role, args.agent, kept)
            for key, role in (("writer", policies_gcs.WRITER), ("comparer", policies_gcs.COMPARER))
        ]
        jobs = self._jobs(bucket, granted)
        pool = self._readers(bucket, jobs[0])
        self._alerts(jobs, pool)
        self.register_outputs({"readers": self.readers})

    def _bucket(self) -> storage.Bucket:
        args = self._args
        settings: dict[str, Any] = settings_gcs.bucket(args.bucket, args.platform, args.gcs)
        return storage.Bucket(
            f"{self._name}-bucket",
            **settings,
            opts=pulumi.ResourceOptions(
                parent=self, retain_on_delete=True, import_=args.bucket if args.exists else None
            ),
        )

    def _member(
        self,
        bucket: storage.Bucket,
        key: str,
        role: str,
        member: pulumi.Input[str],
        opts: pulumi.ResourceOptions,
    ) -> storage.BucketIAMMember:
        return storage.BucketIAMMember(
            f"{self._name}-{key}", bucket=bucket.name, role=role, member=member, opts=opts
        )

    def _jobs(self, bucket: storage.Bucket, granted: Sequence[pulumi.Resource]) -> list[storage.TransferJob]:
        """The scheduled job, and one for events: a job that listens has no schedule.

        Source: https://docs.cloud.google.com/storage-transfer/docs/reference/rest/v1/transferJobs
        """
        args = self._args
        spec: Any = settings_gcs.transfer(args.source, args.role_arn, bucket.name)
        schedule: Any = settings_gcs.schedule(args.gcs, args.today)
        logged: Any = settings_gcs.LOGGED
        jobs = [
            storage.TransferJob(
                f"{self._name}-floor",
                description=f"{args.bucket}: everything that is not there, by the clock",
                project=args.gcs.project,
                status="ENABLED",
                schedule=schedule,
                transfer_spec=spec,
                logging_config=logged,
                opts=pulumi.ResourceOptions(
                    parent=self, depends_on=granted, ignore_changes=["schedule.scheduleStartDate"]
                ),
            )
        ]
        if args.queue_arn is not None:
            jobs.append(
                storage.TransferJob(
                    f"{self._name}-events",
                    description=f"{args.bucket}: each object as it comes",
                    project=args.gcs.project,
                    status="ENABLED",
                    event_stream={"name": args.queue_arn},
                    transfer_spec=spec,
                    logging_config=logged,
                    opts=pulumi.ResourceOptions(parent=self, depends_on=granted),
                )
            )
        return jobs

    def _readers(self, bucket: storage.Bucket, job: storage.TransferJob) -> iam.WorkloadIdentityPool:
        """Pods read by the identity that their own cluster gives them.

        Source: https://docs.cloud.google.com/iam/docs/workload-identity-federation-with-kubernetes
        """
        args = self._args
        pool = iam.WorkloadIdentityPool(
            f"{self._name}-readers",
            project=args.gcs.project,
            workload_identity_pool_id=job.name.apply(lambda name: policies_gcs.pool_id(args.platform, name)),
            display_name=f"{args.platform} models",
            description=f"Pods that read {args.bucket}",
            opts=self._child,
        )
        self.readers = {}
        for region, issuer in args.issuers.items():
            provider = iam.WorkloadIdentityPoolProvider(
                f"{self._name}-readers-{region}",
                project=args.gcs.project,
                workload_identity_pool_id=pool.workload_identity_pool_id,
                workload_identity_pool_provider_id=policies_gcs.provider_id(region),
                oidc={"issuer_uri": issuer},
                attribute_mapping={"google.subject": "assertion.sub"},
                attribute_condition=settings_gcs.reader_condition(args.subjects),
                opts=self._child,
            )
            self.readers[region] = pulumi.Output.concat("//iam.googleapis.com/", provider.name)
        for subject in args.subjects:
            account = subject.rpartition(":")[2]
            member = pool.name.apply(lambda name, subject=subject: policies_gcs.principal(name, subject))
            self._member(bucket, f"reader-{account}", policies_gcs.READER, member, self._child)
        return pool

    def _alerts(self, jobs: Sequence[storage.TransferJob], pool: iam.WorkloadIdentityPool) -> None:
        """Alerts go to a topic, and people subscribe on their own account, as they do at AWS."""
        args, name = self._args, self._name
        topic = pubsub.Topic(
            f"{name}-alarms",
            name=f"{args.platform}-model-copy-alarms-{args.region}",
            project=args.gcs.project,
            labels={"standfast-platform": args.platform, "managed-by": "pulumi"},
            opts=self._child,
        )
        channel = monitoring.NotificationChannel(
            f"{name}-alarms-channel",
            project=args.gcs.project,
            display_name=f"{args.platform}: the copy of models",
            type="pubsub",
            labels={"topic": topic.id},
            opts=self._child,
        )
        # Google makes the account that publishes with the first channel of this kind.
        pubsub.TopicIAMMember(
            f"{name}-alarms-publisher",
            project=args.gcs.project,
            topic=topic.name,
            role="roles/pubsub.publisher",
            member=pool.name.apply(lambda pool: policies_gcs.notifier(policies_gcs.project_number(pool))),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[channel]),
        )
        named = pulumi.Output.all(*(job.name for job in jobs))
        # Which alerts there are does not hang on the jobs' names, only what they say does.
        for place, known in enumerate(alerts_gcs.alerts(args.gcs, args.bucket, "", [""])):
            told = named.apply(
                lambda names, place=place: alerts_gcs.alerts(args.gcs, args.bucket, names[0], names)[place]
            )
            conditions: Any = told.apply(lambda alert: list(alert.conditions))
            monitoring.AlertPolicy(
                f"{name}-{known.key}",
                project=args.gcs.project,
                display_name=known.title,
                combiner="OR",
                severity=known.severity,
                conditions=conditions,
                notification_channels=[channel.id],
                documentation={
                    "content": told.apply(lambda alert: alert.documentation),
                    "mime_type": "text/markdown",
                },
                alert_strategy=known.strategy,  # pyright: ignore[reportArgumentType]
                user_labels={"standfast-platform": args.platform},
                opts=self._child,
            )
