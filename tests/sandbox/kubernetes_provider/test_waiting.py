"""Readiness on a real API server with its controllers, a scheduler and one node."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest
from google.protobuf import empty_pb2

from sandbox.providers.base import Properties
from sandbox.providers.base.values import from_struct
from tests.sandbox.kubernetes_provider.driver import Engine, Failed, Kept, Region
from tests.sandbox.kubernetes_provider.manifests import (
    CONFIG_MAP,
    DEPLOYMENT,
    SERVICE,
    annotated,
    config_map,
    deployment,
    named,
    pod_template,
)

pytestmark = pytest.mark.engine

MERGE = "application/merge-patch+json"
CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
JOB = "kubernetes:batch/v1:Job"
NOWHERE = {"no": "where"}


def test_a_rollout_is_waited_for(engine: Engine, namespace: str) -> None:
    kept = engine.create(DEPLOYMENT, deployment(namespace, replicas=2))
    assert kept.outputs["status"]["availableReplicas"] == 2
    kept = engine.update(kept, deployment(namespace, replicas=3, image="app:2"))
    assert kept.outputs["status"]["updatedReplicas"] == 3
    assert kept.outputs["status"]["availableReplicas"] == 3


def test_what_does_not_get_ready_is_kept_and_finished_by_the_next_update(
    engine: Engine, namespace: str
) -> None:
    inputs = deployment(namespace, nodeSelector=NOWHERE)
    began = time.monotonic()
    with pytest.raises(Failed) as failed:
        engine.create(DEPLOYMENT, inputs, timeout=1.5)
    assert time.monotonic() - began < 4
    message = str(failed.value)
    assert f"Deployment {namespace}/app is not ready after 1.5 s" in message
    assert "0 of 1 replicas are available" in message
    assert "Unschedulable" in message
    assert failed.value.kept is not None
    kept = Kept(
        DEPLOYMENT,
        "it",
        failed.value.kept.id,
        engine.check(DEPLOYMENT, inputs),
        from_struct(failed.value.kept.properties),
    )
    assert kept.id == f"{namespace}/app"
    assert kept.outputs["metadata"]["uid"]
    kept = engine.update(kept, deployment(namespace))
    assert kept.outputs["status"]["availableReplicas"] == 1


@pytest.mark.parametrize("annotation", ["skipAwait", "waitFor"])
def test_annotations_replace_the_rule(engine: Engine, namespace: str, annotation: str) -> None:
    value = {"skipAwait": "true", "waitFor": '["jsonpath={.status.unavailableReplicas}=1"]'}[annotation]
    kept = engine.create(
        DEPLOYMENT, annotated(deployment(namespace, nodeSelector=NOWHERE), **{annotation: value})
    )
    assert kept.outputs["status"].get("availableReplicas", 0) == 0


def test_an_annotation_sets_the_time(engine: Engine, namespace: str) -> None:
    inputs = annotated(config_map(namespace, a="b"), waitFor="jsonpath={.data.ready}=yes", timeoutSeconds="1")
    with pytest.raises(Failed, match=r"not ready after 1 s: jsonpath=\{.data.ready\}=yes does not hold"):
        engine.create(CONFIG_MAP, inputs)


def test_a_load_balancer_s_address_is_waited_for(engine: Engine, namespace: str, region: Region) -> None:
    spec = {"type": "LoadBalancer", "loadBalancerClass": "service.k8s.aws/nlb", "ports": [{"port": 443}]}
    path = f"/api/v1/namespaces/{namespace}/services/entry"

    def give() -> None:
        deadline = time.monotonic() + 10
        while region.api.find(path) is None and time.monotonic() < deadline:
            time.sleep(0.05)
        status = {"status": {"loadBalancer": {"ingress": [{"hostname": "lb.example.com"}]}}}
        region.api.call("PATCH", f"{path}/status", status, content_type=MERGE)

    thread = threading.Thread(target=give)
    thread.start()
    kept = engine.create(SERVICE, named("entry", namespace, spec=spec))
    thread.join()
    assert kept.outputs["status"]["loadBalancer"]["ingress"] == [{"hostname": "lb.example.com"}]

    with pytest.raises(Failed, match=r"no load-balancer address yet \(class service.k8s.aws/nlb\)"):
        engine.create(SERVICE, named("other", namespace, spec=spec), timeout=1)


def claim(namespace: str, class_: str) -> Properties:
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": class_,
        "resources": {"requests": {"storage": "1Gi"}},
    }
    return named("claim", namespace, spec=spec)


def test_claims_wait_unless_they_bind_late(engine: Engine, namespace: str) -> None:
    for name, mode in (("late", "WaitForFirstConsumer"), ("early", "Immediate")):
        class_ = {
            "metadata": {"name": f"{namespace}-{name}"},
            "provisioner": "a/b",
            "volumeBindingMode": mode,
        }
        engine.create("kubernetes:storage.k8s.io/v1:StorageClass", class_, name)
    late = engine.create(CLAIM, claim(namespace, f"{namespace}-late"))
    assert late.outputs["status"]["phase"] == "Pending"
    engine.delete(late)
    with pytest.raises(Failed, match="the claim is Pending, not Bound"):
        engine.create(CLAIM, claim(namespace, f"{namespace}-early"), timeout=1)


def test_a_job_is_waited_for(engine: Engine, namespace: str) -> None:
    template = pod_template(restartPolicy="Never")
    kept = engine.create(JOB, named("once", namespace, spec={"template": template}))
    assert kept.outputs["status"]["succeeded"] == 1


def test_a_failed_job_is_not_waited_for(engine: Engine, namespace: str) -> None:
    spec = {"template": pod_template(restartPolicy="Never", nodeSelector=NOWHERE), "activeDeadlineSeconds": 1}
    began = time.monotonic()
    with pytest.raises(Failed, match="will not become so by waiting: the job failed: DeadlineExceeded"):
        engine.create(JOB, named("once", namespace, spec=spec))
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("StatefulSet", {"serviceName": "app", "replicas": 2}),
        ("DaemonSet", {}),
    ],
)
def test_other_workloads(engine: Engine, namespace: str, kind: str, spec: Properties) -> None:
    given = {"selector": {"matchLabels": {"app": "app"}}, "template": pod_template(), **spec}
    kept = engine.create(f"kubernetes:apps/v1:{kind}", named("app", namespace, spec=given))
    ready = {"StatefulSet": "readyReplicas", "DaemonSet": "numberAvailable"}[kind]
    assert kept.outputs["status"][ready] == spec.get("replicas", 1)


def test_an_interrupt_ends_the_wait_at_once(engine: Engine, namespace: str) -> None:
    timer = threading.Timer(0.5, lambda: engine.stub.Cancel(empty_pb2.Empty()))
    timer.start()
    began = time.monotonic()
    with pytest.raises(Failed, match="not ready when it was interrupted"):
        engine.create(DEPLOYMENT, deployment(namespace, nodeSelector=NOWHERE))
    assert time.monotonic() - began < 8


def test_an_object_that_vanishes_while_it_is_waited_for(
    engine: Engine, namespace: str, region: Region
) -> None:
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/app"
    timer = threading.Timer(0.5, lambda: region.api.call("DELETE", path))
    timer.start()
    with pytest.raises(Failed, match="app was deleted while it was waited for"):
        engine.create(DEPLOYMENT, deployment(namespace, nodeSelector=NOWHERE))


def test_a_refresh_notes_what_is_not_ready(engine: Engine, namespace: str) -> None:
    ready = engine.create(DEPLOYMENT, deployment(namespace))
    late = annotated(deployment(namespace, nodeSelector=NOWHERE), skipAwait="true")
    kept = engine.update(ready, late)
    assert engine.read(kept) is not None  # what is not to be waited for is not asked about
    with pytest.raises(Failed, match=r"replicas are of this version|are available|not gone") as failed:
        engine.update(kept, deployment(namespace, nodeSelector=NOWHERE), timeout=1)
    assert failed.value.kept is not None
    kept = replace(kept, inputs=engine.check(DEPLOYMENT, deployment(namespace, nodeSelector=NOWHERE)))
    with pytest.raises(Failed, match="is not ready") as failed:
        engine.read(kept)
    assert failed.value.kept is not None
    assert from_struct(failed.value.kept.inputs) == kept.inputs
    assert engine.update(kept, deployment(namespace)).outputs["status"]["availableReplicas"] == 1
