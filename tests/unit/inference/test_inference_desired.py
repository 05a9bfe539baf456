"""The inference service's manifests, and the lesson's faults that they mend."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.inference.args import InferenceArgs
from components.inference.desired import manifests
from components.inference.volume_aws import cache_size
from components.inference.workload import load_seconds
from config.platform import Cloud, Inference
from tests.lesson import manifest

Manifest = dict[str, Any]

ARGS = InferenceArgs(
    inference=Inference(image="inference:v1.0.0", replicas=6, min_available=4, peak_replicas=10),
    cloud=Cloud.AWS,
    location="us-east-1",
    pool_names=["spare", "main"],
    model_bucket="standfast-model-registry-us-east-123456789012",
    model_size=140 * 2**30,
)


def ours(key: str) -> Manifest:
    return dict(manifests(ARGS))[key]


def pod(deployment: Manifest) -> Manifest:
    return deployment["spec"]["template"]["spec"]


def mends_fault_1(deployment: Manifest) -> None:
    """A lost zone is no domain of the spread."""
    for constraint in pod(deployment)["topologySpreadConstraints"]:
        if constraint["whenUnsatisfiable"] == "DoNotSchedule":
            assert constraint.get("nodeTaintsPolicy", "Ignore") == "Honor"


def mends_fault_2(deployment: Manifest) -> None:
    """A pod leaves a lost node soon, and does not count that node among those it may run on."""
    tolerations = pod(deployment).get("tolerations", [])
    for condition in ("unreachable", "not-ready"):
        own = [t for t in tolerations if t.get("key") == f"node.kubernetes.io/{condition}"]
        # The API server adds 300 s where a pod says nothing (admission plugin DefaultTolerationSeconds).
        assert [t["effect"] for t in own] == ["NoExecute"]
        assert 0 < own[0]["tolerationSeconds"] <= 10


def mends_fault_9(service: Manifest) -> None:
    """The mesh gateway is the only entry."""
    assert service["spec"].get("type", "ClusterIP") == "ClusterIP"
    assert "externalTrafficPolicy" not in service["spec"]


def left_in_the_fullest_loss(replicas: int, zones: int) -> int:
    """Replicas left at once when the zone with most of them goes, spread with a skew of one."""
    return replicas - math.ceil(replicas / zones)


@pytest.mark.parametrize(
    ("check", "key", "lesson"),
    [
        (mends_fault_1, "deployment", "deployment"),
        (mends_fault_2, "deployment", "deployment"),
        (mends_fault_9, "service", "service"),
    ],
)
def test_a_mended_fault_is_in_the_lesson(check: Callable[[Manifest], None], key: str, lesson: str) -> None:
    check(ours(key))
    with pytest.raises((AssertionError, IndexError)):
        check(manifest(lesson))


def test_fault_10_three_zones_keep_the_budget_and_the_lessons_two_do_not() -> None:
    replicas, least = ours("deployment")["spec"]["replicas"], ours("pdb")["spec"]["minAvailable"]
    assert (replicas, least) == (
        manifest("deployment")["spec"]["replicas"],
        manifest("pdb")["spec"]["minAvailable"],
    )
    assert left_in_the_fullest_loss(replicas, 3) >= least
    assert left_in_the_fullest_loss(replicas, 2) < least


class TestTheLessonsValues:
    """What the lesson says and nobody mended is as the lesson says it."""

    def test_names_and_selectors(self) -> None:
        for key in ("deployment", "pdb", "service"):
            mine, theirs = ours(key), manifest(key)
            assert mine["metadata"]["name"] == theirs["metadata"]["name"]
            assert mine["spec"]["selector"] == theirs["spec"]["selector"]
            assert mine["metadata"]["namespace"] == "ml-serving"

    def test_the_spread_has_the_lessons_numbers(self) -> None:
        (mine,), (theirs,) = (
            pod(m)["topologySpreadConstraints"] for m in (ours("deployment"), manifest("deployment"))
        )
        assert {key: mine[key] for key in theirs} == theirs

    def test_pods_stay_apart_where_they_can(self) -> None:
        assert (
            pod(ours("deployment"))["affinity"]["podAntiAffinity"]
            == (pod(manifest("deployment"))["affinity"]["podAntiAffinity"])
        )

    def test_the_container_and_its_probes(self) -> None:
        (mine,), (theirs,) = (pod(m)["containers"] for m in (ours("deployment"), manifest("deployment")))
        assert mine["name"] == theirs["name"]
        for probe in ("readinessProbe", "livenessProbe"):
            assert mine[probe] == theirs[probe]
        assert mine["resources"]["limits"]["nvidia.com/gpu"] == 1

    def test_the_services_port(self) -> None:
        (mine,), (theirs,) = (m["spec"]["ports"] for m in (ours("service"), manifest("service")))
        assert {key: mine[key] for key in theirs} == theirs
        # Istio reads the protocol from these two, and without it retries and h2 upgrades do not apply.
        assert (mine["name"], mine["appProtocol"]) == ("http", "http")


class TestScheduling:
    def test_only_the_gpu_pools_and_their_taint(self) -> None:
        required = pod(ours("deployment"))["affinity"]["nodeAffinity"][
            "requiredDuringSchedulingIgnoredDuringExecution"
        ]
        assert required["nodeSelectorTerms"] == [
            {
                "matchExpressions": [
                    {"key": "standfast.dev/pool", "operator": "In", "values": ["main", "spare"]}
                ]
            }
        ]
        gpu = [t for t in pod(ours("deployment"))["tolerations"] if t["key"] == "nvidia.com/gpu"]
        assert [t["effect"] for t in gpu] == ["NoSchedule"]

    def test_no_toleration_covers_more_than_it_names(self) -> None:
        for toleration in pod(ours("deployment"))["tolerations"]:
            assert toleration["key"]
            assert toleration["effect"]

    @given(st.integers(min_value=2, max_value=1000), st.integers(min_value=2, max_value=8))
    def test_the_surge_of_a_rollout_fits_on_the_warm_gpus(self, replicas: int, zones: int) -> None:
        rolling = ours("deployment")["spec"]["strategy"]["rollingUpdate"]
        surge = math.ceil(replicas * int(rolling["maxSurge"].rstrip("%")) / 100)
        # With any zone gone the others hold all replicas, so a zone's share is idle beside them.
        warm_per_zone = math.ceil(replicas / (zones - 1))
        assert surge <= warm_per_zone * zones - replicas
        assert rolling["maxUnavailable"] == 0


class TestSecurity:
    def test_the_namespace_is_restricted_and_in_the_mesh(self) -> None:
        labels = ours("namespace")["metadata"]["labels"]
        assert labels["istio-injection"] == "enabled"
        for mode in ("enforce", "audit", "warn"):
            assert labels[f"pod-security.kubernetes.io/{mode}"] == "restricted"

    def test_the_root_is_read_only_and_what_is_written_has_a_limit(self) -> None:
        spec = pod(ours("deployment"))
        (container,) = spec["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"]
        for volume in spec["volumes"]:
            if "emptyDir" in volume:
                assert volume["emptyDir"]["sizeLimit"]
        writable = {m["name"] for m in container["volumeMounts"] if not m.get("readOnly")}
        assert writable == {volume["name"] for volume in spec["volumes"] if "emptyDir" in volume}

    def test_no_token_of_the_kubernetes_api(self) -> None:
        assert ours("account")["automountServiceAccountToken"] is False
        assert pod(ours("deployment"))["automountServiceAccountToken"] is False

    def test_nothing_enters_or_leaves_but_what_is_named(self) -> None:
        deny = ours("default-deny")["spec"]
        assert deny["podSelector"] == {}
        assert deny["ingress"] == []
        assert {p["port"] for rule in deny["egress"] for p in rule["ports"]} == {53}
        for policy in (ours("default-deny"), ours("allowed")):
            rules = policy["spec"]["ingress"] + policy["spec"]["egress"]
            assert set(policy["spec"]["policyTypes"]) == {"Ingress", "Egress"}
            assert all(rule["ports"] and (rule.get("from") or rule.get("to")) for rule in rules)

    def test_the_gateway_the_metrics_and_istiod_are_let_through(self) -> None:
        spec = ours("allowed")["spec"]
        assert spec["podSelector"]["matchLabels"] == {"app": "inference"}
        seen = {
            (peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"], port["port"])
            for rule in spec["ingress"] + spec["egress"]
            for peer in rule.get("from", rule.get("to"))
            for port in rule["ports"]
        }
        assert seen == {("istio-system", 8080), ("monitoring", 15020), ("istio-system", 15012)}


class TestModels:
    def test_the_volume_is_the_regions_own_bucket_and_read_only(self) -> None:
        volume, claim = ours("volume")["spec"], ours("claim")
        assert volume["csi"]["driver"] == "s3.csi.aws.com"
        assert volume["csi"]["volumeAttributes"]["bucketName"] == ARGS.model_bucket
        assert {"read-only", "region us-east-1"} <= set(volume["mountOptions"])
        assert volume["claimRef"]["name"] == claim["metadata"]["name"]
        assert claim["spec"]["volumeName"] == ours("volume")["metadata"]["name"]
        # Static provisioning: a default storage class would otherwise make a disk of its own.
        assert volume["storageClassName"] == claim["spec"]["storageClassName"] == ""

    def test_the_volume_is_mounted_at_models_without_a_way_to_write(self) -> None:
        spec = pod(ours("deployment"))
        (volume,) = [v for v in spec["volumes"] if "persistentVolumeClaim" in v]
        assert volume["persistentVolumeClaim"] == {
            "claimName": ours("claim")["metadata"]["name"],
            "readOnly": True,
        }
        (mount,) = [m for m in spec["containers"][0]["volumeMounts"] if m["name"] == volume["name"]]
        assert mount == {"name": volume["name"], "mountPath": "/models", "readOnly": True}

    def test_a_backup_never_takes_a_volume_that_names_this_regions_bucket(self) -> None:
        for key in ("volume", "claim"):
            labels = ours(key)["metadata"]["labels"]
            assert labels["velero.io/exclude-from-backup"] == "true"
            assert "backup" not in labels

    @given(st.integers(min_value=2**20, max_value=20 * 2**40))
    def test_the_cache_and_the_startup_hold_all_models(self, size: int) -> None:
        assert int(cache_size(size).removesuffix("Gi")) * 2**30 >= size
        assert load_seconds(size) * 100 * 2**20 >= size

    def test_the_server_gets_the_time_that_a_load_takes(self) -> None:
        spec = ours("deployment")["spec"]
        probe = spec["template"]["spec"]["containers"][0]["startupProbe"]
        patience = probe["periodSeconds"] * probe["failureThreshold"]
        assert patience >= load_seconds(ARGS.model_size)
        assert spec["progressDeadlineSeconds"] > patience


class TestScale:
    def test_from_steady_to_the_peers_load_as_well(self) -> None:
        spec = ours("autoscaler")["spec"]
        assert (spec["minReplicas"], spec["maxReplicas"]) == (6, 10)
        assert spec["scaleTargetRef"]["name"] == ours("deployment")["metadata"]["name"]

    def test_a_pod_that_does_not_serve_may_always_be_evicted(self) -> None:
        assert ours("pdb")["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"

    def test_draining_ends_before_the_pod_is_killed(self) -> None:
        spec = pod(ours("deployment"))
        drain = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert 0 < drain < spec["terminationGracePeriodSeconds"]

    def test_serving_goes_before_training(self) -> None:
        assert ours("priority")["metadata"]["name"] == pod(ours("deployment"))["priorityClassName"]
        # From two thousand millions on, the values are the system's own.
        assert 0 < ours("priority")["value"] < 2_000_000_000
        assert ours("priority")["globalDefault"] is False
