"""GPU node pools, as the engine would see them."""

from __future__ import annotations

import pytest

from components.gpu_node_pools.aws import GpuNodePools, GpuNodePoolsArgs
from config.region import Capacity, GpuPool
from tests.program.recording import Recording, record

ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
GROUP = "aws:eks/nodeGroup:NodeGroup"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
GIB = 2**30


def pool(name: str, capacity: Capacity = Capacity.ON_DEMAND, **more: object) -> GpuPool:
    return GpuPool.model_validate(
        {
            "name": name,
            "instance_types": ("g6e.2xlarge",),
            "gpus_per_node": 1,
            "warm_per_zone": 3,
            "max_per_zone": 5,
            "capacity": capacity,
            **more,
        }
    )


def recorded(*pools: GpuPool) -> Recording:
    return record(
        lambda: GpuNodePools(
            "us-east-gpu",
            GpuNodePoolsArgs(
                cluster_name="standfast-us-east",
                kubernetes_version="1.35",
                node_role_arn="arn:aws:iam::123456789012:role/nodes",
                private_subnet_ids={zone: f"subnet-{zone}" for zone in ZONES},
                pools=pools,
                model_size=140 * GIB,
                tags={"standfast.dev/component": "gpu_node_pools"},
            ),
        )
    )


@pytest.fixture(scope="module")
def recording() -> Recording:
    return recorded(pool("inference"), pool("training", Capacity.SPOT))


def test_one_group_in_each_zones_own_subnet(recording: Recording) -> None:
    groups = recording.of(GROUP)
    assert sorted((g.inputs["labels"]["standfast.dev/pool"], *g.inputs["subnetIds"]) for g in groups) == [
        (name, f"subnet-{zone}") for name in ("inference", "training") for zone in ZONES
    ]


def test_warm_nodes_are_the_floor_and_the_autoscaler_owns_the_rest(recording: Recording) -> None:
    for group in recording.of(GROUP):
        assert group.inputs["scalingConfig"] == {"minSize": 3, "desiredSize": 3, "maxSize": 5}
        assert group.ignore_changes == ("scalingConfig.desiredSize",)


def test_only_what_tolerates_it_runs_on_gpu_nodes(recording: Recording) -> None:
    for group in recording.of(GROUP):
        assert group.inputs["taints"] == [
            {"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"}
        ]
        assert group.inputs["amiType"] == "AL2023_x86_64_NVIDIA"
        assert group.inputs["nodeRepairConfig"]["enabled"] is True


def test_capacity_is_bought_as_asked(recording: Recording) -> None:
    bought = {g.inputs["labels"]["standfast.dev/pool"]: g.inputs["capacityType"] for g in recording.of(GROUP)}
    assert bought == {"inference": "ON_DEMAND", "training": "SPOT"}


def test_nodes_have_encrypted_fast_disks_and_a_closed_metadata_service(recording: Recording) -> None:
    templates = recording.of(TEMPLATE)
    assert len(templates) == 6
    for template in templates:
        assert template.inputs["metadataOptions"]["httpTokens"] == "required"
        assert template.inputs["metadataOptions"]["httpPutResponseHopLimit"] == 1
        (disk,) = template.inputs["blockDeviceMappings"]
        assert disk["ebs"]["encrypted"] == "true"
        assert (disk["ebs"]["volumeType"], disk["ebs"]["volumeSize"]) == ("gp3", 250)
        # AWS: at most 0.25 MiB/s for each operation a second.
        assert disk["ebs"]["throughput"] <= disk["ebs"]["iops"] * 0.25
        assert "capacityReservationSpecification" not in template.inputs
        assert {s["resourceType"] for s in template.inputs["tagSpecifications"]} >= {"instance", "volume"}


def test_a_group_uses_the_newest_version_of_its_own_template(recording: Recording) -> None:
    for group in recording.of(GROUP):
        template = recording.ids[f"{group.name}-template"]
        assert group.inputs["launchTemplate"] == {"id": template, "version": "1"}


def test_the_autoscaler_learns_of_nodes_that_it_has_not_seen(recording: Recording) -> None:
    for group in recording.of(GROUP):
        tags = group.inputs["tags"]
        assert tags["k8s.io/cluster-autoscaler/node-template/resources/nvidia.com/gpu"] == "1"


def test_reserved_capacity_is_used_and_nothing_beside_it() -> None:
    reservations = {zone: f"cr-{zone[-1]}" for zone in ZONES}
    recording = recorded(pool("reserved", Capacity.RESERVATION, reservations=reservations))
    for zone in ZONES:
        template = recording.named(f"us-east-gpu-reserved-{zone}-template")
        assert template.inputs["capacityReservationSpecification"] == {
            "capacityReservationPreference": "capacity-reservations-only",
            "capacityReservationTarget": {"capacityReservationId": f"cr-{zone[-1]}"},
        }
    for group in recording.of(GROUP):
        assert group.inputs["capacityType"] == "ON_DEMAND"
        assert group.inputs["updateConfig"] == {"maxUnavailable": 1, "updateStrategy": "MINIMAL"}


def test_children_are_in_the_component_and_named_after_it(recording: Recording) -> None:
    component = recording.one("standfast:gpu_node_pools:GpuNodePools")
    for resource in recording.resources:
        assert resource is component or resource.parent == component.urn
        assert resource.name.startswith("us-east-gpu")
