"""Schedules and storage locations: the RPO, volumes, and two regions beside each other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from components.backup.desired import (
    DAILY,
    RPO,
    RPO_TTL,
    BackupError,
    cron,
    duration_budget,
    schedule_ages,
    schedules,
    slots,
    storage_locations,
)
from config.platform import peers_of
from config.timings import BACKUP_START, REPLICATION
from tests.lesson import manifest as lesson
from tests.unit.backup.promises import longest_gap, loss, volumes_leave_the_region

HOUR = timedelta(hours=1)
MINUTES = st.sampled_from([5, 6, 10, 12, 15, 20, 30, 60])


def duration(text: str) -> timedelta:
    hours, _, rest = text.rpartition("h")
    return timedelta(hours=int(hours or 0), minutes=int(rest.removesuffix("m") or 0))


class TestTheLesson:
    """Faults 3 and 6: the same questions, asked of the lesson's own schedule."""

    def test_its_daily_backup_alone_loses_more_than_a_day(self) -> None:
        schedule = lesson("velero-schedule")
        assert loss(schedule["spec"]["schedule"], timedelta(0), timedelta(0)) > 24 * HOUR

    def test_an_hourly_one_would_break_its_rpo_too(self) -> None:
        assert loss("0 * * * *", timedelta(0), timedelta(0)) > HOUR

    def test_its_volumes_stay_in_the_lost_region(self) -> None:
        assert not volumes_leave_the_region(lesson("velero-schedule"))


class TestOurs:
    def made(self, slot: int = 0) -> dict[str, dict[str, Any]]:
        return schedules(HOUR, timedelta(minutes=10), slot)

    def test_the_rpo_holds_when_the_region_goes_at_the_worst_moment(self) -> None:
        schedule = self.made()[RPO]["spec"]
        longest = duration(schedule["template"]["itemOperationTimeout"])
        assert loss(schedule["schedule"], BACKUP_START, longest) == HOUR

    @given(MINUTES, st.integers(min_value=25, max_value=600), st.integers(0, 4))
    def test_any_promise_is_kept_or_refused(self, minutes: int, rpo: int, slot: int) -> None:
        promise, interval = timedelta(minutes=rpo), timedelta(minutes=minutes)
        try:
            spec = schedules(promise, interval, slot)[RPO]["spec"]
        except BackupError:
            assert promise < interval + REPLICATION + timedelta(minutes=5)
            return
        longest = duration(spec["template"]["itemOperationTimeout"])
        assert loss(spec["schedule"], BACKUP_START, longest) <= promise

    @pytest.mark.parametrize("name", [DAILY, RPO])
    def test_volumes_leave_the_region(self, name: str) -> None:
        assert volumes_leave_the_region(self.made()[name])

    def test_the_lessons_scope_label_and_lifetime_are_kept(self) -> None:
        ours, theirs = self.made()[DAILY]["spec"], lesson("velero-schedule")["spec"]
        assert ours["schedule"] == theirs["schedule"]
        template, original = ours["template"], theirs["template"]
        for key in ("includedNamespaces", "labelSelector", "snapshotVolumes", "storageLocation", "ttl"):
            assert template[key] == original[key]
        assert set(template["includedResources"]) > set(original["includedResources"])

    def test_the_frequent_backups_are_bounded(self) -> None:
        schedule = self.made()[RPO]["spec"]
        kept = duration(schedule["template"]["ttl"]) / longest_gap(schedule["schedule"])
        assert duration(schedule["template"]["ttl"]) == RPO_TTL
        assert kept == 144

    def test_backups_outlive_their_schedule(self) -> None:
        assert all(s["spec"]["useOwnerReferencesInBackup"] is False for s in self.made().values())

    def test_alerts_come_before_the_promise_is_broken(self) -> None:
        ages = schedule_ages(HOUR)
        assert set(ages) == set(self.made())
        assert ages[RPO] + REPLICATION <= HOUR
        assert ages[RPO] > longest_gap(self.made()[RPO]["spec"]["schedule"])


class TestCron:
    @given(MINUTES, st.integers(0, 59))
    def test_it_fires_exactly_as_often_as_it_says(self, minutes: int, slot: int) -> None:
        assume(slot < minutes)
        assert longest_gap(cron(timedelta(minutes=minutes), slot)) == timedelta(minutes=minutes)

    @given(st.integers(1, 24 * 3600))
    def test_what_does_not_divide_an_hour_is_refused(self, seconds: int) -> None:
        assume(seconds % 60 or 3600 % seconds)
        with pytest.raises(BackupError, match="must divide an hour"):
            cron(timedelta(seconds=seconds), 0)

    def test_a_slot_outside_the_interval_is_refused(self) -> None:
        with pytest.raises(BackupError, match="minute 5 is not within"):
            cron(timedelta(minutes=5), 5)

    def test_no_time_left_for_the_backup_is_refused_with_the_sum(self) -> None:
        with pytest.raises(BackupError, match=r"RPO of 20m.*every 10m.*15m until it is replicated"):
            duration_budget(timedelta(minutes=20), timedelta(minutes=10))


REGIONS = [f"region-{index:02d}" for index in range(24)]


@st.composite
def platforms(draw: st.DrawFn) -> dict[str, str]:
    regions = REGIONS[: draw(st.integers(2, 24))]
    return {name: draw(st.sampled_from([other for other in regions if other != name])) for name in regions}


class TestSlots:
    @given(platforms(), st.data())
    def test_peers_never_start_in_the_same_minute(
        self, failover_to: dict[str, str], data: st.DataObject
    ) -> None:
        first = data.draw(st.sampled_from(sorted(failover_to)))
        given_out = slots(failover_to, first)
        assert given_out[first] == 0
        for region in failover_to:
            peers = peers_of(failover_to, region)
            assert given_out[region] not in {given_out[peer] for peer in peers}

    @given(platforms())
    def test_no_more_minutes_than_a_region_has_peers(self, failover_to: dict[str, str]) -> None:
        most = max(len(peers_of(failover_to, region)) for region in failover_to)
        assert max(slots(failover_to, "region-00").values()) <= most

    def test_backups_of_two_peers_have_different_names(self) -> None:
        given_out = slots({"us-east": "eu-west", "eu-west": "us-east"}, "us-east")
        east, west = (
            {name: s["spec"]["schedule"] for name, s in schedules(HOUR, timedelta(minutes=10), slot).items()}
            for slot in (given_out["us-east"], given_out["eu-west"])
        )
        assert east == {DAILY: "0 2 * * *", RPO: "*/10 * * * *"}
        assert west == {DAILY: "1 2 * * *", RPO: "1-59/10 * * * *"}


class TestStorageLocations:
    def made(self, *peers: str) -> dict[str, dict[str, Any]]:
        return storage_locations("us-east", peers, "velero-us-east", "velero.io/aws", {"region": "us-east-1"})

    def test_the_own_location_is_the_default_and_alone_is_written(self) -> None:
        locations = self.made("eu-west", "ap-south")
        assert set(locations) == {"default", "eu-west", "ap-south"}
        written = {n for n, each in locations.items() if each["spec"]["accessMode"] == "ReadWrite"}
        default = {n for n, each in locations.items() if each["spec"]["default"]}
        assert written == default == {"default"}

    def test_a_peers_backups_are_read_from_the_own_bucket_that_survives_the_peer(self) -> None:
        for location in self.made("eu-west").values():
            assert location["spec"]["objectStorage"]["bucket"] == "velero-us-east"
            assert location["spec"]["config"] == {"region": "us-east-1"}

    def test_a_region_is_read_where_it_writes(self) -> None:
        theirs = storage_locations("eu-west", (), "velero-eu-west", "velero.io/aws", {})
        written = theirs["default"]["spec"]["objectStorage"]["prefix"]
        assert self.made("eu-west")["eu-west"]["spec"]["objectStorage"]["prefix"] == written == "eu-west"

    @given(st.sets(st.sampled_from(REGIONS), max_size=4))
    def test_no_two_regions_share_a_folder(self, peers: set[str]) -> None:
        prefixes = [each["spec"]["objectStorage"]["prefix"] for each in self.made(*sorted(peers)).values()]
        assert sorted(prefixes) == sorted({*peers, "us-east"})
