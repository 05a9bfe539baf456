"""What each drill promises, against what the platform says that its drills test."""

from __future__ import annotations

import pytest

from drills.scenarios import SCENARIOS
from drills.traffic.measure import Evidence, backup_age
from drills.traffic.promises import (
    LAST_RETURN,
    OF_THE_PLATFORM,
    ROLLED_BACK,
    Pledge,
    Source,
    cluster_rpo,
)
from drills.traffic.publisher import Version
from drills.traffic.target import Backup, Detection


def evidence(**backups: list[Backup]) -> Evidence:
    """What every judge can judge, of a region that was lost after 3000 s."""
    return Evidence(
        region="us-east",
        zone="us-east-1a",
        dead=frozenset({"us-east"}),
        began=2900.0,
        fault=3000.0,
        healed=3100.0,
        ended=3200.0,
        requests=[],
        events=[],
        ledger=[Version(version="1", size=1, sha256="", started_at=2950.0, acknowledged_at=2951.0)],
        completed={},
        calls=[],
        detection=Detection(interval_s=10, failures=3, ttl_s=30),
        marks={LAST_RETURN: 3010.0, ROLLED_BACK: 3010.0},
        backups={name.replace("_", "-"): found for name, found in backups.items()},
    )


def backup(started: float, of: str = "us-east", took: float = 30.0) -> Backup:
    name = f"{of}-{started:.0f}"
    return Backup(name=name, of=of, schedule="state", started=started, completed=started + took)


@pytest.mark.parametrize("pledge", OF_THE_PLATFORM, ids=lambda pledge: pledge.name)
def test_the_drills_that_are_said_to_test_a_promise_are_those_that_do(pledge: Pledge) -> None:
    judged = {
        name: {judge(evidence()).name: judge(evidence()).budget_s for judge in scenario.promises}
        for name, scenario in SCENARIOS.items()
    }
    testing = {name: promises[pledge.name] for name, promises in judged.items() if pledge.name in promises}
    assert set(pledge.tested_by) == set(testing)
    assert len(pledge.tested_by) == len(testing) > 0
    # Where a budget grows with the nodes of a zone, this zone has none.
    assert set(testing.values()) == {pledge.budget_s}


def test_the_state_is_as_old_as_the_start_of_the_newest_backup_that_any_survivor_has() -> None:
    found = evidence(eu_west=[backup(1200.0), backup(1800.0)], ap_south=[backup(1200.0), backup(2400.0)])
    assert backup_age(found, 3000.0) == 600.0
    assert backup_age(found, 2000.0) == 200.0


def test_a_survivors_own_backups_do_not_count() -> None:
    found = evidence(eu_west=[backup(2990.0, of="eu-west"), backup(1500.0)])
    assert backup_age(found, 3000.0) == 1500.0
    assert backup_age(evidence(eu_west=[backup(2990.0, of="eu-west")]), 3000.0) is None
    assert backup_age(evidence(), 3000.0) is None


@pytest.mark.parametrize(("started", "kept"), [(1200.0, True), (1199.0, False)])
def test_the_state_may_be_half_an_hour_old(started: float, kept: bool) -> None:
    promise = cluster_rpo(evidence(eu_west=[backup(started)]))
    assert (promise.name, promise.source, promise.kept) == ("rpo-cluster-state", Source.MODELLED, kept)
    assert promise.measured_s == 3000.0 - started


def test_a_region_without_any_backup_has_lost_its_state() -> None:
    promise = cluster_rpo(evidence(eu_west=[]))
    assert promise.measured_s is None
    assert not promise.kept
