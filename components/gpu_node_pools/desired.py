"""Which node groups a region's GPU pools become."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from components.shared.generations import generation
from components.shared.labels import GPU_RESOURCE, GPU_TAINT_KEY, GPU_TAINT_VALUE, POOL_LABEL
from config.region import Capacity, GpuPool

GIB = 2**30
SYSTEM_GIB = 60
"""The NVIDIA image of EKS, container images and logs."""

USABLE = 0.8
"""The kubelet begins to delete images at 85 % and to evict pods at 90 % of a full disk.

Source: https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/
"""

MAX_DISK_GIB = 16_384

_HINT = "k8s.io/cluster-autoscaler/node-template"


class GpuPoolError(ValueError):
    """A pool that cannot become node groups; the message says which, why, and what to change."""


@dataclass(frozen=True)
class NodeGroupPlan:
    """The node group of one pool in one zone. Sizes are nodes, the disk is GiB."""

    pool: str
    zone: str
    name: str
    instance_types: tuple[str, ...]
    capacity: Capacity
    warm: int
    maximum: int
    disk: int
    reservation: str | None
    labels: dict[str, str]
    autoscaler_hints: dict[str, str]


def disk_gib(model_size: int) -> int:
    """The root volume that holds the system and a cache of ``model_size`` bytes without disk pressure."""
    size = math.ceil((SYSTEM_GIB + model_size / GIB) / USABLE)
    if size > MAX_DISK_GIB:
        raise GpuPoolError(
            f"models.size of {model_size / GIB:.0f} GiB: needs a node disk of {size} GiB, "
            f"and a gp3 volume holds {MAX_DISK_GIB}; serve smaller models"
        )
    return size


def _reservation(pool: GpuPool, zone: str) -> str | None:
    where = f"gpuPools {pool.name}"
    if pool.capacity is not Capacity.RESERVATION:
        if pool.reservations:
            raise GpuPoolError(f"{where}: reservations are for capacity: reservation; set it or remove them")
        return None
    reservation = pool.reservations.get(zone)
    if reservation is None:
        raise GpuPoolError(f"{where}: no reservation for zone {zone}; name one under reservations")
    if reservation.startswith("cr-") and len(pool.instance_types) > 1:
        raise GpuPoolError(
            f"{where}: reservation {reservation} is for one instance type, and {len(pool.instance_types)} "
            "are named; name one, or give the ARN of a resource group of reservations"
        )
    return reservation


def node_group(pool: GpuPool, zone: str, model_size: int) -> NodeGroupPlan:
    """The node group of ``pool`` in ``zone``, whose nodes cache models of ``model_size`` bytes.

    The hints are tags by which the cluster autoscaler knows a node that it has not yet seen, so that it can
    grow a group from none. It reads them, the labels and the taints from EKS itself.
    Source: https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/README.md
    """
    if pool.max_per_zone < pool.warm_per_zone:
        raise GpuPoolError(
            f"gpuPools {pool.name}: maxPerZone {pool.max_per_zone} is below "
            f"warmPerZone {pool.warm_per_zone}; raise it"
        )
    disk = disk_gib(model_size)
    labels = {POOL_LABEL: pool.name}
    return NodeGroupPlan(
        pool=pool.name,
        zone=zone,
        name=f"{pool.name}-{zone}-{generation(pool.instance_types, pool.capacity)}",
        instance_types=pool.instance_types,
        capacity=pool.capacity,
        warm=pool.warm_per_zone,
        maximum=pool.max_per_zone,
        disk=disk,
        reservation=_reservation(pool, zone),
        labels=labels,
        autoscaler_hints={
            **{f"{_HINT}/label/{key}": value for key, value in labels.items()},
            f"{_HINT}/taint/{GPU_TAINT_KEY}": f"{GPU_TAINT_VALUE}:NoSchedule",
            f"{_HINT}/resources/{GPU_RESOURCE}": str(pool.gpus_per_node),
            f"{_HINT}/resources/ephemeral-storage": f"{disk}Gi",
        },
    )


def node_groups(pools: Sequence[GpuPool], zones: Sequence[str], model_size: int) -> tuple[NodeGroupPlan, ...]:
    """One node group for each pool and zone; pool names are unique."""
    names = [pool.name for pool in pools]
    if len(set(names)) < len(names):
        raise GpuPoolError(f"gpuPools {', '.join(names)}: two have one name; rename one")
    return tuple(node_group(pool, zone, model_size) for pool in pools for zone in zones)
