"""The copy's bucket and the jobs that fill it, as GCS and Storage Transfer take them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pulumi

from components.model_buckets.desired import INCOMPLETE_UPLOAD_DAYS, RETENTION
from config.platform import Purpose
from config.stores import Gcs, Replication
from config.timings import seconds


def bucket(name: str, platform: str, gcs: Gcs) -> dict[str, Any]:
    """Every setting of the bucket; nothing in it tells which region owns it.

    A region that takes the copy over adopts the bucket, for which what it wants must be what is there.
    There is no retention policy: it would keep a model from being replaced, and GCS has none beside versions.
    Soft delete keeps what anyone deletes, versions too, for as long.
    Sources: https://docs.cloud.google.com/storage/docs/bucket-lock,
    https://docs.cloud.google.com/storage/docs/soft-delete,
    https://docs.cloud.google.com/storage/docs/managing-turbo-replication
    """
    settings: dict[str, Any] = {
        "name": name,
        "project": gcs.project,
        "location": gcs.location.upper(),
        "storage_class": "STANDARD",
        "uniform_bucket_level_access": True,
        "public_access_prevention": "enforced",
        "versioning": {"enabled": True},
        "soft_delete_policy": {"retention_duration_seconds": seconds(gcs.retention)},
        "lifecycle_rules": lifecycle(gcs),
        "labels": {
            "standfast-platform": platform,
            "standfast-purpose": str(Purpose.MODEL_REGISTRY),
            "managed-by": "pulumi",
        },
    }
    if gcs.geo_redundant:
        settings["rpo"] = "ASYNC_TURBO" if gcs.replication is Replication.TURBO else "DEFAULT"
    if gcs.kms_key is not None:
        settings["encryption"] = {"default_kms_key_name": gcs.kms_key}
    return settings


def lifecycle(gcs: Gcs) -> list[dict[str, Any]]:
    """The rules of S3's bucket of the same purpose, in GCS's words.

    GCS counts the live version among the newer ones, S3 does not.
    Source: https://docs.cloud.google.com/storage/docs/lifecycle
    """
    kept = RETENTION[Purpose.MODEL_REGISTRY].noncurrent_versions
    return [
        {
            "action": {"type": "Delete"},
            "condition": {
                "days_since_noncurrent_time": gcs.retention.days,
                "num_newer_versions": kept + 1,
                "with_state": "ARCHIVED",
            },
        },
        {
            "action": {"type": "AbortIncompleteMultipartUpload"},
            "condition": {"age": INCOMPLETE_UPLOAD_DAYS},
        },
    ]


def schedule(gcs: Gcs, today: date) -> dict[str, Any]:
    """From the day of the job's making on, at once: a day that has passed would begin on the next.

    Source: https://docs.cloud.google.com/storage-transfer/docs/reference/rest/v1/transferJobs#Schedule
    """
    return {
        "schedule_start_date": {"year": today.year, "month": today.month, "day": today.day},
        "repeat_interval": f"{seconds(gcs.interval)}s",
    }


def transfer(
    source: pulumi.Input[str], role_arn: pulumi.Input[str], sink: pulumi.Input[str]
) -> dict[str, Any]:
    """What a job moves: all of the source as it is now, what differs and nothing else; it deletes nowhere.

    S3's time of an object is kept as the copy's custom time, which tells how old the copy is.
    Source: https://docs.cloud.google.com/storage-transfer/docs/reference/rest/v1/TransferSpec
    """
    return {
        "aws_s3_data_source": {"bucket_name": source, "role_arn": role_arn},
        "gcs_data_sink": {"bucket_name": sink},
        "transfer_options": {
            "overwrite_when": "DIFFERENT",
            "delete_objects_unique_in_sink": False,
            "delete_objects_from_source_after_transfer": False,
            "metadata_options": {
                "storage_class": "STORAGE_CLASS_DESTINATION_BUCKET_DEFAULT",
                "time_created": "TIME_CREATED_PRESERVE_AS_CUSTOM_TIME",
            },
        },
    }


LOGGED = {"log_actions": ["FIND", "COPY"], "log_action_states": ["FAILED"]}
"""The metrics count failed objects, the log names them.

Source: https://docs.cloud.google.com/storage-transfer/docs/cloud-logging
"""


def reader_condition(subjects: Sequence[str]) -> str:
    """Which of a cluster's service accounts may have an identity with Google at all; a CEL expression."""
    listed = ", ".join(f"'{subject}'" for subject in subjects)
    return f"assertion.sub in [{listed}]"
