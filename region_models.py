"""Where a region's pods read their models, and the copy of them that a region may own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pulumi

from components.inference.args import CopySource
from components.inference.component import Inference
from components.model_restore.args import ModelRestoreArgs
from components.model_restore.aws import ModelRestore
from components.peers.reader import Peer
from components.shared.tags import tags
from config import names
from config.platform import Purpose
from config.problems import ConfigError, Problem
from config.reading import REGION
from config.region import ReadsFrom
from config.settings import Settings
from region_aws import Ground


@dataclass(frozen=True, kw_only=True)
class Copy:
    """The copy on Google Cloud Storage as this region knows it; ``readers`` are audiences by region."""

    bucket: str
    readers: dict[str, pulumi.Output[str]] = field(default_factory=dict[str, pulumi.Output[str]])


def check_source(settings: Settings, peers: Sequence[Peer]) -> None:
    """Raise ``ConfigError`` for a source of which this stack does not know enough to read it."""
    reads_from, target = settings.region.reads_from, settings.entry.failover_to
    owner = settings.platform.copy_owner
    known = {peer.region: peer for peer in peers}
    if reads_from is ReadsFrom.PEER and target not in known:
        _refuse(settings, f"{target} has not come up; bring it up, or read from own or gcs")
    if reads_from is ReadsFrom.GCS and owner and owner != settings.name:
        peer = known.get(owner)
        if peer is None or settings.name not in peer.outputs.model_readers:
            _refuse(
                settings, f"{owner}, which owns the copy, does not know {settings.name} yet; `up` it first"
            )


def _refuse(settings: Settings, remedy: str) -> None:
    where = f"{settings.name}: {REGION}.readsFrom"
    raise ConfigError([Problem(where, repr(str(settings.region.reads_from)), remedy)])


def build_copy(ground: Ground) -> Copy | None:
    """The copy, made where this region owns it; None where the platform has none."""
    settings, platform = ground.settings, ground.settings.platform
    bucket = names.models_gcs_bucket(platform)
    if platform.gcs is None or bucket is None:
        return None
    if platform.copy_owner == settings.name:
        # Whoever has no copy needs nothing of Google, not even its SDK.
        import region_gcp  # noqa: PLC0415

        return Copy(bucket=bucket, readers=region_gcp.build_copy(ground, platform.gcs).readers)
    owners = [peer for peer in ground.peers if peer.region == platform.copy_owner]
    readers = {
        region: pulumi.Output.from_input(audience)
        for owner in owners
        for region, audience in owner.outputs.model_readers.items()
    }
    return Copy(bucket=bucket, readers=readers)


@dataclass(frozen=True, kw_only=True)
class Where:
    """What pods read: a bucket on S3 and where it is, or the copy."""

    reads_from: ReadsFrom
    bucket: pulumi.Input[str]
    location: str
    copy: CopySource | None


def source(ground: Ground, copy: Copy | None) -> Where:
    """The source that the stack file says."""
    settings, platform = ground.settings, ground.settings.platform
    reads_from, target = settings.region.reads_from, settings.entry.failover_to
    from_peer = reads_from is ReadsFrom.PEER
    from_copy = (
        CopySource(bucket=copy.bucket, audience=copy.readers[settings.name])
        if reads_from is ReadsFrom.GCS and copy is not None
        else None
    )
    return Where(
        reads_from=reads_from,
        bucket=names.bucket_of(platform, Purpose.MODEL_REGISTRY, target)
        if from_peer
        else ground.buckets.names[Purpose.MODEL_REGISTRY],
        location=platform.regions[target].location if from_peer else settings.entry.location,
        copy=from_copy,
    )


def build_restore(
    ground: Ground, copy: Copy | None, inference: Inference, opts: pulumi.ResourceOptions
) -> None:
    """The way back, where this region owns the copy: replication brings what is restored to the peers."""
    settings, platform = ground.settings, ground.settings.platform
    if copy is None or platform.copy_owner != settings.name:
        return
    ModelRestore(
        "model-restore",
        ModelRestoreArgs(
            location=settings.entry.location,
            account=platform.account,
            cluster_name=ground.cluster.name,
            copy_bucket=copy.bucket,
            audience=copy.readers[settings.name],
            bucket=ground.buckets.names[Purpose.MODEL_REGISTRY],
            bucket_arn=ground.buckets.arns[Purpose.MODEL_REGISTRY],
            kms_key_arn=ground.buckets.kms_key_arn,
            serving=[inference],
            tags=tags(platform.name, settings.name, "model-restore"),
        ),
        opts,
    )
