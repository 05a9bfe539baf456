"""What the add-ons of a region are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

ISTIO_SYSTEM = "istio-system"
VELERO = "velero"
MONITORING = "monitoring"
ARGO_EVENTS = "argo-events"
MLFLOW = "mlflow"
ML_TRAINING = "ml-training"
KUBE_SYSTEM = "kube-system"

INGRESS_GATEWAY = "istio-ingressgateway"
EAST_WEST_GATEWAY = "istio-eastwestgateway"
"""Release, Deployment and service account of a gateway; the pods carry ``istio`` without the prefix."""


@dataclass(frozen=True, kw_only=True)
class NamespacesArgs:
    """``network`` is the region's network in the mesh; ``after`` is what makes the cluster usable."""

    network: str
    after: Sequence[pulumi.Resource] = ()


@dataclass(frozen=True, kw_only=True)
class VeleroStore:
    """A region's bucket of cluster backups and the key that encrypts it."""

    location: str
    bucket_arn: pulumi.Input[str]
    kms_key_arn: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class AddonsArgs:
    """The region, its cluster, and where backups go.

    ``kubernetes_version`` is ``1.34``; ``pool_names`` are the GPU pools, ``mesh_ca`` the Secret that istiod
    must find when it starts. ``after`` is what makes the cluster usable: system nodes and managed add-ons.
    """

    region: str
    location: str
    account: str
    zones: Sequence[str]
    cluster_name: pulumi.Input[str]
    kubernetes_version: str
    vpc_id: pulumi.Input[str]
    pool_names: Sequence[str]
    network: str
    mesh_id: str
    namespaces: Mapping[str, pulumi.Resource]
    mesh_ca: pulumi.Resource
    velero: VeleroStore
    after: Sequence[pulumi.Resource] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
