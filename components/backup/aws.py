"""A region's backups on AWS."""

from __future__ import annotations

import pulumi

from components.backup import desired, registry, store_aws
from components.backup.args import BackupArgs
from components.shared.identity_aws import PodIdentity, PodIdentityArgs
from components.shared.manifests import register
from config.budgets.rpo import replication_time


class Backup(pulumi.ComponentResource):
    """Velero's storage locations and schedules, and the CronJob that copies the model registry.

    Raises ``BackupError`` for intervals that cannot keep the RPO.
    """

    def __init__(self, name: str, args: BackupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("standfast:backup:Backup", name, None, opts)
        self._name = name
        self._args = args
        # Both first: what cannot be kept is refused before anything is registered.
        schedules = desired.schedules(args.rpo, args.interval, args.slot)
        copier = store_aws.copier(args)
        job = registry.cron_job(
            copier, args.rpo, args.registry_interval, args.slot, replication_time(args.model_size)
        )
        self._cluster_state(schedules)
        self._registry(job, registry.network_policy(copier.egress))
        self.register_outputs({})

    def _cluster_state(self, schedules: dict[str, desired.Manifest]) -> None:
        args = self._args
        velero = pulumi.ResourceOptions(parent=self, depends_on=list(args.velero))
        manifest = store_aws.snapshot_class()
        # The kind keeps its fields beside metadata, which the SDK's class for custom resources cannot say.
        snapshots = pulumi.CustomResource(
            f"kubernetes:{manifest['apiVersion']}:{manifest['kind']}",
            f"{self._name}-snapshots",
            manifest,
            velero,
        )
        locations = {
            key: register(f"{self._name}-location-{key}", location, velero)
            for key, location in desired.storage_locations(
                args.region,
                args.peers,
                args.velero_bucket,
                store_aws.PROVIDER,
                store_aws.location_config(args.location),
            ).items()
        }
        ready = pulumi.ResourceOptions(
            parent=self, depends_on=[locations[desired.DEFAULT_LOCATION], snapshots]
        )
        for key, schedule in schedules.items():
            register(f"{self._name}-{key}", schedule, ready)

    def _registry(self, job: desired.Manifest, policy: desired.Manifest) -> None:
        args = self._args
        serving = pulumi.ResourceOptions(parent=self, depends_on=list(args.serving))
        account = register(f"{self._name}-registry-account", registry.service_account(), serving)
        shut = register(f"{self._name}-registry-network", policy, serving)
        identity = PodIdentity(
            f"{self._name}-registry",
            PodIdentityArgs(
                cluster_name=args.cluster_name,
                account=args.account,
                location=args.location,
                namespace=registry.NAMESPACE,
                service_account=registry.JOB,
                statements=store_aws.copy_statements(args),
                tags=args.tags,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        register(
            f"{self._name}-registry-job",
            job,
            pulumi.ResourceOptions(parent=self, depends_on=[account, shut, identity, *args.serving]),
        )
