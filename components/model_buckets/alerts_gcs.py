"""What Cloud Monitoring watches of the copy.

Storage Transfer's metrics are deltas, sampled once a minute and seen within three more.
Source: https://docs.cloud.google.com/storage-transfer/docs/monitor-transfer-jobs
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from config.budgets.copies import silence
from config.stores import Gcs, Replication
from config.timings import seconds
from config.types import duration_text

_COPIED = "storagetransfer.googleapis.com/transferjob/copied_objects_count"
_ERRORS = "storagetransfer.googleapis.com/transferjob/error_count"
_MISSED = "storage.googleapis.com/replication/missing_rpo_minutes_last_30d"

_CHANGES = ("UpdateTransferJob", "DeleteTransferJob", "PauseTransferOperation")


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One policy: what it says, the conditions of which one must hold, and how bad it is."""

    key: str
    title: str
    severity: str
    documentation: str
    conditions: Sequence[dict[str, Any]]
    strategy: dict[str, Any]


def alerts(gcs: Gcs, bucket: str, floor: str, jobs: Sequence[str]) -> list[Alert]:
    """The alerts of one copy; ``floor`` is the scheduled job's name, which is among ``jobs``."""
    found = [_age(gcs, bucket, floor), _failures(bucket, jobs), _changed(bucket)]
    if gcs.replication is Replication.TURBO:
        found.append(_replication(bucket))
    return found


def _age(gcs: Gcs, bucket: str, floor: str) -> Alert:
    """Each run counts every object that it copies or finds there already: no count, no run."""
    quiet = silence(gcs)
    return Alert(
        key="age",
        title=f"{bucket}: the copy is older than {duration_text(gcs.rpo)}",
        severity="CRITICAL",
        documentation=(
            f"No run of {floor} has looked at an object for {duration_text(quiet)}: it is disabled, deleted, "
            "cannot read the source, or hangs. A source without objects is never told of."
        ),
        conditions=[
            {
                "display_name": "no object was copied or found to be there",
                "condition_absent": {
                    "filter": f'{_of_jobs(_COPIED, [floor])} AND metric.labels.status != "failed"',
                    "duration": f"{seconds(quiet)}s",
                    "aggregations": [_summed("ALIGN_DELTA", 60)],
                },
            }
        ],
        strategy={"auto_close": "86400s"},
    )


def _failures(bucket: str, jobs: Sequence[str]) -> Alert:
    return Alert(
        key="failures",
        title=f"{bucket}: objects could not be copied",
        severity="ERROR",
        documentation="The job's log names the objects: resource.type=storage_transfer_job, severity>=ERROR.",
        conditions=[
            _above(
                "objects failed",
                f'{_of_jobs(_COPIED, jobs)} AND metric.labels.status = "failed"',
                "ALIGN_DELTA",
            ),
            _above("a run met errors", _of_jobs(_ERRORS, jobs), "ALIGN_DELTA"),
        ],
        strategy={"auto_close": "86400s"},
    )


def _changed(bucket: str) -> Alert:
    """No metric tells that a job is disabled; the audit log does, and it is always on.

    Source: https://docs.cloud.google.com/storage-transfer/docs/audit-logging
    """
    methods = " OR ".join(f'"google.storagetransfer.v1.StorageTransferService.{name}"' for name in _CHANGES)
    return Alert(
        key="changed",
        title=f"{bucket}: a transfer job was changed, disabled, paused or deleted",
        severity="WARNING",
        documentation="An `up` that changes the copy is told of, too. The entry says who it was.",
        conditions=[
            {
                "display_name": "a transfer job was changed",
                "condition_matched_log": {
                    "filter": (
                        'protoPayload.serviceName="storagetransfer.googleapis.com" '
                        f"AND protoPayload.methodName=({methods})"
                    )
                },
            }
        ],
        strategy={"auto_close": "86400s", "notification_rate_limit": {"period": "300s"}},
    )


def _replication(bucket: str) -> Alert:
    """Source: https://docs.cloud.google.com/storage/docs/managing-turbo-replication"""
    return Alert(
        key="replication",
        title=f"{bucket}: turbo replication missed its 15 minutes",
        severity="WARNING",
        documentation="Minutes of the last 30 days in which an object was not in both places in time.",
        conditions=[
            _above(
                "minutes were missed",
                f'resource.type = "gcs_bucket" AND resource.labels.bucket_name = "{bucket}" '
                f'AND metric.type = "{_MISSED}"',
                "ALIGN_MAX",
            )
        ],
        strategy={"auto_close": "86400s"},
    )


def _of_jobs(metric: str, jobs: Sequence[str]) -> str:
    """The label holds the job's name, whose prefix the documentation leaves open."""
    named = " OR ".join(f'resource.labels.job_id = ends_with("{job.rpartition("/")[2]}")' for job in jobs)
    return f'resource.type = "storage_transfer_job" AND metric.type = "{metric}" AND ({named})'


def _summed(aligner: str, period: int) -> dict[str, Any]:
    return {
        "alignment_period": f"{period}s",
        "per_series_aligner": aligner,
        "cross_series_reducer": "REDUCE_SUM",
    }


def _above(title: str, what: str, aligner: str) -> dict[str, Any]:
    return {
        "display_name": title,
        "condition_threshold": {
            "filter": what,
            "comparison": "COMPARISON_GT",
            "threshold_value": 0,
            "duration": "0s",
            "aggregations": [_summed(aligner, 300)],
        },
    }
