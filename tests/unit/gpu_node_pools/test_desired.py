"""Node groups of GPU pools, by value and by property."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.gpu_node_pools.desired import (
    GIB,
    SYSTEM_GIB,
    GpuPoolError,
    disk_gib,
    node_group,
    node_groups,
)
from config.region import Capacity, GpuPool

ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
POOL = GpuPool(
    name="inference",
    instance_types=("g6e.2xlarge", "g6e.4xlarge"),
    gpus_per_node=1,
    warm_per_zone=3,
    max_per_zone=5,
)


def pool(**changes: Any) -> GpuPool:
    return POOL.model_copy(update=changes)


def test_one_group_for_each_pool_and_zone() -> None:
    plans = node_groups([POOL, pool(name="training")], ZONES, 140 * GIB)
    assert [(plan.pool, plan.zone) for plan in plans] == [
        (name, zone) for name in ("inference", "training") for zone in ZONES
    ]
    assert len({plan.name for plan in plans}) == 6


def test_a_group_by_value() -> None:
    plan = node_group(POOL, "us-east-1b", 140 * GIB)
    assert (plan.warm, plan.maximum, plan.disk, plan.reservation) == (3, 5, 250, None)
    assert plan.name.startswith("inference-us-east-1b-")
    assert plan.labels == {"standfast.dev/pool": "inference"}
    hint = "k8s.io/cluster-autoscaler/node-template"
    assert plan.autoscaler_hints == {
        f"{hint}/label/standfast.dev/pool": "inference",
        f"{hint}/taint/nvidia.com/gpu": "present:NoSchedule",
        f"{hint}/resources/nvidia.com/gpu": "1",
        f"{hint}/resources/ephemeral-storage": "250Gi",
    }


@given(st.integers(1, 12_000 * GIB))
def test_a_full_cache_leaves_the_disk_below_image_deletion(model_size: int) -> None:
    used = SYSTEM_GIB + model_size / GIB
    assert used / disk_gib(model_size) <= 0.80001


def test_models_beyond_any_disk_are_refused() -> None:
    with pytest.raises(GpuPoolError, match="a gp3 volume holds 16384"):
        disk_gib(14_000 * GIB)


@pytest.mark.parametrize(
    "change",
    [{"instance_types": ("g6e.2xlarge",)}, {"capacity": Capacity.SPOT}],
)
def test_what_eks_cannot_change_in_place_changes_the_name(change: dict[str, Any]) -> None:
    assert node_group(pool(**change), ZONES[0], GIB).name != node_group(POOL, ZONES[0], GIB).name


@pytest.mark.parametrize("change", [{"warm_per_zone": 1}, {"max_per_zone": 9}])
def test_what_eks_changes_in_place_keeps_the_name(change: dict[str, Any]) -> None:
    assert node_group(pool(**change), ZONES[0], GIB).name == node_group(POOL, ZONES[0], GIB).name


@given(st.from_regex(r"[a-z]([a-z0-9-]{0,30}[a-z0-9])?", fullmatch=True))
def test_names_fit_into_what_eks_takes(name: str) -> None:
    assert len(node_group(pool(name=name), "ap-northeast-1d", GIB).name) <= 63


class TestReservations:
    def reserved(self, **changes: Any) -> GpuPool:
        return pool(
            **{
                "capacity": Capacity.RESERVATION,
                "instance_types": ("p5.48xlarge",),
                "reservations": {zone: f"cr-{zone}" for zone in ZONES},
                **changes,
            }
        )

    def test_each_zone_has_its_own(self) -> None:
        plans = node_groups([self.reserved()], ZONES, GIB)
        assert {plan.zone: plan.reservation for plan in plans} == {zone: f"cr-{zone}" for zone in ZONES}

    def test_a_group_of_reservations_may_hold_many_types(self) -> None:
        arn = "arn:aws:resource-groups:us-east-1:123456789012:group/gpus"
        plan = node_group(
            self.reserved(
                instance_types=("p5.48xlarge", "p5e.48xlarge"), reservations=dict.fromkeys(ZONES, arn)
            ),
            ZONES[0],
            GIB,
        )
        assert plan.reservation == arn

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"reservations": {"us-east-1a": "cr-1"}}, "no reservation for zone us-east-1b"),
            ({"capacity": Capacity.SPOT}, "are for capacity: reservation"),
            ({"instance_types": ("p5.48xlarge", "p5e.48xlarge")}, "for one instance type, and 2 are named"),
        ],
    )
    def test_what_cannot_be_reserved_is_said(self, change: dict[str, Any], message: str) -> None:
        with pytest.raises(GpuPoolError, match=message):
            node_groups([self.reserved(**change)], ZONES, GIB)


def test_a_maximum_below_the_warm_nodes_is_refused() -> None:
    with pytest.raises(GpuPoolError, match="maxPerZone 2 is below warmPerZone 3"):
        node_group(pool(max_per_zone=2), ZONES[0], GIB)


def test_two_pools_of_one_name_are_refused() -> None:
    with pytest.raises(GpuPoolError, match="two have one name"):
        node_groups([POOL, POOL], ZONES, GIB)
