"""What one region has on Google Cloud: the copy of the models, where it owns it. Imported only then."""

from __future__ import annotations

from datetime import UTC, datetime

import pulumi
import pulumi_gcp
from pulumi_gcp import storage

from components.inference.args import NAMESPACE, SERVICE
from components.model_buckets.copy_source_aws import CopySource, CopySourceArgs
from components.model_buckets.gcs import ModelCopy, ModelCopyArgs
from components.model_restore.args import JOB
from components.shared.tags import tags
from config import names
from config.platform import Purpose
from config.stores import Gcs
from region_aws import Ground


def build_copy(ground: Ground, gcs: Gcs) -> ModelCopy:
    """The copy of this region's own models, whose readers are its own pods and those of its joined peers.

    The bucket is looked for first: one that the project has already, made by another region's stack or by an
    ``up`` that was ended, is adopted.
    """
    settings, platform = ground.settings, ground.settings.platform
    bucket = names.gcs_bucket(platform.name, gcs.project)
    provider = pulumi_gcp.Provider("gcp", project=gcs.project)
    asked = pulumi.InvokeOptions(provider=provider)
    there = storage.get_buckets(project=gcs.project, prefix=bucket, opts=asked).buckets
    agent = storage.get_transfer_project_service_account(project=gcs.project, opts=asked)
    source = CopySource(
        "model-copy-source",
        CopySourceArgs(
            platform=platform.name,
            project=gcs.project,
            bucket=ground.buckets.names[Purpose.MODEL_REGISTRY],
            bucket_arn=ground.buckets.arns[Purpose.MODEL_REGISTRY],
            kms_key_arn=ground.buckets.kms_key_arn,
            location=settings.entry.location,
            account=platform.account,
            agent_subject=agent.subject_id,
            trigger=gcs.trigger,
            tags=tags(platform.name, settings.name, "model-copy"),
        ),
        pulumi.ResourceOptions(providers=[ground.provider]),
    )
    return ModelCopy(
        "model-copy",
        ModelCopyArgs(
            platform=platform.name,
            bucket=bucket,
            exists=any(known.name == bucket for known in there),
            gcs=gcs,
            region=settings.name,
            source=ground.buckets.names[Purpose.MODEL_REGISTRY],
            role_arn=source.role_arn,
            queue_arn=source.queue_arn,
            issuers={
                settings.name: ground.cluster.issuer,
                **{peer.region: issuer for peer in ground.peers if (issuer := peer.outputs.cluster.issuer)},
            },
            subjects=[f"system:serviceaccount:{NAMESPACE}:{account}" for account in (SERVICE, JOB)],
            agent=agent.member,
            today=datetime.now(UTC).date(),
        ),
        pulumi.ResourceOptions(providers=[provider]),
    )
