"""What the budgets count with is what the program deploys: the same numbers, seen in a whole region."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from config import timings
from config.budgets import quotas
from config.budgets.quotas import Quota
from config.platform import Platform
from config.region import Region
from config.types import duration_text
from tests.program.recording import Recording
from tests.program.regions import PLATFORM, outputs_of, record_region, region_text


@pytest.fixture(scope="module")
def region() -> Recording:
    """The failover target of the primary, which has one record more than the others."""
    first = outputs_of(record_region("us-east"))
    return record_region("eu-west", {"us-east": first})


@pytest.fixture(scope="module")
def used() -> dict[str, Quota]:
    platform = Platform.model_validate(PLATFORM)
    regions = {name: Region.model_validate(region_text(name)) for name in platform.regions}
    return {quota.name: quota for quota in quotas.quotas(platform.regions, regions)}


def one(region: Recording, kind: str, name: str = "") -> dict[str, Any]:
    (found,) = [
        r.inputs
        for r in region.resources
        if r.inputs.get("kind") == kind and name in ("", r.inputs["metadata"]["name"])
    ]
    return found["spec"]


def seconds(duration: timedelta) -> int:
    return int(duration.total_seconds())


def test_detection_of_a_lost_region(region: Recording):
    (check,) = region.of("aws:route53/healthCheck:HealthCheck")
    assert check.inputs["requestInterval"] == seconds(timings.PROBE_INTERVAL)
    assert check.inputs["failureThreshold"] == timings.PROBE_FAILURES
    ttls = {r.inputs["ttl"] for r in region.of("aws:route53/record:Record") if "validation" not in r.name}
    assert ttls == {seconds(timings.DNS_TTL)}


def test_detection_of_a_lost_zone(region: Recording):
    policy = one(region, "DestinationRule", "inference-failover")["trafficPolicy"]
    outlier = policy["outlierDetection"]
    assert outlier["consecutive5xxErrors"] == timings.OUTLIER_ERRORS
    assert outlier["interval"] == duration_text(timings.OUTLIER_INTERVAL)
    assert policy["connectionPool"]["tcp"]["connectTimeout"] == duration_text(timings.CONNECT_TIMEOUT)


def test_a_replica_more(region: Recording):
    pod = one(region, "Deployment", "inference-service")["template"]["spec"]
    readiness = pod["containers"][0]["readinessProbe"]
    assert readiness["initialDelaySeconds"] == seconds(timings.READINESS_DELAY)
    assert readiness["periodSeconds"] == seconds(timings.READINESS_PERIOD)
    stay = {t["tolerationSeconds"] for t in pod["tolerations"] if t["effect"] == "NoExecute"}
    assert stay == {seconds(timings.TOLERATION)}
    disks = {
        mapping["ebs"]["throughput"]
        for template in region.of("aws:ec2/launchTemplate:LaunchTemplate")
        if template.name.startswith("gpu-node-pools")
        for mapping in template.inputs["blockDeviceMappings"]
    }
    assert disks == {timings.DISK_MIB_PER_SECOND}


def test_a_raised_floor(region: Recording):
    probes = [r.inputs["spec"] for r in region.resources if r.inputs.get("kind") == "Probe"]
    assert {probe["interval"] for probe in probes} == {duration_text(timings.PEER_PROBE)}
    groups = {group["name"]: group for group in one(region, "PrometheusRule")["groups"]}
    assert groups["standfast-records"]["interval"] == duration_text(timings.PEER_RECORD)
    assert groups["peer-regions"]["interval"] == duration_text(timings.ALERT_EVALUATION)
    recorded = "".join(rule["expr"] for rule in groups["standfast-records"]["rules"])
    assert f"[{duration_text(timings.PEER_WINDOW)}]" in recorded
    (down,) = [r for r in groups["peer-regions"]["rules"] if r["alert"] == "PeerRegionDown"]
    assert down["for"] == duration_text(timings.PEER_DOWN_FOR)
    (route,) = [
        r for r in one(region, "AlertmanagerConfig")["route"]["routes"] if r["receiver"] == "failover"
    ]
    assert route["groupWait"] == duration_text(timings.PEER_GROUP_WAIT)


def test_copies_in_a_peer(region: Recording):
    for replication in region.of("aws:s3/bucketReplicationConfig:BucketReplicationConfig"):
        for rule in replication.inputs["rules"]:
            minutes = rule["destination"]["replicationTime"]["time"]["minutes"]
            assert timedelta(minutes=minutes) == timings.REPLICATION
    job = one(region, "CronJob", "model-registry-backup")
    assert job["startingDeadlineSeconds"] == seconds(timings.BACKUP_START)
    # One hour, less interval, start, and the 20 min 3 s in which 140 GiB are in the peer.
    assert job["jobTemplate"]["spec"]["activeDeadlineSeconds"] == 3600 - 1800 - 60 - 1203


@pytest.mark.parametrize(
    ("quota", "kind"),
    [
        ("Route 53 health checks", "aws:route53/healthCheck:HealthCheck"),
        ("S3 buckets", "aws:s3/bucket:Bucket"),
        ("IAM roles", "aws:iam/role:Role"),
    ],
)
def test_what_grows_with_regions_is_what_each_registers(
    region: Recording, used: dict[str, Quota], quota: str, kind: str
):
    of_the_copy = quotas.ROLES_OF_THE_COPY if quota == "IAM roles" else 0
    assert used[quota].used == 2 * len(region.of(kind)) + of_the_copy


def test_the_owner_of_the_copy_has_its_roles_on_top(region: Recording):
    owner = record_region("us-east", {"eu-west": outputs_of(region)})
    role = "aws:iam/role:Role"
    assert len(owner.of(role)) == len(region.of(role)) + quotas.ROLES_OF_THE_COPY


@pytest.mark.parametrize(
    ("quota", "kind"),
    [
        ("EKS managed node groups", "aws:eks/nodeGroup:NodeGroup"),
        ("elastic addresses", "aws:ec2/eip:Eip"),
        ("VPCs", "aws:ec2/vpc:Vpc"),
        ("EKS clusters", "aws:eks/cluster:Cluster"),
    ],
)
def test_what_one_region_uses_is_what_it_registers(
    region: Recording, used: dict[str, Quota], quota: str, kind: str
):
    assert used[quota].used == len(region.of(kind))


def test_records_are_those_of_every_region_and_of_the_zone_itself(region: Recording, used: dict[str, Quota]):
    each = len(region.of("aws:route53/record:Record")) - 1
    assert used["records"].used == 2 * each + 1 + 2
    names = [r.inputs["name"] for r in region.of("aws:route53/record:Record") if r.name.endswith("-entry")]
    assert used["records of one name and type"].used == 2 * len(names)


def test_what_grows_with_peers_is_what_a_peer_costs(region: Recording, used: dict[str, Quota]):
    (rules,) = {
        len(r.inputs["rules"]) for r in region.of("aws:s3/bucketReplicationConfig:BucketReplicationConfig")
    }
    assert used["replication rules"].used == rules
    (cluster,) = region.of("aws:eks/cluster:Cluster")
    access = cluster.inputs["vpcConfig"]["publicAccessCidrs"]
    assert used["remote secrets: peers' addresses at the API"].used == len(access)
    gateway = one(region, "Service", "istio-eastwestgateway")
    sources, ports = gateway["loadBalancerSourceRanges"], gateway["ports"]
    assert used["rules of the east-west gateway's security group"].used == len(sources) * len(ports)
