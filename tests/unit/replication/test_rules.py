"""Rules as S3 reads them, and the metrics of one."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.replication.control import Control
from sandbox.replication.metrics import Backlog, Tally, backlog, metric_data
from sandbox.replication.rules import Rule, UnknownRuleError, rule_of
from sandbox.replication.versions import Operation, Version

LOCATIONS = {"a": "us-east-1", "b": "eu-west-1"}
ON = {"Status": "Enabled"}
SENT: dict[str, Any] = {
    "ID": "to-eu-west",
    "Priority": 1,
    "Filter": {"Prefix": ""},
    **ON,
    "DeleteMarkerReplication": ON,
    "SourceSelectionCriteria": {"SseKmsEncryptedObjects": ON, "ReplicaModifications": ON},
    "Destination": {
        "Bucket": "arn:aws:s3:::b",
        "EncryptionConfiguration": {"ReplicaKmsKeyID": "arn:aws:kms:eu-west-1:1:key/k"},
        "ReplicationTime": {**ON, "Time": {"Minutes": 15}},
        "Metrics": {**ON, "EventThreshold": {"Minutes": 15}},
    },
}


def _rule() -> Rule:
    rule = rule_of("a", SENT, LOCATIONS)
    assert rule is not None
    return rule


def test_a_rule_is_read_as_the_program_sends_it() -> None:
    assert _rule() == Rule(
        id="to-eu-west",
        source="a",
        source_location="us-east-1",
        destination="b",
        destination_location="eu-west-1",
        priority=1,
        delete_markers=True,
        encrypted=True,
        modifications=True,
        metrics=True,
        kms_key="arn:aws:kms:eu-west-1:1:key/k",
    )
    assert rule_of("a", {**SENT, "Status": "Disabled"}, LOCATIONS) is None


@pytest.mark.parametrize(
    "change",
    [
        {"Filter": {"Tag": {"Key": "k", "Value": "v"}}},
        {"ExistingObjectReplication": ON},
        {"Destination": {"Bucket": "arn:aws:s3:::b", "Account": "1"}},
        {"Destination": {"Bucket": "arn:aws:s3:::nowhere"}},
    ],
)
def test_what_is_not_modelled_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(UnknownRuleError, match="of a"):
        rule_of("a", {**SENT, **change}, LOCATIONS)


def test_metrics_are_told_where_they_belong() -> None:
    now = dt.datetime.now(dt.UTC)
    waiting = Backlog(operations=2, bytes=300, seconds=9.0)
    data = metric_data(_rule(), waiting, Tally(latencies=[4.0], failed=1), now)
    values = {place: {one["MetricName"]: one["Value"] for one in some} for place, some in data.items()}
    assert values == {
        "eu-west-1": {
            "BytesPendingReplication": 300.0,
            "OperationsPendingReplication": 2.0,
            "ReplicationLatency": 9.0,
        },
        "us-east-1": {"OperationsFailedReplication": 1.0},
    }
    dimensions = {one["Name"]: one["Value"] for one in data["eu-west-1"][0]["Dimensions"]}
    assert dimensions == {"SourceBucket": "a", "DestinationBucket": "b", "RuleId": "to-eu-west"}


def test_without_traffic_only_the_backlog_is_told() -> None:
    data = metric_data(_rule(), backlog([], 0.0), Tally(), dt.datetime.now(dt.UTC))
    assert {one["MetricName"] for some in data.values() for one in some} == {
        "BytesPendingReplication",
        "OperationsPendingReplication",
    }
    assert list(data) == ["eu-west-1"]


def test_a_backlog_is_as_old_as_its_oldest() -> None:
    operations = [
        Operation(
            rule=_rule(), version=Version(key="k", id=str(age), modified=100.0 - age, size=age), due=0.0
        )
        for age in (5, 20)
    ]
    assert backlog(operations, 100.0) == Backlog(operations=2, bytes=25, seconds=20.0)


def test_a_drill_stops_rules_by_their_regions(tmp_path: Path) -> None:
    file = tmp_path / "replication.json"
    control = Control(file, {"us-east": "us-east-1", "eu-west": "eu-west-1"})
    assert not control.read().stops(_rule())
    for said in ({"paused": ["eu-west"]}, {"down": ["us-east"]}):
        file.write_text(json.dumps(said))
        assert control.read().stops(_rule())
    file.write_text("{half")
    assert control.read().stops(_rule())
    file.write_text(json.dumps({"paused": [], "down": []}))
    assert not control.read().stops(_rule())
