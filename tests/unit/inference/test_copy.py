"""Pods that read the copy on Google Cloud Storage: fetched first, to a disk that the scheduler knows of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from components.inference import copy_gcs
from components.inference.args import MODELS_PATH, CopySource
from components.inference.desired import allowed, manifests
from components.inference.volume_aws import cache_size
from components.inference.workload import load_seconds, progress_deadline_seconds
from config.region import ReadsFrom
from tests.unit.inference.test_inference_desired import ARGS

COPY = replace(
    ARGS,
    reads_from=ReadsFrom.GCS,
    copy=CopySource(bucket="standfast-model-registry-standfast-models", audience="//iam.googleapis.com/p"),
)
PEER = replace(ARGS, reads_from=ReadsFrom.PEER, model_bucket="theirs", location="eu-west-1")


def pod(deployment: dict[str, Any]) -> dict[str, Any]:
    return deployment["spec"]["template"]["spec"]


def test_each_source_has_a_volume_of_its_own() -> None:
    """A volume cannot be changed, and one that is in use does not go."""
    kinds = {ReadsFrom.OWN: ARGS, ReadsFrom.PEER: PEER}
    made = {source: dict(manifests(args)) for source, args in kinds.items()}
    assert {"volume", "claim"} <= set(made[ReadsFrom.OWN])
    assert {"volume-peer", "claim-peer"} <= set(made[ReadsFrom.PEER])
    names = {
        key["volume" if s is ReadsFrom.OWN else "volume-peer"]["metadata"]["name"] for s, key in made.items()
    }
    assert len(names) == 2
    assert not [key for key in manifests(COPY) if key.startswith(("volume", "claim"))]


def test_the_server_finds_the_models_where_it_always_does() -> None:
    spec = pod(dict(manifests(COPY))["deployment"])
    (fetcher,), (server,) = spec["initContainers"], spec["containers"]
    written = {m["name"]: m for m in fetcher["volumeMounts"]}["models"]
    read = {m["name"]: m for m in server["volumeMounts"]}["models"]
    assert written["mountPath"] == read["mountPath"] == MODELS_PATH
    assert not written.get("readOnly")
    assert read["readOnly"]
    assert {"name": "models", "emptyDir": {"sizeLimit": cache_size(ARGS.model_size)}} in spec["volumes"]


def test_the_scheduler_knows_of_the_disk() -> None:
    """A pod that is over its limit is evicted, models and all."""
    models = int(cache_size(ARGS.model_size).removesuffix("Gi"))
    resources = pod(dict(manifests(COPY))["deployment"])["containers"][0]["resources"]
    assert resources["requests"]["ephemeral-storage"] == f"{models + 1}Gi"
    assert resources["limits"]["ephemeral-storage"] == f"{models + 4}Gi"


def test_a_rollout_waits_for_the_fetch_and_for_the_load() -> None:
    deadline = dict(manifests(COPY))["deployment"]["spec"]["progressDeadlineSeconds"]
    assert deadline == progress_deadline_seconds(ARGS.model_size) + load_seconds(ARGS.model_size)


def test_only_pods_that_fetch_may_leave_the_cluster() -> None:
    ports = [
        [port["port"] for rule in allowed(args)["spec"]["egress"] for port in rule["ports"]]
        for args in (ARGS, PEER, COPY)
    ]
    assert ports == [[15012], [15012], [15012, 443]]


def test_the_fetch_goes_round_the_sidecar_and_keeps_its_rights() -> None:
    (fetcher,) = pod(dict(manifests(COPY))["deployment"])["initContainers"]
    assert fetcher["securityContext"]["runAsUser"] == copy_gcs.UNCAPTURED_USER == 1337
    assert fetcher["securityContext"]["readOnlyRootFilesystem"]
    environment = {each["name"] for each in fetcher["env"]}
    assert {"GOOGLE_CREDENTIALS", "GCS_BUCKET", "MODELS"} <= environment
