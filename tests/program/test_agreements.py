"""What components must agree on without knowing each other, seen in a whole region."""

from __future__ import annotations

from typing import Any

import pytest

from tests.program.recording import Recording
from tests.program.regions import outputs_of, record_region


@pytest.fixture(scope="module")
def region() -> Recording:
    return record_region("us-east", {"eu-west": outputs_of(record_region("eu-west"))})


def values(region: Recording, release: str) -> dict[str, Any]:
    return region.named(f"addons-{release}").inputs["values"]


def objects(region: Recording, kind: str) -> list[dict[str, Any]]:
    return [r.inputs for r in region.resources if r.inputs.get("kind") == kind]


def test_the_blackbox_exporter_knows_every_module_that_a_probe_asks_for(region: Recording):
    known = values(region, "prometheus-blackbox-exporter")["config"]["modules"]
    asked = {probe["spec"]["module"] for probe in objects(region, "Probe")}
    assert len(asked) == 2
    assert asked <= set(known)


def test_alertmanager_takes_the_region_s_configuration(region: Recording):
    spec = values(region, "kube-prometheus-stack")["alertmanager"]["alertmanagerSpec"]
    wanted = spec["alertmanagerConfigSelector"]["matchLabels"]
    (config,) = objects(region, "AlertmanagerConfig")
    assert wanted.items() <= config["metadata"]["labels"].items()


def test_the_event_bus_is_of_a_version_whose_images_are_pinned(region: Recording):
    (bus,) = objects(region, "EventBus")
    versions = values(region, "argo-events")["configs"]["jetstream"]["versions"]
    assert bus["spec"]["jetstream"]["version"] in {entry["version"] for entry in versions}


def test_velero_s_default_location_is_one_that_is_made(region: Recording):
    names = {location["metadata"]["name"] for location in objects(region, "BackupStorageLocation")}
    default = values(region, "velero")["configuration"]["defaultBackupStorageLocation"]
    assert default in names
    for schedule in objects(region, "Schedule"):
        assert schedule["spec"]["template"]["storageLocation"] == default


def test_istiod_gets_the_secrets_that_peers_are_joined_by(region: Recording):
    secrets = [
        s for s in objects(region, "Secret") if s["metadata"]["name"].startswith("istio-remote-secret-")
    ]
    assert [s["metadata"]["labels"]["istio/multiCluster"] for s in secrets] == ["true"]
    assert {s["metadata"]["namespace"] for s in secrets} == {"istio-system"}


def test_alert_and_event_source_know_the_same_token(region: Recording):
    tokens = [
        s["stringData"] for s in objects(region, "Secret") if s["metadata"]["name"] == "failover-webhook"
    ]
    assert len(tokens) == 2
    assert tokens[0] == tokens[1]
    assert len(tokens[0]["token"]) == 64


def test_replication_is_watched_by_the_rules_that_are_made(region: Recording):
    made = {
        rule["id"]
        for config in region.of("aws:s3/bucketReplicationConfig:BucketReplicationConfig")
        for rule in config.inputs["rules"]
    }
    exporter = region.object("ConfigMap", "replication-exporter")["data"]
    assert made == {"to-eu-west"}
    assert all(rule in str(exporter) for rule in ("to-eu-west", "to-us-east"))


def test_the_service_is_routed_to_where_it_is(region: Recording):
    service = region.object("Service", "inference-service")
    rule = region.object("DestinationRule", "inference-failover")
    name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
    assert rule["spec"]["host"] == f"{name}.{namespace}.svc.cluster.local"
    deployment = region.object("Deployment", "inference-service")
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()


def test_a_service_never_waits_for_pods_that_wait_for_it(region: Recording):
    """Pulumi's own provider waits for a Service's endpoints, and the workload comes after its Service."""
    services = [r for r in region.resources if r.inputs.get("kind") == "Service"]
    for service in services:
        annotations = service.inputs["metadata"].get("annotations", {})
        waits = annotations.get("pulumi.com/skipAwait") != "true"
        assert waits == (service.inputs["spec"]["type"] == "LoadBalancer"), service.name
    assert len(services) == 5
