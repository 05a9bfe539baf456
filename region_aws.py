"""The ground floor of a region on AWS: everything below Kubernetes, and what the floors above need of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws
from pulumi_aws import route53

from components.alarm_topics.aws import AlarmTopics, AlarmTopicsArgs
from components.cluster.args import ClusterArgs, ModelStore
from components.cluster.aws import Cluster
from components.global_dns.aws import Certificate, CertificateArgs
from components.gpu_node_pools.aws import GpuNodePools, GpuNodePoolsArgs
from components.model_buckets.aws import ModelBuckets, ModelBucketsArgs
from components.model_buckets.policies_aws import PeerStore
from components.network.aws import Network, NetworkArgs
from components.peers.reader import Peer
from components.shared.tags import tags
from config import names
from config.platform import Purpose
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
