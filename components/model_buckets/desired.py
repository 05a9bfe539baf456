"""What each bucket keeps, and what replication promises: the same in every cloud."""

from __future__ import annotations

from dataclasses import dataclass

from config.platform import Purpose
from config.timings import REPLICATION_BITS_PER_SECOND, REPLICATION_MINUTES

RTC_BACKLOG_BYTES = REPLICATION_BITS_PER_SECOND // 8 * REPLICATION_MINUTES * 60
"""What can be moved in 15 minutes at that rate, 112.5 GB: a longer queue breaks the promise."""

INCOMPLETE_UPLOAD_DAYS = 7
"""Parts of an upload that nobody finished are billed until they are removed.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpu-abort-incomplete-mpu-lifecycle-config.html
"""


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How long what was replaced or deleted can be had back.

    Versions expire ``noncurrent_days`` days after they were replaced, the ``noncurrent_versions`` newest
    never. ``archive`` moves objects to the archive class that is read without waiting.
    """

    noncurrent_days: int
    noncurrent_versions: int = 0
    archive: bool = False


RETENTION: dict[Purpose, Retention] = {
    # A model that was replaced by a bad one is wanted back, also after a quiet quarter.
    Purpose.MODEL_REGISTRY: Retention(noncurrent_days=90, noncurrent_versions=3),
    # The archive class bills 90 days in any case, so that an earlier end saves nothing:
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
    Purpose.MODEL_REGISTRY_BACKUP: Retention(noncurrent_days=90, archive=True),
    # Velero deletes what has expired; that deletion can be taken back for as long as its daily backups live.
    Purpose.VELERO: Retention(noncurrent_days=30),
}


def rule_id(region: str) -> str:
    """The replication rule whose destination is ``region``: a peer knows it without asking."""
    return f"to-{region}"
