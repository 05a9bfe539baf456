"""The inference component, as the engine would see it."""

from __future__ import annotations

from functools import cache

import pulumi

from components.inference.args import InferenceArgs
from components.inference.component import Inference
from config.platform import Cloud
from config.platform import Inference as Size
from tests.program.recording import Recording, record

ARGS = InferenceArgs(
    inference=Size(image="inference:v1.0.0", replicas=6, min_available=4, peak_replicas=10),
    cloud=Cloud.AWS,
    location="us-east-1",
    pool_names=["main"],
    model_bucket=pulumi.Output.from_input("standfast-model-registry-us-east-123456789012"),
    model_size=140 * 2**30,
)


@cache
def recording() -> Recording:
    return record(lambda: Inference("inference", ARGS))


def test_all_objects_are_children_named_after_the_component() -> None:
    component = recording().one("standfast:inference:Inference")
    children = [r for r in recording().resources if r is not component]
    assert len(children) == 11
    assert all(r.parent == component.urn and r.name.startswith("inference-") for r in children)


def test_the_namespace_comes_first_and_pods_after_what_guards_them() -> None:
    namespace = recording().one("kubernetes:core/v1:Namespace")
    deployment = recording().one("kubernetes:apps/v1:Deployment")
    inside = [r for r in recording().resources if r.inputs.get("metadata", {}).get("namespace")]
    assert all(recording().before(namespace, r) for r in inside)
    for kind in ("policy/v1:PodDisruptionBudget", "scheduling.k8s.io/v1:PriorityClass"):
        assert recording().before(recording().one(f"kubernetes:{kind}"), deployment)
    for policy in recording().of("kubernetes:networking.k8s.io/v1:NetworkPolicy"):
        assert recording().before(policy, deployment)


def test_a_claim_never_comes_before_its_volume() -> None:
    volume = recording().one("kubernetes:core/v1:PersistentVolume")
    claim = recording().one("kubernetes:core/v1:PersistentVolumeClaim")
    assert recording().before(volume, claim)
    assert recording().before(claim, recording().one("kubernetes:apps/v1:Deployment"))


def test_up_leaves_alone_what_failover_and_the_autoscaler_set() -> None:
    deployment = recording().one("kubernetes:apps/v1:Deployment")
    autoscaler = recording().one("kubernetes:autoscaling/v2:HorizontalPodAutoscaler")
    assert deployment.ignore_changes == ("spec.replicas",)
    assert autoscaler.ignore_changes == ("spec.minReplicas",)


def test_the_bucket_of_the_stack_reaches_the_volume() -> None:
    volume = recording().object("PersistentVolume", "inference-models")
    assert volume["spec"]["csi"]["volumeAttributes"]["bucketName"] == (
        "standfast-model-registry-us-east-123456789012"
    )
