"""Lifecycle, replication rules and their alarms, as S3 and CloudWatch take them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.model_buckets.desired import (
    INCOMPLETE_UPLOAD_DAYS,
    RTC_BACKLOG_BYTES,
    Retention,
    rule_id,
)
from components.model_buckets.policies_aws import PeerStore
from config.platform import Purpose
from config.timings import REPLICATION_MINUTES

ARCHIVE_CLASS = "GLACIER_IR"
"""The lesson's storage class: an archive that is read in milliseconds."""

_ENABLED = {"status": "Enabled"}


def lifecycle(retention: Retention) -> list[dict[str, Any]]:
    """The rules of one bucket; each applies to the whole of it.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html
    """
    expiration: dict[str, Any] = {"noncurrent_days": retention.noncurrent_days}
    if retention.noncurrent_versions:
        expiration["newer_noncurrent_versions"] = retention.noncurrent_versions
    rules: list[dict[str, Any]] = [
        {"id": "expire-noncurrent", "noncurrent_version_expiration": expiration},
        {"id": "expire-delete-markers", "expiration": {"expired_object_delete_marker": True}},
        {
            "id": "abort-incomplete-uploads",
            "abort_incomplete_multipart_upload": {"days_after_initiation": INCOMPLETE_UPLOAD_DAYS},
        },
    ]
    if retention.archive:
        rules.append({"id": "archive", "transitions": [{"days": 0, "storage_class": ARCHIVE_CLASS}]})
    return [{**rule, **_ENABLED, "filter": {"prefix": ""}} for rule in rules]


def replication_rules(purpose: Purpose, peers: Sequence[PeerStore]) -> list[dict[str, Any]]:
    """One rule for each peer, to its bucket of the same purpose, of everything in the bucket.

    Two regions that both do so replicate both ways: S3 does not replicate a replica further, and replica
    modification sync carries changes of a replica's metadata back. Priorities are unique, as S3 demands.
    Replication Time Control needs metrics with the same number of minutes. Objects older than the rule are
    not replicated by it.
    Sources: https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-add-config.html,
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-for-metadata-changes.html,
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/delete-marker-replication.html
    """
    return [
        {
            "id": rule_id(peer.region),
            "priority": priority,
            **_ENABLED,
            "filter": {"prefix": ""},
            "delete_marker_replication": dict(_ENABLED),
            "source_selection_criteria": {
                "sse_kms_encrypted_objects": dict(_ENABLED),
                "replica_modifications": dict(_ENABLED),
            },
            "destination": {
                "bucket": peer.bucket_arns[purpose],
                "encryption_configuration": {"replica_kms_key_id": peer.kms_key_arn},
                "replication_time": {**_ENABLED, "time": {"minutes": REPLICATION_MINUTES}},
                "metrics": {**_ENABLED, "event_threshold": {"minutes": REPLICATION_MINUTES}},
            },
        }
        for priority, peer in enumerate(sorted(peers, key=lambda peer: peer.region), start=1)
    ]


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """An alarm on one metric of one replication rule, in the region that publishes the metric.

    It goes off when ``metric`` is above ``threshold`` in ``breaching`` of the last ``periods`` periods of
    ``seconds`` seconds. ``missing`` is CloudWatch's word for what a period without data means.
    """

    key: str
    description: str
    metric: str
    statistic: str
    threshold: int
    missing: str
    dimensions: Mapping[str, pulumi.Input[str]]
    seconds: int = 60
    periods: int = 5
    breaching: int = 3


def alarms(purpose: Purpose, bucket: str, region: str, peer: PeerStore) -> list[Alarm]:
    """The alarms of this region for what ``peer`` sends to ``bucket`` and for what goes from it to ``peer``.

    S3 publishes latency and backlog in the region of the destination, failures in that of the source: so a
    region that lost its peer still has the alarms that tell how far behind its copy is. The backlog is
    published even when nothing is replicated, so that its absence means that the peer does not replicate to
    this region (yet, or any more) and sets the alarm off; latency and failures come only with traffic.
    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/repl-metrics.html
    """
    peer_bucket = pulumi.Output.from_input(peer.bucket_arns[purpose]).apply(_bucket_name)
    incoming = {"SourceBucket": peer_bucket, "DestinationBucket": bucket, "RuleId": rule_id(region)}
    outgoing = {"SourceBucket": bucket, "DestinationBucket": peer_bucket, "RuleId": rule_id(peer.region)}
    return [
        Alarm(
            key="latency",
            description=(
                f"{purpose} from {peer.region} is more than {REPLICATION_MINUTES} minutes behind in {region}"
            ),
            metric="ReplicationLatency",
            statistic="Maximum",
            threshold=REPLICATION_MINUTES * 60,
            missing="notBreaching",
            dimensions=incoming,
        ),
        Alarm(
            key="backlog",
            description=(
                f"{purpose} from {peer.region} waits with more than can be sent in "
                f"{REPLICATION_MINUTES} minutes, or {peer.region} does not replicate to {region}"
            ),
            metric="BytesPendingReplication",
            statistic="Maximum",
            threshold=RTC_BACKLOG_BYTES,
            missing="breaching",
            dimensions=incoming,
            # Metrics begin 15 minutes after a rule, and their delivery is best effort.
            seconds=300,
            periods=4,
            breaching=4,
        ),
        Alarm(
            key="failures",
            description=f"{purpose}: objects could not be replicated from {region} to {peer.region}",
            metric="OperationsFailedReplication",
            statistic="Sum",
            threshold=0,
            missing="notBreaching",
            dimensions=outgoing,
            periods=1,
            breaching=1,
        ),
    ]


def _bucket_name(bucket_arn: str) -> str:
    return bucket_arn.rpartition(":")[2]
