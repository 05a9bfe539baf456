"""What the backups of a region are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pulumi


@dataclass(frozen=True, kw_only=True)
class BackupArgs:
    """Where a region's backups go, and how often.

    The buckets are this region's own; what joined ``peers`` wrote into theirs is in them by replication.
    ``slot`` keeps this region's schedules apart from its peers' (see ``desired.slots``). ``velero`` is what
    brings Velero and its kinds, ``serving`` what brings the namespace of the registry's copy.
    ``model_size`` is bytes: so much of the registry may be new at once.
    """

    region: str
    location: str
    account: str
    cluster_name: pulumi.Input[str]
    peers: Sequence[str]
    velero_bucket: pulumi.Input[str]
    registry_bucket: pulumi.Input[str]
    registry_backup_bucket: pulumi.Input[str]
    kms_key_arn: pulumi.Input[str]
    rpo: timedelta
    interval: timedelta
    registry_interval: timedelta
    model_size: int
    slot: int = 0
    velero: Sequence[pulumi.Resource] = ()
    serving: Sequence[pulumi.Resource] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
