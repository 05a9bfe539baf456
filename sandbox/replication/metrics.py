"""S3's replication metrics: pure.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/repl-metrics.html: bytes and operations pending and
the latency in the region of the destination, failures in that of the source, every minute. That a rule with
Replication Time Control begins to report only after 15 minutes is not modelled.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.replication.rules import Rule
from sandbox.replication.versions import Operation

NAMESPACE = "AWS/S3"
SECONDS = 60.0


@dataclass(kw_only=True)
class Tally:
    """What happened by one rule since metrics were last published; `latencies` in seconds."""

    latencies: list[float] = field(default_factory=list[float])
    failed: int = 0

    @property
    def busy(self) -> bool:
        return bool(self.latencies or self.failed)


@dataclass(frozen=True, kw_only=True)
class Backlog:
    """What waits. `seconds`: for how long the oldest has waited."""

    operations: int
    bytes: int
    seconds: float


def backlog(operations: Sequence[Operation], now: float) -> Backlog:
    """Of the operations of one rule."""
    return Backlog(
        operations=len(operations),
        bytes=sum(one.version.size for one in operations),
        seconds=max((max(0.0, now - one.version.modified) for one in operations), default=0.0),
    )


def metric_data(
    rule: Rule, waiting: Backlog, tally: Tally, now: dt.datetime
) -> dict[str, list[dict[str, Any]]]:
    """AWS location → MetricData of a PutMetricData.

    The backlog is published also when nothing is replicated; latency and failures only with traffic.
    """
    busy = tally.busy or waiting.operations > 0
    there = [
        ("BytesPendingReplication", float(waiting.bytes), "Bytes"),
        ("OperationsPendingReplication", float(waiting.operations), "Count"),
    ]
    here: list[tuple[str, float, str]] = []
    if busy:
        there.append(("ReplicationLatency", max([waiting.seconds, *tally.latencies]), "Seconds"))
        here.append(("OperationsFailedReplication", float(tally.failed), "Count"))
    dimensions = [
        {"Name": "SourceBucket", "Value": rule.source},
        {"Name": "DestinationBucket", "Value": rule.destination},
        {"Name": "RuleId", "Value": rule.id},
    ]
    data: dict[str, list[dict[str, Any]]] = {}
    for location, values in ((rule.destination_location, there), (rule.source_location, here)):
        data.setdefault(location, []).extend(
            {"MetricName": name, "Dimensions": dimensions, "Value": value, "Unit": unit, "Timestamp": now}
            for name, value, unit in values
        )
    return {location: values for location, values in data.items() if values}
