"""What a cluster is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import pulumi

from config.region import Protection, SystemNodes


class Support(StrEnum):
    """What happens when a Kubernetes version leaves standard support.

    ``standard`` lets AWS upgrade the cluster by itself; ``extended`` costs more an hour and leaves the day
    to the platform's people.
    """

    STANDARD = "STANDARD"
    EXTENDED = "EXTENDED"


@dataclass(frozen=True, kw_only=True)
class ModelStore:
    """A bucket with models, and the key that encrypts them."""

    bucket_arn: pulumi.Input[str]
    key_arn: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    """One region's cluster.

    ``private_subnet_ids`` has one subnet for each zone. ``api_access`` are networks, the peers' NAT addresses
    as ``/32`` among them, that reach the public endpoint; none means that there is only the private one.
    ``admins`` are ARNs of IAM roles and users, beside whoever creates the cluster. ``models`` are
    the buckets that pods may mount.
    """

    cluster_name: str
    location: str
    account: str
    version: str
    private_subnet_ids: Mapping[str, pulumi.Input[str]]
    api_access: pulumi.Input[Sequence[pulumi.Input[str]]]
    admins: Sequence[str]
    system_nodes: SystemNodes
    models: Sequence[ModelStore]
    protection: Protection
    log_retention_days: int = 90
    support: Support = Support.EXTENDED
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
