"""From 2 to 24 regions and from 2 to 8 zones by the same code: what grows, with what, and what must not."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from typing import Any

import pytest

from config.checks import MAX_PEERS, MAX_REGIONS, index_problems
from config.platform import Platform
from tests.program.recording import Recording
from tests.program.regions import PLATFORM, outputs_of, record_region, region_text

pytestmark = pytest.mark.slow

LOCATIONS = [
    f"{area}-{side}-{number}"
    for area in ("us", "eu", "ap", "sa")
    for side in ("east", "west")
    for number in (1, 2, 3)
]

PER_PEER = {
    "pulumi:pulumi:StackReference": 1,
    "kubernetes:core/v1:Secret": 1,
    "kubernetes:monitoring.coreos.com/v1:Probe": 1,
    "kubernetes:velero.io/v1:BackupStorageLocation": 1,
    "aws:cloudwatch/metricAlarm:MetricAlarm": 9,
    # The region owns the copy of models: its peers' pods may read it.
    "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider": 1,
}
"""What one peer more costs a region; the alarms are three for each of three replicated buckets."""


def platform(count: int, targets: list[int]) -> dict[str, Any]:
    """A platform of ``count`` regions; region number ``n`` fails over to region ``targets[n]``."""
    names = ["us-east", *(f"region-{number}" for number in range(1, count))]
    text = deepcopy(PLATFORM)
    text["regions"] = {
        name: {
            "cloud": "aws",
            "location": LOCATIONS[number],
            "cidr": f"10.{number * 8}.0.0/16",
            "failoverTo": names[targets[number]],
        }
        for number, name in enumerate(names)
    }
    return text


def pairs(count: int) -> dict[str, Any]:
    return platform(count, [number ^ 1 for number in range(count)])


def ring(count: int) -> dict[str, Any]:
    return platform(count, [(number + 1) % count for number in range(count)])


def region(platform_text: dict[str, Any], name: str, zones: int = 3) -> dict[str, Any]:
    text = deepcopy(region_text("us-east"))
    location = platform_text["regions"][name]["location"]
    text["zones"] = [f"{location}{letter}" for letter in "abcdefgh"[:zones]]
    return text


def joined(platform_text: dict[str, Any], name: str = "us-east") -> Recording:
    """The region with every peer joined."""
    peers = Platform.model_validate(platform_text).peers(name)
    outputs = {
        peer: outputs_of(record_region(peer, platform=platform_text, region=region(platform_text, peer)))
        for peer in peers
    }
    recording = record_region(name, outputs, platform_text, region(platform_text, name))
    assert recording.exports["joinedPeers"] == list(peers)
    return recording


def kinds(recording: Recording) -> Counter[str]:
    return Counter(resource.type for resource in recording.resources)


@pytest.fixture(scope="module")
def of_two() -> Recording:
    return joined(pairs(2))


def test_a_region_is_as_large_among_24_as_among_2(of_two: Recording):
    assert kinds(joined(pairs(24))) == kinds(of_two)


def test_a_second_peer_adds_only_what_a_peer_needs(of_two: Recording):
    more = kinds(joined(ring(24)))
    more.subtract(kinds(of_two))
    assert {kind: count for kind, count in more.items() if count} == PER_PEER


def test_every_one_of_24_regions_is_made_alike():
    text = ring(24)
    sizes = {
        name: kinds(record_region(name, platform=text, region=region(text, name))) for name in text["regions"]
    }
    assert len(sizes) == 24
    own = dict(sizes["region-2"])
    owner = sizes.pop("us-east")
    assert {kind for kind in owner if owner[kind] > own.get(kind, 0)} >= {"gcp:storage/bucket:Bucket"}
    assert not [kind for size in sizes.values() for kind in size if kind.startswith("gcp:")]
    for name, size in sizes.items():
        differs = {kind for kind in {*own, *size} if own.get(kind, 0) != size.get(kind, 0)}
        # Alarms of Route 53 live in us-east-1; the one record of inference-dr is at the primary's target.
        assert differs <= {
            "aws:sns/topic:Topic",
            "aws:sns/topicPolicy:TopicPolicy",
            "aws:kms/key:Key",
            "aws:route53/record:Record",
        }, name


def test_replication_goes_to_peers_and_not_to_all(of_two: Recording):
    for recording, peers in ((of_two, 1), (joined(ring(24)), 2)):
        rules = [
            r.inputs["rules"] for r in recording.of("aws:s3/bucketReplicationConfig:BucketReplicationConfig")
        ]
        assert [len(rule) for rule in rules] == [peers] * 3


def test_a_hub_for_all_is_refused():
    hub = Platform.model_validate(platform(MAX_REGIONS, [1, *[0] * (MAX_REGIONS - 1)]))
    found = [str(problem) for problem in index_problems("platform", hub.regions, frozenset(hub.regions))]
    assert any(f"us-east: 23 peers: {MAX_PEERS} at most" in problem for problem in found)


@pytest.mark.parametrize("zones", [2, 3, 5, 8])
def test_what_a_zone_costs_is_the_same_for_each(zones: int):
    text = pairs(2)
    text["inference"] = {**text["inference"], "replicas": 6, "minAvailable": 3}
    recording = record_region("us-east", platform=text, region=region(text, "us-east", zones))
    counted = kinds(recording)
    assert counted["aws:ec2/natGateway:NatGateway"] == zones
    assert counted["aws:ec2/subnet:Subnet"] == 2 * zones
    assert counted["aws:eks/nodeGroup:NodeGroup"] == zones + 1
