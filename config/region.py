"""What only one region has: the stack value ``standfast:region`` of Pulumi.<region>.yaml."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from ipaddress import IPv4Network
from typing import Annotated

from pydantic import AfterValidator, Field

from config.types import Cidr, Model, Name, Zone

MIN_ZONES = 2
MAX_ZONES = 8


class Capacity(StrEnum):
    """How a GPU pool buys its nodes."""

    ON_DEMAND = "on-demand"
    SPOT = "spot"
    RESERVATION = "reservation"


class Protection(StrEnum):
    """Whether the cloud itself refuses to delete the cluster.

    A guarded one must be opened by an ``up`` before a ``destroy`` can take it away.
    """

    GUARDED = "guarded"
    OPEN = "open"


class ReadsFrom(StrEnum):
    """Where the region's pods read their models: in this order when what stands before is gone.

    The region's own bucket, that of the region it fails over to, the copy on Google Cloud Storage.
    """

    OWN = "own"
    PEER = "peer"
    GCS = "gcs"


class GpuPool(Model):
    """One pool, which becomes one node group in each zone.

    Every type in ``instance_types`` must have ``gpus_per_node`` GPUs. ``warm_per_zone`` nodes run at all
    times; ``max_per_zone`` is as far as the autoscaler may go. ``reservations`` names a capacity
    reservation for each zone and is needed with, and only with, ``capacity: reservation``.
    ``node_price_per_hour`` is what one node costs you, in your currency; with it budgets tell money too.
    """

    name: Name
    instance_types: Annotated[tuple[str, ...], Field(min_length=1, max_length=20)]
    gpus_per_node: Annotated[int, Field(ge=1, le=16)]
    capacity: Capacity = Capacity.ON_DEMAND
    warm_per_zone: Annotated[int, Field(ge=0, le=450)]
    max_per_zone: Annotated[int, Field(ge=1, le=450)]
    reservations: dict[Zone, str] = Field(default_factory=dict)
    node_price_per_hour: Annotated[Decimal, Field(gt=0, max_digits=12, decimal_places=6)] | None = None


class SystemNodes(Model):
    """The node group, across all zones, on which add-ons run."""

    instance_types: Annotated[tuple[str, ...], Field(min_length=1)] = ("m6i.large",)
    per_zone: Annotated[int, Field(ge=1, le=10)] = 1


def _not_the_world(network: IPv4Network) -> IPv4Network:
    if network.prefixlen < 8:
        raise ValueError("opens the cluster's API to the world; name the networks that need it")
    return network


AccessCidr = Annotated[Cidr, AfterValidator(_not_the_world)]


class Region(Model):
    """One region's own part.

    ``api_access`` lists the networks that may reach the public endpoint of the cluster's API; empty means
    that the endpoint is private. ``admins`` are ARNs of IAM principals that administer the cluster, beside
    whoever made it.
    """

    zones: Annotated[tuple[Zone, ...], Field(min_length=MIN_ZONES, max_length=MAX_ZONES)]
    kubernetes_version: Annotated[str, Field(pattern=r"^1\.\d\d$")]
    gpu_pools: Annotated[tuple[GpuPool, ...], Field(min_length=1)]
    system_nodes: SystemNodes = SystemNodes()
    cluster_protection: Protection = Protection.GUARDED
    api_access: tuple[AccessCidr, ...] = ()
    admins: tuple[Annotated[str, Field(pattern=r"^arn:aws:iam::\d{12}:(role|user)/")], ...] = ()
    reads_from: ReadsFrom = ReadsFrom.OWN

    @property
    def warm_gpus_per_zone(self) -> int:
        """GPUs that run in each zone at all times."""
        return sum(pool.warm_per_zone * pool.gpus_per_node for pool in self.gpu_pools)

    @property
    def max_gpus_per_zone(self) -> int:
        """GPUs to which each zone may grow."""
        return sum(pool.max_per_zone * pool.gpus_per_node for pool in self.gpu_pools)
