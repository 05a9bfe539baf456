"""The runbook: every command in it can be run, and names what the platform has."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import botocore.session
import jmespath
import pytest
from botocore import xform_name
from hypothesis import given
from hypothesis import strategies as st

from components.addons.args import INGRESS_GATEWAY, ISTIO_SYSTEM
from components.backup.desired import RPO, storage_locations
from components.inference.args import SERVICE
from components.inference.workload import container
from components.model_buckets.desired import rule_id
from components.model_restore.args import JOB
from components.runbook.desired import RPO_SCHEDULE, files, markdown, words
from components.runbook.desired import SERVICE as RUNBOOK_SERVICE
from components.runbook.incident import Incident, incident, losses
from config import names
from config.platform import Platform, Purpose
from config.region import ReadsFrom
from config.stores import Stores
from tests.lesson import manifest as lesson
from tests.program.test_inference import ARGS as INFERENCE
from tests.unit.runbook.commands import blocks, key, option, parses, run

ZONE = "Z0123456789ABCDEFGHIJ"


@pytest.fixture(params=["us-east", "eu-west"])
def loss(request: pytest.FixtureRequest, platform: Platform) -> Incident:
    return incident(platform, request.param, ZONE)


def calls(text: str, tool: str) -> list[list[str]]:
    return [call for block in blocks(text) for call in run(block).calls if call[0] == tool]


def lessons_text() -> str:
    text = lesson("runbook-configmap")["data"]["recovery-steps.md"]
    return re.sub(r"^ +```", "```", text, flags=re.MULTILINE)


class TestTheLesson:
    """The same questions, asked of the lesson's own runbook."""

    def test_its_dns_change_is_in_a_file_that_nobody_has(self) -> None:
        named = re.findall(r"file://(\S+)", lessons_text())
        assert named == ["failover-dns.json"]

    def test_it_names_contexts_that_no_cluster_has(self, platform: Platform) -> None:
        there = {names.cluster(platform, region) for region in platform.regions}
        used = {option(call, "--context") for call in calls(lessons_text(), "kubectl")}
        assert used == {None, "dr-cluster"}
        assert not used & there


class TestEveryBlock:
    def test_it_is_a_shell_script(self, loss: Incident) -> None:
        found = blocks(markdown(loss))
        assert len(found) > 10
        for block in found:
            assert parses(block), block

    def test_it_runs_by_itself_with_nothing_but_the_tools(self, loss: Incident) -> None:
        for block in blocks(markdown(loss)):
            ran = run(block)
            assert ran.status == 0, block
            assert ran.calls, block

    def test_it_needs_no_file_and_no_terminal(self, loss: Incident) -> None:
        for block in blocks(markdown(loss)):
            assert "file://" not in block
            assert " -it " not in block
            assert not re.search(r"<[a-z-]+>", block)


class TestKubernetes:
    def test_every_call_says_which_cluster_and_it_is_one_of_the_two(self, loss: Incident) -> None:
        contexts = {loss.lost.context, loss.dr.context}
        text = markdown(loss)
        kubectl, velero = calls(text, "kubectl"), calls(text, "velero")
        assert {option(call, "--context") for call in kubectl} == contexts
        assert {option(call, "--kubecontext") for call in velero} == {loss.dr.context}

    def test_the_contexts_are_made_by_its_first_block(self, loss: Incident) -> None:
        first = run(blocks(markdown(loss))[0]).calls
        made = {(option(c, "--alias"), option(c, "--name"), option(c, "--region")) for c in first}
        assert made == {(p.context, p.context, p.location) for p in (loss.lost, loss.dr)}

    def test_objects_are_those_of_the_other_components(self, loss: Incident) -> None:
        assert RUNBOOK_SERVICE == SERVICE
        assert RPO_SCHEDULE == RPO
        kubectl = calls(markdown(loss), "kubectl")
        executed = [call for call in kubectl if "exec" in call]
        assert {option(call, "-c") for call in executed} == {container(INFERENCE)["name"]}
        gateways = [call for call in kubectl if "scale" in call]
        assert {option(call, "-n") for call in gateways} == {ISTIO_SYSTEM}
        assert all(INGRESS_GATEWAY in call for call in gateways)
        for call in kubectl:
            if "ml-serving" in call:
                named = {word.rpartition("/")[2] for word in call} & {SERVICE, JOB}
                named |= {word for word in call if word.startswith(f"job/{JOB}-")}
                assert named or "pods" in call, key(call)

    def test_backups_are_looked_for_where_the_program_puts_them(self, loss: Incident) -> None:
        there = storage_locations(loss.dr.region, [loss.lost.region], "bucket", "velero.io/aws", {})
        asked = {
            part.partition("=")[2]
            for call in calls(markdown(loss), "kubectl") + calls(markdown(loss), "velero")
            for selector in [option(call, "-l", "--selector") or ""]
            for part in selector.split(",")
            if part.startswith("velero.io/storage-location=")
        }
        assert asked == {loss.lost.region}
        assert asked <= set(there)

    def test_capacity_is_raised_to_the_peak_and_given_back(self, platform: Platform, loss: Incident) -> None:
        patches = [c for c in calls(markdown(loss), "kubectl") if "patch" in c]
        floors = [json.loads(option(call, "-p") or "")["spec"]["minReplicas"] for call in patches]
        assert floors == [platform.inference.peak_replicas, platform.inference.replicas]
        assert {option(call, "--context") for call in patches} == {loss.dr.context}


class TestAws:
    OUTSIDE_THE_API = (("eks", "update-kubeconfig"), ("s3", "ls"), ("s3", "sync"))
    GLOBAL = frozenset({"region", "output", "query"})

    def test_every_call_is_one_that_aws_has(self, loss: Incident) -> None:
        session = botocore.session.get_session()
        for call in calls(markdown(loss), "aws"):
            service, operation = call[1], call[2]
            if (service, operation) in self.OUTSIDE_THE_API:
                continue
            model: Any = session.get_service_model(service)
            by_command = {xform_name(name, "-"): name for name in model.operation_names}
            shape: Any = model.operation_model(by_command[operation]).input_shape
            assert shape
            known = {xform_name(member, "-") for member in shape.members} | self.GLOBAL
            given_ = {word.removeprefix("--") for word in call[3:] if word.startswith("--")}
            assert {name.removeprefix("no-") for name in given_} <= known, key(call)
            needed = {xform_name(member, "-") for member in shape.required_members}
            assert needed <= given_, key(call)

    def test_the_check_that_is_forced_is_that_of_the_lost_regions_entry(self, loss: Incident) -> None:
        records = [
            {"Name": f"{loss.entry_fqdn}.", "SetIdentifier": place.region, "HealthCheckId": place.region}
            for place in (loss.lost, loss.dr)
        ]
        lookups = [c for c in calls(markdown(loss), "aws") if c[2] == "list-resource-record-sets"]
        assert len(lookups) == 3
        for call in lookups:
            assert option(call, "--hosted-zone-id") == ZONE
            found = jmespath.search(option(call, "--query") or "", {"ResourceRecordSets": records})
            assert found == [loss.lost.region]

    def test_what_is_forced_is_undone(self, loss: Incident) -> None:
        updates = [c for c in calls(markdown(loss), "aws") if c[2] == "update-health-check"]
        assert [[word for word in c if word.endswith("ed")][-2:] for c in updates] == [
            ["--disabled", "--inverted"],
            ["--no-disabled", "--no-inverted"],
        ]

    def test_buckets_are_the_platforms_and_models_are_only_read_from_the_survivor(
        self, platform: Platform, loss: Incident
    ) -> None:
        (sync,) = [c for c in calls(markdown(loss), "aws") if c[1:3] == ["s3", "sync"]]
        registry = names.bucket_of(platform, Purpose.MODEL_REGISTRY, loss.dr.region)
        backup = names.bucket_of(platform, Purpose.MODEL_REGISTRY_BACKUP, loss.dr.region)
        assert sync[-2:] == [f"s3://{backup}/{loss.lost.region}/registry", f"s3://{registry}"]
        assert "--dryrun" in sync

    def test_the_backlog_is_that_of_the_rule_towards_the_region_that_comes_back(self, loss: Incident) -> None:
        (call,) = [c for c in calls(markdown(loss), "aws") if c[1] == "cloudwatch"]
        assert option(call, "--region") == loss.lost.location
        start = call.index("--dimensions") + 1
        assert dict(re.findall(r"Name=(\w+),Value=(\S+)", " ".join(call[start : start + 3]))) == {
            "SourceBucket": loss.dr.registry,
            "DestinationBucket": loss.lost.registry,
            "RuleId": rule_id(loss.lost.region),
        }


class TestTheCopy:
    def test_models_come_back_in_the_owner_s_cluster_by_what_stands_there(self, loss: Incident) -> None:
        assert loss.copy
        (created,) = [c for c in calls(markdown(loss), "kubectl") if c[2:4] == ["create", "job"]]
        assert option(created, "--context") == loss.copy.owner.context
        assert option(created, "--from") == f"cronjob/{JOB}"
        (waited,) = [c for c in calls(markdown(loss), "kubectl") if "wait" in c]
        (told,) = [c for c in calls(markdown(loss), "kubectl") if "logs" in c]
        assert created[4] in {word.removeprefix("job/") for word in waited}
        assert created[4] in {word.removeprefix("job/") for word in told}

    def test_the_jobs_are_held_before_and_let_go_after(self, platform: Platform, loss: Incident) -> None:
        gcloud = calls(markdown(loss), "gcloud")
        changed = [c for c in gcloud if c[1:4] == ["transfer", "jobs", "update"]]
        assert [option(call, "--status") for call in changed] == ["disabled", "enabled"]
        looked = [c for c in gcloud if c[1:4] == ["transfer", "jobs", "list"]]
        assert [option(call, "--job-statuses") for call in looked] == ["enabled", "disabled"]
        bucket = names.models_gcs_bucket(platform)
        assert {option(call, "--filter") for call in looked} == {
            f"transferSpec.gcsDataSink.bucketName={bucket}"
        }
        assert {option(call, "--project") for call in [*changed, *looked]} == {"standfast-models"}
        text = markdown(loss)
        assert text.index("--status=disabled") < text.index("cronjob/") < text.index("--status=enabled")

    def test_pods_read_elsewhere_and_back_by_a_key_that_the_stack_file_has(self, loss: Incident) -> None:
        pulumi = calls(markdown(loss), "pulumi")
        sets = [c for c in pulumi if c[1:3] == ["config", "set"]]
        assert [call[-1] for call in sets] == [str(ReadsFrom.GCS), str(ReadsFrom.OWN)]
        assert {option(call, "--path") for call in sets} == {"standfast:region.readsFrom"}
        assert {option(call, "--stack") for call in pulumi} == {loss.dr.region}

    def test_the_order_of_reading_is_said(self, loss: Incident) -> None:
        said = "the region's own bucket, the bucket of the region that it fails over to, the copy"
        assert said in markdown(loss)

    def test_without_a_copy_nothing_of_google_is_said(self, platform: Platform) -> None:
        models = platform.models.model_copy(update={"stores": Stores()})
        without = incident(platform.model_copy(update={"models": models}), "us-east", ZONE)
        assert "Google" not in markdown(without)
        assert not calls(markdown(without), "gcloud")


class TestValidation:
    def test_health_and_inference_are_asked_of_every_name_that_leads_to_the_survivor(
        self, platform: Platform, loss: Incident
    ) -> None:
        step = markdown(loss).partition("### Step 4")[2].partition("### Failback")[0]
        urls = [word for c in calls(step, "curl") for word in c if word.startswith("https://")]
        hosts = [names.region_fqdn(platform, loss.dr.region), names.entry_fqdn(platform)]
        if loss.dr.region == platform.failover_of_primary:
            hosts.insert(0, names.dr_fqdn(platform))
        assert urls == [f"https://{host}/v2/health/ready" for host in hosts] + [
            f"https://{host}/v1/models/default:predict" for host in hosts
        ]

    def test_the_dr_name_is_left_out_where_it_leads_to_the_lost_region(self, platform: Platform) -> None:
        assert names.dr_fqdn(platform) in markdown(incident(platform, "us-east", ZONE))
        assert names.dr_fqdn(platform) not in markdown(incident(platform, "eu-west", ZONE))

    def test_the_lessons_steps_are_there_in_their_order(self, loss: Incident) -> None:
        titles = re.findall(r"^### .*$", markdown(loss), flags=re.MULTILINE)
        assert titles[:-1] == re.findall(r"^ *(### .*)$", lessons_text(), flags=re.MULTILINE)
        assert titles[-1] == "### Failback"

    def test_the_promise_reads_as_in_the_lesson(self, loss: Incident) -> None:
        assert "## RTO: 30 minutes | RPO: 1 hour" in lessons_text()
        assert "## RTO: 30 minutes | RPO: 1 hour" in markdown(loss)


def ring(platform: Platform, count: int) -> Platform:
    entry = platform.regions["us-east"]
    regions = {
        f"region-{index:02d}": entry.model_copy(update={"failover_to": f"region-{(index + 1) % count:02d}"})
        for index in range(count)
    }
    return platform.model_copy(update={"regions": regions, "primary": "region-00"})


class TestLosses:
    def test_a_region_keeps_first_the_runbook_of_the_one_that_it_takes_over_from(
        self, platform: Platform
    ) -> None:
        assert losses(platform, "eu-west") == ("us-east", "eu-west")
        made = files([incident(platform, lost, ZONE) for lost in losses(platform, "eu-west")])
        assert list(made) == ["recovery-steps.md", "recovery-steps-eu-west.md"]
        assert "Region `us-east`" in made["recovery-steps.md"]
        assert "Region `eu-west`" in made["recovery-steps-eu-west.md"]

    @given(count=st.integers(2, 24))
    def test_every_loss_is_described_where_it_can_be_read_then(self, platform: Platform, count: int) -> None:
        many = ring(platform, count)
        for lost, entry in many.regions.items():
            assert losses(many, entry.failover_to)[0] == lost
            assert incident(many, lost, ZONE).dr.region == entry.failover_to

    def test_the_primarys_loss_comes_first_where_several_fail_over_to_one(self, platform: Platform) -> None:
        entry = platform.regions["us-east"]
        regions = {
            "a": entry.model_copy(update={"failover_to": "hub"}),
            "hub": entry.model_copy(update={"failover_to": "primary"}),
            "primary": entry.model_copy(update={"failover_to": "hub"}),
        }
        many = platform.model_copy(update={"regions": regions, "primary": "primary"})
        assert losses(many, "hub") == ("primary", "a", "hub")
        assert losses(many, "a") == ("a",)


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(minutes=30), "30 minutes"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(hours=1, minutes=30), "1 hour 30 minutes"),
        (timedelta(hours=2, minutes=1, seconds=1), "2 hours 1 minute 1 second"),
    ],
)
def test_durations_in_words(duration: timedelta, text: str) -> None:
    assert words(duration) == text
