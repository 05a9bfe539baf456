"""The floor plan of one region: the one place where components meet."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pulumi
import pulumi_kubernetes
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

import region_aws
import region_aws_upper
import region_models
from components.addons.args import AddonsArgs, NamespacesArgs, VeleroStore
from components.addons.component import Addons, Namespaces
from components.addons.values_platform import EVENT_BUS_VERSION
from components.alerting.args import AlertingArgs
from components.alerting.args import Peer as WatchedPeer
from components.alerting.component import Alerting
from components.backup.desired import schedule_ages
from components.backup.registry import registry_ages
from components.failover.args import EVENT_SOURCE_URL, FailoverArgs
from components.failover.component import Failover
from components.inference.args import InferenceArgs
from components.inference.component import Inference
from components.mesh.args import Hosts, MeshArgs, MeshCaArgs, MeshPeer
from components.mesh.component import Mesh, MeshCa
from components.peers.reader import TOKEN_OUTPUT, Peer, joined_peers
from components.runbook.component import Runbook, RunbookArgs
from components.shared.tags import tags
from config import names
from config.budgets.rpo import replication_time
from config.platform import Purpose
from config.problems import ConfigError, Problem
from config.reading import MESH_CA
from config.settings import Settings
from region_aws import Ground


def build(settings: Settings) -> None:
    """Registers the whole region and exports what its peers and its people need.

    Raises ``ConfigError`` before any resource for a peer of another mesh root, and for models that are to be
    read where this stack cannot.
    """
    peers = joined_peers(settings.peers)
    _same_root(settings, peers)
    region_models.check_source(settings, peers)
    ground = region_aws.build_ground(settings, peers)
    kubernetes = pulumi_kubernetes.Provider(
        "kubernetes",
        kubeconfig=ground.cluster.kubeconfig,
        enable_server_side_apply=True,
        # What a pod reads by name must not be gone for a moment, as it is when a ConfigMap is replaced.
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
        opts=pulumi.ResourceOptions(depends_on=ground.cluster.ready),
    )
    both = pulumi.ResourceOptions(providers=[ground.provider, kubernetes])
    addons = _addons(ground, both)
    copy = region_models.build_copy(ground)
    inference = _inference(ground, addons, region_models.source(ground, copy), both)
    mesh = _mesh(ground, addons, inference, both)
    _watch(ground, addons, inference, both)
    _keep(ground, addons, inference, both)
    region_models.build_restore(ground, copy, inference, both)
    region_aws_upper.build_dns(ground, mesh.ingress_hostname)
    _export(ground, mesh, copy)


def _same_root(settings: Settings, peers: Sequence[Peer]) -> None:
    own = set(_roots(settings))
    strangers = [peer.region for peer in peers if not own & set(peer.outputs.mesh_roots)]
    if strangers:
        remedy = (
            f"shares no root with {', '.join(strangers)}; make both with `standfast mesh-ca` and one root"
        )
        raise ConfigError([Problem(f"{settings.name}: {MESH_CA}.rootCert", "", remedy)])


def _roots(settings: Settings) -> list[str]:
    return sorted(hashlib.sha256(root).hexdigest() for root in settings.mesh_ca.roots())


def _addons(ground: Ground, both: pulumi.ResourceOptions) -> Addons:
    settings = ground.settings
    platform, name, entry = settings.platform, settings.name, settings.entry
    network, ready = names.network(platform, name), ground.cluster.ready
    namespaces = Namespaces("namespaces", NamespacesArgs(network=network, after=ready), both).namespaces
    mesh_ca = MeshCa(
        "mesh-ca",
        MeshCaArgs(
            root_cert=settings.mesh_ca.root_cert,
            ca_cert=settings.mesh_ca.ca_cert,
            cert_chain=settings.mesh_ca.cert_chain,
            ca_key=settings.mesh_ca_key,
            after=list(namespaces.values()),
        ),
        both,
    )
    return Addons(
        "addons",
        AddonsArgs(
            region=name,
            location=entry.location,
            account=platform.account,
            zones=settings.region.zones,
            cluster_name=ground.cluster.name,
            kubernetes_version=settings.region.kubernetes_version,
            vpc_id=ground.network.vpc_id,
            pool_names=[pool.name for pool in settings.region.gpu_pools],
            network=network,
            mesh_id=platform.name,
            namespaces=namespaces,
            mesh_ca=mesh_ca.secret,
            velero=VeleroStore(
                location=entry.location,
                bucket_arn=ground.buckets.arns[Purpose.VELERO],
                kms_key_arn=ground.buckets.kms_key_arn,
            ),
            after=ready,
            tags=tags(platform.name, name, "addons"),
        ),
        both,
    )


def _inference(
    ground: Ground, addons: Addons, models: region_models.Where, both: pulumi.ResourceOptions
) -> Inference:
    settings = ground.settings
    needs: list[pulumi.Resource] = [ground.node_pools, *addons.mesh_ready]
    return Inference(
        "inference",
        InferenceArgs(
            inference=settings.platform.inference,
            cloud=settings.entry.cloud,
            location=models.location,
            pool_names=[pool.name for pool in settings.region.gpu_pools],
            model_bucket=models.bucket,
            model_size=settings.platform.models.size,
            reads_from=models.reads_from,
            copy=models.copy,
        ),
        pulumi.ResourceOptions.merge(both, pulumi.ResourceOptions(depends_on=needs)),
    )


def _mesh(ground: Ground, addons: Addons, inference: Inference, both: pulumi.ResourceOptions) -> Mesh:
    settings = ground.settings
    platform, name = settings.platform, settings.name
    location = {region: entry.location for region, entry in platform.regions.items()}
    near = [name, *settings.peers]
    return Mesh(
        "mesh",
        MeshArgs(
            cluster_name=names.cluster(platform, name),
            network=names.network(platform, name),
            vpc_cidr=str(settings.entry.cidr),
            failover={location[r]: location[platform.regions[r].failover_to] for r in near},
            hosts=Hosts(
                entry=names.entry_fqdn(platform),
                region=names.region_fqdn(platform, name),
                disaster=settings.dr_fqdn,
            ),
            certificate_arn=ground.certificate.arn,
            attempt=platform.inference.attempt_timeout,
            peers=[
                MeshPeer(
                    region=peer.region,
                    cluster_name=peer.outputs.cluster.name,
                    api_endpoint=peer.outputs.cluster.endpoint,
                    api_ca=peer.outputs.cluster.ca,
                    token=peer.reader_token,
                    nat_ips=peer.outputs.nat_ips,
                )
                for peer in ground.peers
            ],
            after=[*addons.mesh_ready, addons.load_balancer_controller],
            serving=[inference],
            tags=tags(platform.name, name, "mesh"),
        ),
        both,
    )


def _watch(ground: Ground, addons: Addons, inference: Inference, both: pulumi.ResourceOptions) -> None:
    """What watches the region and its peers, tells people, and raises the region's floor."""
    settings, platform = ground.settings, ground.settings.platform
    token = settings.mesh_ca_key.apply(_webhook_token)
    needs: list[pulumi.Resource] = [inference, *addons.releases.values()]
    after = pulumi.ResourceOptions.merge(both, pulumi.ResourceOptions(depends_on=needs))
    _alerting(ground, token, after)
    Failover(
        "failover",
        FailoverArgs(
            steady=platform.inference.replicas,
            raised=platform.inference.peak_replicas,
            peers=settings.peers,
            token=token,
            cluster_cidr=str(settings.entry.cidr),
            event_bus_version=EVENT_BUS_VERSION,
        ),
        after,
    )


def _keep(ground: Ground, addons: Addons, inference: Inference, both: pulumi.ResourceOptions) -> None:
    """What keeps copies of the region, and tells people how to come back."""
    settings = ground.settings
    region_aws_upper.build_backup(ground, addons, inference, both)
    Runbook(
        "runbook",
        RunbookArgs(
            platform=settings.platform, region=settings.name, zone_id=ground.zone_id, after=[inference]
        ),
        both,
    )


def _webhook_token(mesh_ca_key: str) -> str:
    """The token with which Alertmanager proves itself to the event source: one secret less to hand out.

    Derived one way from the region's own authority, so it tells nothing of it and changes when it is rotated.
    """
    derive = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"standfast/failover-webhook")
    return derive.derive(mesh_ca_key.encode()).hex()


def _alerting(ground: Ground, token: pulumi.Output[str], after: pulumi.ResourceOptions) -> None:
    settings = ground.settings
    platform, name = settings.platform, settings.name
    reach = region_aws_upper.build_reach(ground, after)
    Alerting(
        "alerting",
        AlertingArgs(
            region=name,
            zones=settings.region.zones,
            replicas=platform.inference.replicas,
            min_available=platform.inference.min_available,
            host=names.region_fqdn(platform, name),
            peers=[
                WatchedPeer(region=peer, host=names.region_fqdn(platform, peer)) for peer in settings.peers
            ],
            model_storage=reach.model_storage,
            schedules=schedule_ages(platform.objectives.rpo),
            cronjobs=registry_ages(platform.objectives.rpo, replication_time(platform.models.size)),
            event_source_url=EVENT_SOURCE_URL,
            token=token,
            receiver=reach.receiver,
        ),
        pulumi.ResourceOptions.merge(after, pulumi.ResourceOptions(depends_on=reach.first)),
    )


def _export(ground: Ground, mesh: Mesh, copy: region_models.Copy | None) -> None:
    settings = ground.settings
    platform, name = settings.platform, settings.name
    endpoints = {
        "entry": f"https://{names.entry_fqdn(platform)}",
        "region": f"https://{names.region_fqdn(platform, name)}",
    }
    if settings.dr_fqdn:
        endpoints["disaster"] = f"https://{settings.dr_fqdn}"
    outputs: dict[str, pulumi.Input[object]] = {
        "region": name,
        "zones": list(settings.region.zones),
        "joinedPeers": [peer.region for peer in ground.peers],
        "peersBorn": {peer.region: peer.outputs.cluster.born for peer in ground.peers},
        "endpoints": endpoints,
        "loadBalancers": {"ingress": mesh.ingress_hostname, "eastWest": mesh.east_west_hostname},
        "meshRoots": _roots(settings),
        TOKEN_OUTPUT: mesh.remote_reader_token,
        **region_aws.exported(ground),
    }
    if copy is not None and platform.copy_owner == name:
        outputs["modelCopy"] = {"bucket": copy.bucket}
        outputs["modelReaders"] = copy.readers
    for key, value in outputs.items():
        pulumi.export(key, value)
