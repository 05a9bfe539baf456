"""Lifecycle, replication rules and alarms."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from components.model_buckets.desired import RETENTION, RTC_BACKLOG_BYTES, Retention, rule_id
from components.model_buckets.settings_aws import Alarm, alarms, lifecycle, replication_rules
from config.platform import Purpose
from config.timings import REPLICATION_MINUTES
from tests.unit.model_buckets.outputs import value_of
from tests.unit.model_buckets.test_policies import peer

ARCHIVE_MINIMUM_DAYS = 90


class TestRetention:
    def test_every_purpose_has_one(self) -> None:
        assert set(RETENTION) == set(Purpose)

    def test_only_the_registrys_backup_is_archived(self) -> None:
        assert [purpose for purpose, kept in RETENTION.items() if kept.archive] == [
            Purpose.MODEL_REGISTRY_BACKUP
        ]

    def test_nothing_is_dropped_from_the_archive_before_it_has_been_paid_for(self) -> None:
        assert RETENTION[Purpose.MODEL_REGISTRY_BACKUP].noncurrent_days >= ARCHIVE_MINIMUM_DAYS


class TestLifecycle:
    @given(
        st.builds(
            Retention,
            noncurrent_days=st.integers(1, 3650),
            noncurrent_versions=st.integers(0, 100),
            archive=st.booleans(),
        )
    )
    def test_current_versions_never_expire(self, retention: Retention) -> None:
        rules = lifecycle(retention)
        assert len({rule["id"] for rule in rules}) == len(rules)
        for rule in rules:
            assert rule["status"] == "Enabled"
            assert rule["filter"] == {"prefix": ""}
            assert rule.get("expiration", {"expired_object_delete_marker": True}) == {
                "expired_object_delete_marker": True
            }

    def test_replaced_versions_and_unfinished_uploads_go(self) -> None:
        rules = {rule["id"]: rule for rule in lifecycle(Retention(noncurrent_days=30, noncurrent_versions=3))}
        assert rules["expire-noncurrent"]["noncurrent_version_expiration"] == {
            "noncurrent_days": 30,
            "newer_noncurrent_versions": 3,
        }
        assert rules["abort-incomplete-uploads"]["abort_incomplete_multipart_upload"] == {
            "days_after_initiation": 7
        }
        assert "archive" not in rules

    def test_the_archive_is_the_lessons(self) -> None:
        rules = {rule["id"]: rule for rule in lifecycle(RETENTION[Purpose.MODEL_REGISTRY_BACKUP])}
        assert rules["archive"]["transitions"] == [{"days": 0, "storage_class": "GLACIER_IR"}]


class TestReplicationRules:
    @given(
        st.lists(st.sampled_from([f"region-{n}" for n in range(9)]), unique=True), st.sampled_from(Purpose)
    )
    def test_one_rule_a_peer_with_unique_priorities(self, regions: list[str], purpose: Purpose) -> None:
        rules = replication_rules(purpose, [peer(region) for region in regions])
        assert [rule["id"] for rule in rules] == [f"to-{region}" for region in sorted(regions)]
        assert [rule["priority"] for rule in rules] == list(range(1, len(regions) + 1))

    def test_a_rule_promises_fifteen_minutes_for_everything_in_the_bucket(self) -> None:
        (rule,) = replication_rules(Purpose.MODEL_REGISTRY, [peer()])
        assert rule == {
            "id": "to-eu-west",
            "priority": 1,
            "status": "Enabled",
            "filter": {"prefix": ""},
            "delete_marker_replication": {"status": "Enabled"},
            "source_selection_criteria": {
                "sse_kms_encrypted_objects": {"status": "Enabled"},
                "replica_modifications": {"status": "Enabled"},
            },
            "destination": {
                "bucket": "arn:aws:s3:::standfast-model-registry-eu-west-123456789012",
                "encryption_configuration": {"replica_kms_key_id": peer().kms_key_arn},
                "replication_time": {"status": "Enabled", "time": {"minutes": 15}},
                "metrics": {"status": "Enabled", "event_threshold": {"minutes": 15}},
            },
        }

    def test_each_purpose_goes_to_its_own_kind(self) -> None:
        for purpose in Purpose:
            (rule,) = replication_rules(purpose, [peer()])
            assert rule["destination"]["bucket"] == peer().bucket_arns[purpose]


class TestAlarms:
    BUCKET = "standfast-model-registry-us-east-123456789012"
    PEER_BUCKET = "standfast-model-registry-eu-west-123456789012"

    def alarms(self) -> dict[str, Alarm]:
        found: list[Alarm] = []

        def make() -> list[dict[str, object]]:
            found.extend(alarms(Purpose.MODEL_REGISTRY, self.BUCKET, "us-east", peer()))
            return [dict(alarm.dimensions) for alarm in found]

        resolved = value_of(make)
        return {
            alarm.metric: replace(alarm, dimensions=dimensions)
            for alarm, dimensions in zip(found, resolved, strict=True)
        }

    def test_the_numbers_are_the_promise(self) -> None:
        found = self.alarms()
        assert found["ReplicationLatency"].threshold == REPLICATION_MINUTES * 60 == 900
        assert found["BytesPendingReplication"].threshold == RTC_BACKLOG_BYTES == 112_500_000_000
        assert found["OperationsFailedReplication"].threshold == 0

    def test_latency_and_backlog_are_watched_where_they_are_published_at_the_destination(self) -> None:
        for metric in ("ReplicationLatency", "BytesPendingReplication"):
            assert self.alarms()[metric].dimensions == {
                "SourceBucket": self.PEER_BUCKET,
                "DestinationBucket": self.BUCKET,
                "RuleId": "to-us-east",
            }

    def test_failures_are_watched_at_the_source(self) -> None:
        assert self.alarms()["OperationsFailedReplication"].dimensions == {
            "SourceBucket": self.BUCKET,
            "DestinationBucket": self.PEER_BUCKET,
            "RuleId": "to-eu-west",
        }

    def test_the_rules_that_are_watched_are_those_that_the_peer_makes(self) -> None:
        (theirs,) = replication_rules(Purpose.MODEL_REGISTRY, [replace(peer(), region="us-east")])
        assert self.alarms()["ReplicationLatency"].dimensions["RuleId"] == theirs["id"] == rule_id("us-east")

    def test_silence_means_trouble_only_for_the_metric_that_is_always_published(self) -> None:
        assert {metric: alarm.missing for metric, alarm in self.alarms().items()} == {
            "ReplicationLatency": "notBreaching",
            "BytesPendingReplication": "breaching",
            "OperationsFailedReplication": "notBreaching",
        }

    def test_a_new_peer_has_the_time_that_metrics_need_to_begin(self) -> None:
        backlog = self.alarms()["BytesPendingReplication"]
        assert backlog.seconds * backlog.breaching > REPLICATION_MINUTES * 60
