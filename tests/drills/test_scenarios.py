"""Every scenario from warm-up to verdict, on a platform in virtual time."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from drills.errors import DrillError, NoTrafficError, NotSoundError, UncleanError
from drills.model import Options
from drills.scenarios import SCENARIOS
from drills.traffic import run as runner
from drills.traffic.promises import Promise
from drills.traffic.result import TrafficReport
from drills.traffic.target import Detection
from tests.drills.platform import REGIONS, START, Platform, Rules, hold, kept, say
from tests.drills.test_zone_loss import MemoryTarget, deployed, spread

# Every drill from its beginning to its end, in virtual time.
pytestmark = pytest.mark.slow


def promise(report: TrafficReport, name: str) -> Promise:
    return next(promise for promise in report.runs[0].promises if promise.name == name)


def fallen(report: TrafficReport) -> set[str]:
    return {i.name for run in report.runs for i in run.invariants if not i.held}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_good_platform_keeps_its_promises_and_is_whole_afterwards(name: str, tmp_path: Path) -> None:
    platform = Platform(tmp_path)
    report = hold(name, platform)
    assert report.reasons == ()
    assert (platform.cut, platform.zones_cut, platform.gateways_down) == ({}, {}, {})
    assert not platform.partitioned
    assert not platform.paused
    assert not any(faults for _, faults in platform.faults.values())
    assert platform.done[-1] == "heal all"


def test_a_lost_region_costs_detection_and_what_is_left_of_the_ttl(tmp_path: Path) -> None:
    report = hold("region-loss", Platform(tmp_path))
    loss = promise(report, "region-loss")
    assert loss.floor_s == 60.0
    # The checks begin with the fault here, and the client's copy of the answer ends up to a TTL later.
    assert loss.measured_s is not None
    assert 30.0 <= loss.measured_s <= 60.5
    rpo = promise(report, "rpo-models")
    assert rpo.measured_s is not None
    assert 0.0 < rpo.measured_s <= 4.0 + 3.0


def test_a_lost_regions_state_is_as_old_as_its_newest_backup_that_arrived(tmp_path: Path) -> None:
    platform = Platform(tmp_path)
    report = hold("region-loss", platform)
    run, rpo = report.runs[0], promise(report, "rpo-cluster-state")
    assert rpo.source == "modelled"
    assert rpo.measured_s == pytest.approx((run.evidence.fault - START) % platform.rules.backup_s)
    assert set(run.evidence.backups) == {"eu-west"}


@pytest.mark.parametrize("name", ["region-loss", "region-loss-at-peak", "double-fault"])
def test_backups_that_stopped_are_found(name: str, tmp_path: Path) -> None:
    report = hold(name, Platform(tmp_path, Rules(backup_s=900.0, backups_end=-1800.0)))
    rpo = promise(report, "rpo-cluster-state")
    assert rpo.measured_s == pytest.approx(report.runs[0].evidence.fault - START + 1800.0)
    assert [reason.split(": ")[1] for reason in report.reasons] == ["rpo-cluster-state"]


def test_a_region_without_any_backup_in_a_survivor_breaks_its_promise(tmp_path: Path) -> None:
    report = hold("region-loss", Platform(tmp_path, Rules(backups_end=-math.inf)))
    assert promise(report, "rpo-cluster-state").measured_s is None
    assert report.reasons == ("seed 7: rpo-cluster-state: never against 1800 s",)


def test_what_happened_is_on_one_axis_that_begins_with_the_fault(tmp_path: Path) -> None:
    report = hold("region-loss", Platform(tmp_path))
    events = report.document()["runs"][0]["events"]
    assert events == sorted(events, key=lambda event: event["t_s"])
    assert events[0] == {"t_s": 0.0, "what": "us-east is gone"}
    assert {"t_s": 30.0, "what": "us-east is held unhealthy"} in events
    led = [event["what"] for event in events if "is led to" in event["what"]]
    assert led == [
        "the client is led to 100.64.1.10 (eu-west)",
        "the client is led to 100.64.0.10 (us-east)",
    ]


def test_slow_detection_breaks_the_promise_by_the_time_it_takes(tmp_path: Path) -> None:
    rules = Rules(detection=Detection(interval_s=30.0, failures=3, ttl_s=60.0))
    report = hold("region-loss", Platform(tmp_path, rules))
    assert not kept(report)
    measured = promise(report, "region-loss").measured_s
    assert measured is not None
    assert 90.0 <= measured <= 150.5
    assert report.reasons[0].startswith("seed 7: region-loss: ")


def test_a_recovery_that_never_comes_is_a_verdict_and_the_region_is_mended(tmp_path: Path) -> None:
    platform = Platform(tmp_path, Rules(fails_over=False))
    report = hold("region-loss", platform, limit=60.0)
    assert promise(report, "region-loss").measured_s is None
    assert report.document()["runs"][0]["promises"][0]["measured_s"] is None
    assert platform.cut == {}


def test_a_lost_version_is_found(tmp_path: Path) -> None:
    report = hold("region-loss", Platform(tmp_path, Rules(loses_versions=True)), limit=90.0)
    assert fallen(report) == {"no-acknowledged-version-lost"}
    assert any("00000004 is not whole in eu-west" in reason for reason in report.reasons)


def test_a_torn_model_that_is_served_is_found(tmp_path: Path) -> None:
    report = hold("torn-model", Platform(tmp_path, Rules(serves_torn_models=True)))
    assert fallen(report) == {"only-complete-models-served"}


def test_a_call_to_route_53_while_clients_wait_is_found(tmp_path: Path) -> None:
    report = hold("region-loss", Platform(tmp_path, Rules(calls_route53=True)))
    assert fallen(report) == {"no-calls-on-recovery-path"}
    assert "eu-west called route53 (ChangeResourceRecordSets) after 0.0 s" in report.reasons[0]


def test_a_second_up_that_changes_something_is_found(tmp_path: Path) -> None:
    report = hold("pods-unready", Platform(tmp_path), changes=lambda: {"us-east": 2, "eu-west": 0})
    assert fallen(report) == {"as-before-after-failback"}
    assert "another up of us-east would change 2 resources" in report.reasons[0]


def test_slow_ejection_breaks_what_is_promised_of_failing_pods_and_lost_zones(tmp_path: Path) -> None:
    rules = Rules(ejection_s=11.0)
    for name in ("pods-unready", "pods-erroring", "zone-loss", "slow-pods"):
        report = hold(name, Platform(tmp_path / name, rules))
        assert report.runs[0].promises[0].measured_s == pytest.approx(11.0, abs=0.2), name
        assert not report.runs[0].promises[0].kept


class LateReturn(Platform):
    """Pods move back into a zone a while after it is back, two of them at once."""

    def restore_zone(self, region: str, zone: str) -> None:
        self.zones_cut.pop(zone, None)
        lost = REGIONS["us-east"].index(zone)
        apart, moving = (
            [few if number == lost else many for number in range(3)] for few, many in ((0, 3), (0, 2))
        )
        spread(self.memory, *apart)
        self.time.at(self.time.now + 12.0, lambda: spread(self.memory, *moving))
        self.time.at(self.time.now + 50.0, lambda: spread(self.memory, 2, 2, 2))


def test_a_zone_is_back_when_its_pods_are(tmp_path: Path) -> None:
    report = hold("zone-loss", LateReturn(tmp_path))
    assert report.reasons == ()


class LateEviction(Platform):
    """An API server that is back holds a node for lost that could not tell of itself, and moves its pod."""

    def start_api_server(self, region: str) -> None:
        self.time.at(self.time.now + 12.0, lambda: spread(self.memory, 2, 2, 1))
        self.time.at(self.time.now + 30.0, lambda: spread(self.memory, 2, 2, 2))


def test_what_an_api_servers_silence_leads_to_is_waited_for(tmp_path: Path) -> None:
    report = hold("api-server-loss", LateEviction(tmp_path))
    assert report.reasons == ()


def test_full_capacity_after_a_zones_loss_counts_the_living_zones(tmp_path: Path) -> None:
    report = hold("zone-loss", Platform(tmp_path))
    capacity = promise(report, "zone-loss-full-capacity")
    assert capacity.measured_s == pytest.approx(55.0, abs=0.1)
    assert capacity.budget_s == pytest.approx(60.1)


def test_the_second_fault_waits_for_the_first_failover(tmp_path: Path) -> None:
    report = hold("double-fault", Platform(tmp_path))
    what = [event.what for event in report.runs[0].evidence.events if event.kind == "fault"]
    assert what[0] == "us-east is gone"
    assert "of the survivor eu-west is gone too" in what[1]
    assert promise(report, "zone-loss-errors-end").measured_s == pytest.approx(1.5, abs=0.2)


def test_an_interrupted_drill_mends_what_it_broke(tmp_path: Path) -> None:
    platform = Platform(tmp_path)

    def interrupt() -> None:
        raise KeyboardInterrupt

    platform.time.at(platform.time.now + 100.0, interrupt)
    with pytest.raises(KeyboardInterrupt):
        hold("region-loss", platform)
    assert platform.done[0] == "heal all"
    assert platform.done[-3:] == ["cut us-east", "restore us-east", "heal all"]


def test_what_cannot_be_mended_is_said_and_the_rest_is_tried(tmp_path: Path) -> None:
    platform = Platform(tmp_path, Rules(unhealable=True))
    with pytest.raises(UncleanError, match=r"us-east is gone \(the link does not come up\)"):
        hold("region-loss", platform)
    assert platform.done[-1] == "heal all"


def test_a_platform_that_does_not_serve_is_not_broken_further(tmp_path: Path) -> None:
    platform = Platform(tmp_path, Rules(fails_over=False))
    platform.stop_gateway("us-east")
    with pytest.raises(NotSoundError, match="clients are not served after 210 s"):
        hold("pods-unready", platform)
    assert platform.faults == {}


def test_nothing_is_broken_before_health_checks_are_settled(tmp_path: Path) -> None:
    platform = Platform(tmp_path)
    start = platform.time.now
    platform.changes.append((start + 50.0, "us-east is healthy"))
    report = hold("pods-erroring", platform)
    assert report.runs[0].evidence.fault - start == pytest.approx(50.0 + 60.0 + 10.0, abs=1.0)


def test_runs_have_seeds_that_count_up_and_are_summed_up(tmp_path: Path) -> None:
    report = hold("pods-erroring", Platform(tmp_path), runs=3)
    assert [run.seed for run in report.runs] == [7, 8, 9]
    assert [run.evidence.zone for run in report.runs] == [
        run.evidence.zone for run in hold("pods-erroring", Platform(tmp_path / "again"), runs=3).runs
    ]


def test_a_target_without_clients_says_what_to_do(tmp_path: Path) -> None:
    target = deployed(MemoryTarget(on_stop=lambda *_: None, on_start=lambda *_: None))
    with pytest.raises(NoTrafficError, match="sandbox up --network"):
        runner.run(SCENARIOS["region-loss"], target, Options("us-east"), say)


def test_an_unknown_zone_is_refused_before_anything_is_attached(tmp_path: Path) -> None:
    with pytest.raises(DrillError, match="us-east-1z is no zone of us-east"):
        hold("zone-loss", Platform(tmp_path), zone="us-east-1z")


def test_emptied_buckets_are_filled_again_from_the_copy(tmp_path: Path) -> None:
    platform = Platform(tmp_path)
    report = hold("bucket-loss", platform)
    back, age = promise(report, "models-back-from-copy"), promise(report, "rpo-copy")
    assert back.measured_s is not None
    # The person's 5 s, and what replication takes to the peer.
    assert back.measured_s == pytest.approx(5.0 + platform.rules.replication_s, abs=1.0)
    assert age.measured_s is not None
    assert 10.0 <= age.measured_s <= 13.0
    assert age.budget_s == 7200.0
    assert platform.done.index("empty us-east") < platform.done.index("restore the copy")
    what = [event["what"] for event in report.document()["runs"][0]["events"]]
    assert any(line.startswith("the copy has ") and line.endswith(" s old") for line in what)


def test_models_that_come_back_damaged_are_not_back(tmp_path: Path) -> None:
    report = hold("bucket-loss", Platform(tmp_path, Rules(restores_damaged=True)), limit=60.0)
    assert promise(report, "models-back-from-copy").measured_s is None


def test_a_copy_that_never_got_anything_breaks_both_promises(tmp_path: Path) -> None:
    report = hold("bucket-loss", Platform(tmp_path, Rules(copy_s=None)), limit=60.0)
    assert promise(report, "models-back-from-copy").measured_s is None
    assert promise(report, "rpo-copy").measured_s is None


def test_an_interrupted_bucket_loss_is_mended_from_the_copy(tmp_path: Path) -> None:
    platform = Platform(tmp_path)
    empty = platform.stores["eu-west"].empty

    def interrupted() -> None:
        empty()
        raise KeyboardInterrupt

    platform.stores["eu-west"].empty = interrupted
    with pytest.raises(KeyboardInterrupt):
        hold("bucket-loss", platform)
    assert platform.done[-2:] == ["restore the copy", "heal all"]
    assert platform.stores["us-east"].objects
