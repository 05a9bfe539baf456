"""What the upper floors of a region have on AWS: names, the way of alerts, and backups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from components.addons.component import Addons
from components.alerting.args import Probe
from components.alerting.aws import SnsDelivery, SnsDeliveryArgs, model_storage_probe, sns_receiver
from components.alerting.replication_aws import ReplicationWatch, ReplicationWatchArgs, Stream
from components.backup.args import BackupArgs
from components.backup.aws import Backup
from components.backup.desired import slots
from components.global_dns.aws import GlobalDns, GlobalDnsArgs
from components.inference.component import Inference
from components.model_buckets.desired import rule_id
from components.shared.tags import tags
from config import names
from config.platform import Platform, Purpose
from region_aws import Ground


def build_dns(ground: Ground, hostname: pulumi.Input[str]) -> GlobalDns:
    """The region's records, which point at ``hostname``: the load balancer of its gateway."""
    settings = ground.settings
    platform, name = settings.platform, settings.name
    return GlobalDns(
        "global-dns",
        GlobalDnsArgs(
            zone_id=ground.zone_id,
            entry_fqdn=names.entry_fqdn(platform),
            region_fqdn=names.region_fqdn(platform, name),
            dr_fqdn=settings.dr_fqdn,
            region=name,
            location=settings.entry.location,
            hostname=hostname,
            alarm_topic_arn=ground.topics.route53_arn,
            tags=tags(platform.name, name, "global-dns"),
        ),
        pulumi.ResourceOptions(providers=[ground.provider]),
    )


@dataclass(frozen=True, kw_only=True)
class Reach:
    """How alerts get out and what they look at; ``first`` must stand before the alerting does."""

    receiver: Mapping[str, Any]
    model_storage: Probe
    first: list[pulumi.Resource]


def build_reach(ground: Ground, opts: pulumi.ResourceOptions) -> Reach:
    """Alertmanager's way to the alarm topic, and the watch over replication to and from the joined peers."""
    settings, peers = ground.settings, ground.peers
    platform, name, location = settings.platform, settings.name, settings.entry.location
    topic = ground.topics.regional_arn
    delivery = SnsDelivery(
        "alert-delivery",
        SnsDeliveryArgs(
            cluster_name=ground.cluster.name,
            account=platform.account,
            location=location,
            topic_arn=topic,
            tags=tags(platform.name, name, "alerting"),
        ),
        opts,
    )
    streams = [stream for peer in peers for stream in _streams(platform, name, peer.region)]
    if streams:
        ReplicationWatch(
            "replication-watch",
            ReplicationWatchArgs(
                cluster_name=ground.cluster.name,
                account=platform.account,
                location=location,
                streams=streams,
                tags=tags(platform.name, name, "alerting"),
            ),
            opts,
        )
    return Reach(
        receiver=sns_receiver(topic, location),
        model_storage=model_storage_probe(ground.buckets.names[Purpose.MODEL_REGISTRY], location),
        first=[delivery],
    )


def _streams(platform: Platform, region: str, peer: str) -> list[Stream]:
    """The replication of models from ``region`` to ``peer`` and back."""
    return [
        Stream(
            source=names.bucket_of(platform, Purpose.MODEL_REGISTRY, source),
            destination=names.bucket_of(platform, Purpose.MODEL_REGISTRY, target),
            rule=rule_id(target),
            location=platform.regions[target].location,
        )
        for source, target in ((region, peer), (peer, region))
    ]


def build_backup(ground: Ground, addons: Addons, inference: Inference, opts: pulumi.ResourceOptions) -> None:
    """Copies of the cluster's state and of the model registry, in the region's own buckets."""
    settings, peers = ground.settings, ground.peers
    platform, name = settings.platform, settings.name
    targets = {region: entry.failover_to for region, entry in platform.regions.items()}
    Backup(
        "backup",
        BackupArgs(
            region=name,
            location=settings.entry.location,
            account=platform.account,
            cluster_name=ground.cluster.name,
            peers=[peer.region for peer in peers],
            velero_bucket=ground.buckets.names[Purpose.VELERO],
            registry_bucket=ground.buckets.names[Purpose.MODEL_REGISTRY],
            registry_backup_bucket=ground.buckets.names[Purpose.MODEL_REGISTRY_BACKUP],
            kms_key_arn=ground.buckets.kms_key_arn,
            rpo=platform.objectives.rpo,
            interval=platform.backup.interval,
            registry_interval=platform.backup.registry_interval,
            model_size=platform.models.size,
            slot=slots(targets, platform.primary)[name],
            velero=[addons.releases["velero"]],
            serving=[inference],
            tags=tags(platform.name, name, "backup"),
        ),
        opts,
    )
