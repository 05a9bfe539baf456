"""The registry's copy: its promise, its rights, and what the lesson's lacked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.backup.args import BackupArgs
from components.backup.desired import BackupError
from components.backup.registry import cron_job, network_policy, registry_ages
from components.backup.store_aws import copier, copy_statements
from components.shared.egress import POD_IDENTITY_AGENT
from config.timings import BACKUP_START, REPLICATION
from tests.lesson import manifest as lesson
from tests.unit.backup.promises import (
    has_static_keys,
    images_are_pinned,
    is_restricted,
    longest_gap,
    loss,
    pod_of,
)
from tests.unit.model_buckets.outputs import value_of

HOUR = timedelta(hours=1)

ARGS = BackupArgs(
    region="us-east",
    location="us-east-1",
    account="123456789012",
    cluster_name="standfast-us-east",
    peers=("eu-west",),
    velero_bucket="velero-us-east",
    registry_bucket="registry-us-east",
    registry_backup_bucket="backup-us-east",
    kms_key_arn="arn:aws:kms:us-east-1:123456789012:key/1",
    rpo=HOUR,
    interval=timedelta(minutes=10),
    registry_interval=timedelta(minutes=30),
    model_size=140 * 2**30,
)


def job(rpo: timedelta = HOUR, minutes: int = 30) -> dict[str, Any]:
    return cron_job(copier(ARGS), rpo, timedelta(minutes=minutes), 0)


class TestTheLesson:
    """Faults 3 and 8: the same questions, asked of the lesson's own CronJob."""

    def test_its_copy_is_older_than_the_promise(self) -> None:
        assert loss(lesson("registry-cronjob")["spec"]["schedule"], timedelta(0), timedelta(0)) > 6 * HOUR

    def test_its_keys_are_static(self) -> None:
        assert has_static_keys(lesson("registry-cronjob"))

    def test_its_image_moves(self) -> None:
        assert not images_are_pinned(lesson("registry-cronjob"))

    def test_its_namespace_would_refuse_it(self) -> None:
        assert not is_restricted(lesson("registry-cronjob"))

    def test_two_of_it_may_run_and_neither_ever_ends(self) -> None:
        spec = lesson("registry-cronjob")["spec"]
        assert spec.get("concurrencyPolicy", "Allow") == "Allow"
        assert "activeDeadlineSeconds" not in spec["jobTemplate"]["spec"]


class TestTheJob:
    def test_the_rpo_holds_when_the_region_goes_at_the_worst_moment(self) -> None:
        spec = job()["spec"]
        start = timedelta(seconds=spec["startingDeadlineSeconds"])
        longest = timedelta(seconds=spec["jobTemplate"]["spec"]["activeDeadlineSeconds"])
        assert start == BACKUP_START
        assert loss(spec["schedule"], start, longest) == HOUR

    @given(st.sampled_from([5, 6, 10, 12, 15, 20, 30, 60]), st.integers(min_value=25, max_value=600))
    def test_any_promise_is_kept_or_refused(self, minutes: int, rpo: int) -> None:
        promise = timedelta(minutes=rpo)
        try:
            spec = job(promise, minutes)["spec"]
        except BackupError:
            assert promise < timedelta(minutes=minutes + 5) + REPLICATION
            return
        longest = timedelta(seconds=spec["jobTemplate"]["spec"]["activeDeadlineSeconds"])
        assert loss(spec["schedule"], BACKUP_START, longest) <= promise

    def test_one_at_a_time(self) -> None:
        assert job()["spec"]["concurrencyPolicy"] == "Forbid"

    def test_no_key_and_no_moving_image(self) -> None:
        assert not has_static_keys(job())
        assert images_are_pinned(job())

    def test_its_namespace_admits_it(self) -> None:
        assert is_restricted(job())

    def test_a_sidecar_does_not_keep_it_from_ending(self) -> None:
        template = job()["spec"]["jobTemplate"]["spec"]["template"]
        assert template["metadata"]["labels"]["sidecar.istio.io/inject"] == "false"

    def test_what_it_writes_on_its_own_disk_has_a_volume(self) -> None:
        (container,) = pod_of(job())["containers"]
        home = {entry["name"]: entry["value"] for entry in container["env"]}["HOME"]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert home in {mount["mountPath"] for mount in container["volumeMounts"]}

    def test_alerts_come_before_the_promise_is_broken(self) -> None:
        (age,) = registry_ages(HOUR).values()
        assert longest_gap(job()["spec"]["schedule"]) < age <= HOUR - REPLICATION


class TestTheNetwork:
    def test_it_reaches_s3_and_its_credentials_and_not_the_nodes_metadata(self) -> None:
        policy = network_policy(copier(ARGS).egress)["spec"]
        assert policy["ingress"] == []
        https, agent = policy["egress"]
        assert https["ports"] == [{"port": 443, "protocol": "TCP"}]
        assert https["to"] == [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.0.0/16"]}}]
        assert agent["to"] == [{"ipBlock": {"cidr": POD_IDENTITY_AGENT}}]

    def test_it_selects_the_jobs_own_pods(self) -> None:
        labels = job()["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"]
        selector = network_policy([])["spec"]["podSelector"]["matchLabels"]
        assert selector.items() <= labels.items()


class TestRights:
    def statements(self) -> dict[str, dict[str, Any]]:
        return {s["Sid"]: s for s in value_of(lambda: copy_statements(ARGS))}

    def test_it_writes_only_below_its_own_name(self) -> None:
        assert self.statements()["WriteOwnCopy"]["Resource"] == "arn:aws:s3:::backup-us-east/us-east/*"
        condition = self.statements()["ListOwnCopy"]["Condition"]
        assert condition == {"StringLike": {"s3:prefix": "us-east/*"}}

    def test_it_reads_the_registry_and_writes_nothing_there(self) -> None:
        for statement in self.statements().values():
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert not [action for action in actions if "Delete" in action or "*" in action]
            if "registry-us-east" in statement["Resource"]:
                assert not [action for action in actions if "Put" in action]

    def test_the_key_is_used_through_s3_only(self) -> None:
        key = self.statements()["UseKeyThroughS3"]
        assert key["Resource"] == ARGS.kms_key_arn
        assert key["Condition"] == {"StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}}


@pytest.mark.parametrize("minutes", [30, 60])
def test_no_time_left_is_refused(minutes: int) -> None:
    with pytest.raises(BackupError, match="back up more often"):
        job(timedelta(minutes=40), minutes)
