"""The copy's settings, rights and alerts, before anything is registered."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.model_buckets import alerts_gcs, policies_gcs, settings_gcs
from components.model_buckets.desired import RETENTION
from config.platform import Purpose
from config.stores import Gcs


def gcs(**changes: Any) -> Gcs:
    entry = {"project": "standfast-models", "location": "eur4", "rpo": "2h", **changes}
    return Gcs.model_validate(entry)


def bucket(**changes: Any) -> dict[str, Any]:
    return settings_gcs.bucket("models", "standfast", gcs(**changes))


class TestBucket:
    def test_it_is_closed_versioned_and_gives_back_what_was_deleted(self) -> None:
        made = bucket()
        assert made["uniform_bucket_level_access"] is True
        assert made["public_access_prevention"] == "enforced"
        assert made["versioning"] == {"enabled": True}
        assert made["soft_delete_policy"] == {"retention_duration_seconds": 90 * 24 * 3600}
        assert bucket(retention="7d")["soft_delete_policy"] == {"retention_duration_seconds": 7 * 24 * 3600}

    def test_replication_is_said_where_there_are_two_places(self) -> None:
        assert bucket()["rpo"] == "ASYNC_TURBO"
        assert bucket(replication="default")["rpo"] == "DEFAULT"
        assert bucket(location="eu", replication="default")["rpo"] == "DEFAULT"
        assert "rpo" not in bucket(location="europe-west4", replication="default")

    def test_a_key_of_ones_own_is_optional(self) -> None:
        key = "projects/p/locations/eur4/keyRings/r/cryptoKeys/k"
        assert "encryption" not in bucket()
        assert bucket(kmsKey=key)["encryption"] == {"default_kms_key_name": key}

    def test_versions_are_kept_by_the_specification_of_s3(self) -> None:
        expire, abort = bucket()["lifecycle_rules"]
        kept = RETENTION[Purpose.MODEL_REGISTRY]
        assert expire["condition"]["days_since_noncurrent_time"] == kept.noncurrent_days
        # GCS counts the live one too.
        assert expire["condition"]["num_newer_versions"] == kept.noncurrent_versions + 1
        assert expire["condition"]["with_state"] == "ARCHIVED"
        assert abort["action"]["type"] == "AbortIncompleteMultipartUpload"

    def test_a_live_object_is_never_deleted(self) -> None:
        for rule in bucket()["lifecycle_rules"]:
            if rule["action"]["type"] == "Delete":
                assert rule["condition"]["with_state"] == "ARCHIVED"


class TestSchedule:
    @given(st.dates(), st.integers(60, 1440))
    def test_it_begins_on_the_day_and_repeats(self, today: date, minutes: int) -> None:
        made = settings_gcs.schedule(gcs(interval=timedelta(minutes=minutes)), today)
        day = made["schedule_start_date"]
        assert date(day["year"], day["month"], day["day"]) == today
        assert made["repeat_interval"] == f"{minutes * 60}s"


class TestPool:
    @given(st.from_regex(r"transferJobs/\d{5,20}", fullmatch=True), st.text("abcz", min_size=1, max_size=20))
    def test_its_id_is_one_that_google_takes(self, job: str, platform: str) -> None:
        """https://docs.cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools/create"""
        made = policies_gcs.pool_id(platform, job)
        assert 4 <= len(made) <= 32
        assert not made.startswith("gcp-")
        assert made != policies_gcs.pool_id(platform, job + "1")

    def test_a_short_region_has_a_provider_too(self) -> None:
        assert len(policies_gcs.provider_id("u")) >= 4

    def test_the_project_s_number_is_in_its_name(self) -> None:
        name = "projects/210987654321/locations/global/workloadIdentityPools/p"
        assert policies_gcs.notifier(policies_gcs.project_number(name)) == (
            "serviceAccount:service-210987654321@gcp-sa-monitoring-notification.iam.gserviceaccount.com"
        )


class TestAlerts:
    def alert(self, key: str, **changes: Any) -> alerts_gcs.Alert:
        found = alerts_gcs.alerts(
            gcs(**changes), "models", "transferJobs/1", ["transferJobs/1", "transferJobs/2"]
        )
        return next(alert for alert in found if alert.key == key)

    def test_the_copy_is_older_than_its_budget_when_no_run_has_looked_for_it(self) -> None:
        (condition,) = self.alert("age").conditions
        absent = condition["condition_absent"]
        assert absent["duration"] == f"{(120 - 15) * 60}s"
        assert 'metric.labels.status != "failed"' in absent["filter"]
        assert 'ends_with("1")' in absent["filter"]
        (slow,) = self.alert("age", replication="default", rpo="14h").conditions
        assert slow["condition_absent"]["duration"] == f"{2 * 3600}s"

    def test_failures_of_every_job_count(self) -> None:
        filters = [each["condition_threshold"]["filter"] for each in self.alert("failures").conditions]
        assert all('ends_with("1")' in each and 'ends_with("2")' in each for each in filters)
        assert [
            each["condition_threshold"]["threshold_value"] for each in self.alert("failures").conditions
        ] == [
            0,
            0,
        ]

    def test_who_disables_a_job_is_seen_in_the_audit_log(self) -> None:
        (condition,) = self.alert("changed").conditions
        watched = condition["condition_matched_log"]["filter"]
        for method in ("UpdateTransferJob", "DeleteTransferJob", "PauseTransferOperation"):
            assert f'"google.storagetransfer.v1.StorageTransferService.{method}"' in watched
        # An alert on a log must say how often it may tell.
        assert self.alert("changed").strategy["notification_rate_limit"]

    def test_missed_minutes_are_watched_where_turbo_replication_promises_some(self) -> None:
        (condition,) = self.alert("replication").conditions
        watched = condition["condition_threshold"]["filter"]
        assert "storage.googleapis.com/replication/missing_rpo_minutes_last_30d" in watched
        with pytest.raises(StopIteration):
            self.alert("replication", replication="default", rpo="14h")
