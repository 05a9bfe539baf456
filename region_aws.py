"""The ground floor of a region on AWS: everything below Kubernetes, and what the floors above need of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws
from pulumi_aws import route53

from components.addons.component import Addons
from components.alarm_topics.aws import AlarmTopics, AlarmTopicsArgs
from components.alerting.args import Probe
from components.alerting.aws import SnsDelivery, SnsDeliveryArgs, model_storage_probe, sns_receiver
from components.alerting.replication_aws import ReplicationWatch, ReplicationWatchArgs, Stream
from components.backup.args import BackupArgs
from components.backup.aws import Backup
from components.backup.desired import slots
from components.cluster.args import ClusterArgs, ModelStore
from components.cluster.aws import Cluster
from components.global_dns.aws import Certificate, CertificateArgs, GlobalDns, GlobalDnsArgs
from components.gpu_node_pools.aws import GpuNodePools, GpuNodePoolsArgs
from components.inference.component import Inference
from components.model_buckets.aws import ModelBuckets, ModelBucketsArgs
from components.model_buckets.desired import rule_id
from components.model_buckets.policies_aws import PeerStore
from components.network.aws import Network, NetworkArgs
from components.peers.reader import Peer
from components.shared.tags import tags
from config import names
from config.platform import Platform, Purpose
from config.region import ReadsFrom
from config.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What stands on AWS when the first Kubernetes object is made, and for whom."""

    settings: Settings
    peers: Sequence[Peer]
    provider: pulumi_aws.Provider
    network: Network
    cluster: Cluster
    node_pools: GpuNodePools
    buckets: ModelBuckets
    topics: AlarmTopics
    certificate: Certificate
    zone_id: str


def build_ground(settings: Settings, peers: Sequence[Peer]) -> Ground:
    """Network, cluster, nodes, buckets and certificate of the region, in its location and account."""
    platform, name, entry = settings.platform, settings.name, settings.entry
    provider = pulumi_aws.Provider("aws", region=entry.location, allowed_account_ids=[platform.account])
    child = pulumi.ResourceOptions(providers=[provider])
    zone = route53.get_zone(name=platform.hosted_zone, opts=pulumi.InvokeOptions(provider=provider))
    topics = AlarmTopics(
        "alarm-topics",
        AlarmTopicsArgs(
            platform=platform.name,
            region=name,
            location=entry.location,
            account=platform.account,
            tags=tags(platform.name, name, "alarm-topics"),
        ),
        child,
    )
    buckets = _buckets(settings, peers, topics, child)
    network = Network(
        "network",
        NetworkArgs(
            cidr=entry.cidr,
            zones=settings.region.zones,
            location=entry.location,
            account=platform.account,
            cluster_name=names.cluster(platform, name),
            buckets=[names.bucket_of(platform, purpose, name) for purpose in Purpose],
            tags=tags(platform.name, name, "network"),
        ),
        child,
    )
    cluster = _cluster(settings, peers, network, buckets, child)
    return Ground(
        settings=settings,
        peers=peers,
        provider=provider,
        network=network,
        cluster=cluster,
        node_pools=GpuNodePools(
            "gpu-node-pools",
            GpuNodePoolsArgs(
                cluster_name=cluster.name,
                kubernetes_version=settings.region.kubernetes_version,
                node_role_arn=cluster.node_role_arn,
                private_subnet_ids=network.private_subnet_ids,
                pools=settings.region.gpu_pools,
                model_size=platform.models.size,
                tags=tags(platform.name, name, "gpu-node-pools"),
            ),
            child,
        ),
        buckets=buckets,
        topics=topics,
        certificate=Certificate(
            "certificate",
            CertificateArgs(
                domains=_domains(settings),
                zone_id=zone.zone_id,
                region=name,
                tags=tags(platform.name, name, "global-dns"),
            ),
            child,
        ),
        zone_id=zone.zone_id,
    )


def _domains(settings: Settings) -> list[str]:
    """The names for which the region's gateway answers: the region's own first, since it is never shared."""
    own = names.region_fqdn(settings.platform, settings.name)
    return [own, names.entry_fqdn(settings.platform), names.dr_fqdn(settings.platform)]


def _buckets(
    settings: Settings, peers: Sequence[Peer], topics: AlarmTopics, child: pulumi.ResourceOptions
) -> ModelBuckets:
    platform, name = settings.platform, settings.name
    return ModelBuckets(
        "model-buckets",
        ModelBucketsArgs(
            platform=platform.name,
            region=name,
            location=settings.entry.location,
            account=platform.account,
            names={purpose: names.bucket_of(platform, purpose, name) for purpose in Purpose},
            alarm_topic_arn=topics.regional_arn,
            peers=[
                PeerStore(
                    region=peer.region,
                    location=platform.regions[peer.region].location,
                    account=platform.account,
                    bucket_arns={purpose: bucket.arn for purpose, bucket in peer.outputs.buckets.items()},
                    kms_key_arn=peer.outputs.bucket_key_arn,
                )
                for peer in peers
            ],
            tags=tags(platform.name, name, "model-buckets"),
        ),
        child,
    )


def _cluster(
    settings: Settings,
    peers: Sequence[Peer],
    network: Network,
    buckets: ModelBuckets,
    child: pulumi.ResourceOptions,
) -> Cluster:
    platform, name, region = settings.platform, settings.name, settings.region
    # A peer's istiod reads this region's endpoints through the public endpoint, from its own NAT addresses.
    access = [str(network) for network in region.api_access]
    access += [f"{address}/32" for peer in peers for address in peer.outputs.nat_ips]
    return Cluster(
        "cluster",
        ClusterArgs(
            cluster_name=names.cluster(platform, name),
            location=settings.entry.location,
            account=platform.account,
            version=region.kubernetes_version,
            private_subnet_ids=network.private_subnet_ids,
            api_access=access,
            admins=region.admins,
            system_nodes=region.system_nodes,
            protection=region.cluster_protection,
            models=_models(settings, peers, buckets),
            tags=tags(platform.name, name, "cluster"),
        ),
        child,
    )


def _models(settings: Settings, peers: Sequence[Peer], buckets: ModelBuckets) -> list[ModelStore]:
    """What pods may mount: the region's own models, which pods read until the last of them has moved."""
    own = ModelStore(bucket_arn=buckets.arns[Purpose.MODEL_REGISTRY], key_arn=buckets.kms_key_arn)
    if settings.region.reads_from is not ReadsFrom.PEER:
        return [own]
    return [
        own,
        *(
            ModelStore(
                bucket_arn=peer.outputs.buckets[Purpose.MODEL_REGISTRY].arn,
                key_arn=peer.outputs.bucket_key_arn,
            )
            for peer in peers
            if peer.region == settings.entry.failover_to
        ),
    ]


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


def exported(ground: Ground) -> dict[str, pulumi.Input[object]]:
    """The outputs of the ground floor, for peers (see ``components.peers.outputs``) and for people."""
    cluster, buckets = ground.cluster, ground.buckets
    return {
        "cluster": {
            "name": cluster.name,
            "endpoint": cluster.endpoint,
            "ca": cluster.ca_data,
            "born": cluster.born,
            "issuer": cluster.issuer,
        },
        "buckets": {
            str(purpose): {"name": buckets.names[purpose], "arn": buckets.arns[purpose]}
            for purpose in Purpose
        },
        "bucketKeyArn": buckets.kms_key_arn,
        "natIps": list(ground.network.nat_ips.values()),
    }
