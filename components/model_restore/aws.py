"""The way back into a region on AWS."""

from __future__ import annotations

import pulumi

from components.model_restore import desired
from components.model_restore.args import JOB, NAMESPACE, ModelRestoreArgs
from components.model_restore.policies_aws import write_statements
from components.shared import google
from components.shared.identity_aws import PodIdentity, PodIdentityArgs
from components.shared.manifests import register


class ModelRestore(pulumi.ComponentResource):
    """``model-restore``: a suspended CronJob that brings what is gone from S3 back from the copy."""

    def __init__(self, name: str, args: ModelRestoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("standfast:model_restore:ModelRestore", name, None, opts)
        serving = pulumi.ResourceOptions(parent=self, depends_on=list(args.serving))
        around = [
            register(f"{name}-script", desired.config_map(), serving),
            register(f"{name}-account", desired.service_account(), serving),
            register(f"{name}-network", desired.network_policy(), serving),
        ]
        identity = PodIdentity(
            f"{name}-writer",
            PodIdentityArgs(
                cluster_name=args.cluster_name,
                account=args.account,
                location=args.location,
                namespace=NAMESPACE,
                service_account=JOB,
                statements=write_statements(args),
                tags=args.tags,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        register(
            f"{name}-job",
            desired.cron_job(args, pulumi.Output.from_input(args.audience).apply(google.credentials)),
            pulumi.ResourceOptions(parent=self, depends_on=[*around, identity, *args.serving]),
        )
        self.register_outputs({})
