"""Replicates by all rules, pass after pass."""

from __future__ import annotations

import datetime as dt
import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from sandbox.paths import write_atomic
from sandbox.providers.aws.clients import Clients
from sandbox.replication import metrics
from sandbox.replication.control import Control, Stopped
from sandbox.replication.copying import Copier
from sandbox.replication.journal import Journal, Status
from sandbox.replication.metrics import Backlog, Tally, backlog
from sandbox.replication.rule_book import RuleBook
from sandbox.replication.rules import Rule
from sandbox.replication.tags import Tags
from sandbox.replication.versions import Operation, Pace, Version, histories, pending

_log = logging.getLogger(__name__)

RULES_SECONDS = 5.0
TAGS_SECONDS = 5.0
IDLE_SECONDS = 2.0
"""How often a bucket is looked at in which nothing has changed lately: each look costs moto time."""
BUSY_SECONDS = 30.0
_HOME = "us-east-1"
_CONTROL_SECONDS = 0.4


@dataclass(frozen=True, kw_only=True)
class _Look:
    """What a bucket held at a time, and since when (both monotonic)."""

    at: float
    changed: float
    found: dict[str, list[Version]]


class Replicator:
    """One pass looks at every bucket with rules and makes the replicas that are due.

    `status` is written at each pass: {"t", "rules": [{"id", "source", "destination", "operations", "bytes",
    "latency_s", "stopped"}]}. `events` takes a JSON line for each replica: {"t", "rule", "source",
    "destination", "key", "version", "marker", "size", "modified", "status"}.
    """

    def __init__(
        self, clients: Clients, journal: Journal, control: Control, pace: Pace, *, status: Path, events: Path
    ) -> None:
        self._clients, self._journal, self._control, self._pace = clients, journal, control, pace
        self._status, self._events = status, events
        self._s3 = clients.plain("s3", _HOME)
        self._book = RuleBook(clients, journal)
        self._copier, self._tags = Copier(self._s3, journal), Tags(self._s3, journal)
        self._rules_at = self._tags_at = float("-inf")
        self._published_at = time.monotonic()
        self._seen: dict[tuple[str, str, str], float] = {}
        self._looks: dict[str, _Look] = {}
        self._tallies: dict[tuple[str, str], Tally] = {}

    def step(self) -> None:
        """One pass. Raises botocore's errors when moto does not answer."""
        if time.monotonic() - self._rules_at >= RULES_SECONDS:
            self._book.refresh()
            self._rules_at = time.monotonic()
        history = {source: self._history(source) for source in {rule.source for rule in self._book.rules}}
        operations = [one for source, found in history.items() for one in self._pending(source, found)]
        self._replicate(operations)
        stopped = self._control.read()
        if time.monotonic() - self._tags_at >= TAGS_SECONDS:
            self.sync_tags(history, stopped)
            self._tags_at = time.monotonic()
        waiting = self.waiting(
            [one for one in operations if not self._journal.settled(one.rule, one.version)]
        )
        self._show(waiting, stopped)
        if time.monotonic() - self._published_at >= metrics.SECONDS:
            self.publish(waiting, stopped)
            self._published_at = time.monotonic()

    def _history(self, source: str) -> dict[str, list[Version]]:
        """What is in a bucket; as it was at the last look while nothing goes on there."""
        look, now = self._looks.get(source), time.monotonic()
        if look is not None and now - look.changed > BUSY_SECONDS and now - look.at < IDLE_SECONDS:
            return look.found
        found = self._listed(source)
        same = look is not None and look.found == found
        self._looks[source] = _Look(
            at=now, changed=look.changed if look is not None and same else now, found=found
        )
        return found

    def _listed(self, source: str) -> dict[str, list[Version]]:
        try:
            found = histories(self._s3.get_paginator("list_object_versions").paginate(Bucket=source))
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchBucket":
                return {}
            raise
        now = time.time()
        for versions in found.values():
            for version in versions:
                # Dates hold whole seconds: what is first seen within one is known more exactly.
                self._seen.setdefault((source, version.key, version.id), min(now, version.modified + 1.0))
        return found

    def _pending(self, source: str, history: Mapping[str, Sequence[Version]]) -> list[Operation]:
        return pending(
            [rule for rule in self._book.rules if rule.source == source],
            history,
            settled=self._journal.settled,
            since=lambda rule: self._journal.since(rule) or 0.0,
            seen=lambda version: self._seen[source, version.key, version.id],
            pace=self._pace,
        )

    def _replicate(self, operations: Sequence[Operation]) -> None:
        """What is due, oldest first. A key that has to wait keeps its later versions waiting."""
        now = time.time()
        stopped, read = self._control.read(), time.monotonic()
        due = [one for one in operations if one.due <= now]
        for one in sorted(due, key=lambda one: (one.version.modified, one.due, one.version.number)):
            if time.monotonic() - read >= _CONTROL_SECONDS:
                stopped, read = self._control.read(), time.monotonic()
            if stopped.stops(one.rule):
                continue
            status = self._copier.replicate(one.rule, one.version)
            if status is not None:
                self._note(one, status)

    def _note(self, done: Operation, status: Status) -> None:
        rule, version, now = done.rule, done.version, time.time()
        tally = self._tallies.setdefault((rule.source, rule.id), Tally())
        if status is Status.COMPLETED:
            tally.latencies.append(max(0.0, now - self._seen[rule.source, version.key, version.id]))
        elif status is Status.FAILED:
            tally.failed += 1
        event = {
            "t": now,
            "rule": rule.id,
            "source": rule.source,
            "destination": rule.destination,
            "key": version.key,
            "version": version.id,
            "marker": version.marker,
            "size": version.size,
            "modified": version.modified,
            "status": str(status),
        }
        with self._events.open("a") as stream:
            stream.write(json.dumps(event) + "\n")

    def sync_tags(self, history: Mapping[str, Mapping[str, Sequence[Version]]], stopped: Stopped) -> int:
        """Carry changed tags of one object a rule; how many."""
        return sum(
            self._tags.sync(rule, self._book.rules, history[rule.source], at_most=1)
            for rule in self._book.rules
            if not stopped.stops(rule)
        )

    def waiting(self, operations: Sequence[Operation]) -> list[tuple[Rule, Backlog]]:
        """What waits by each rule, of these operations."""
        now = time.time()
        return [
            (rule, backlog([one for one in operations if one.rule == rule], now)) for rule in self._book.rules
        ]

    def _show(self, waiting: Sequence[tuple[Rule, Backlog]], stopped: Stopped) -> None:
        shown: list[dict[str, Any]] = [
            {
                "id": rule.id,
                "source": rule.source,
                "destination": rule.destination,
                "operations": one.operations,
                "bytes": one.bytes,
                "latency_s": round(one.seconds, 3),
                "stopped": stopped.stops(rule),
            }
            for rule, one in waiting
        ]
        write_atomic(self._status, json.dumps({"t": time.time(), "rules": shown}, indent=1))

    def publish(self, waiting: Sequence[tuple[Rule, Backlog]], stopped: Stopped) -> None:
        """Tell CloudWatch. A region that is down counts nothing that leaves it and takes no metrics."""
        now = dt.datetime.now(dt.UTC)
        for rule, one in waiting:
            tally = self._tallies.pop((rule.source, rule.id), Tally())
            if not rule.metrics or rule.source_location in stopped.down:
                continue
            for location, data in metrics.metric_data(rule, one, tally, now).items():
                if location not in stopped.down:
                    self._clients.plain("cloudwatch", location).put_metric_data(
                        Namespace=metrics.NAMESPACE, MetricData=data
                    )
