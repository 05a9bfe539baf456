"""The copy on Google Cloud Storage, as the engine would see it: who makes it, takes it over, lets it go."""

from __future__ import annotations

import json
import subprocess
import sys
from copy import deepcopy
from typing import Any

import pytest

from components.model_restore.desired import script_text
from config.problems import ConfigError
from tests.program.answers import TRANSFER_AGENT, TRANSFER_SUBJECT
from tests.program.recording import Recorded, Recording
from tests.program.regions import PLATFORM, outputs_of, record_region, region_text
from tests.unit.conventions.source import ROOT

BUCKET = "standfast-model-registry-standfast-models"
S3 = "standfast-model-registry-us-east-123456789012"
GCS_BUCKET = "gcp:storage/bucket:Bucket"
JOB = "gcp:storage/transferJob:TransferJob"
MEMBER = "gcp:storage/bucketIAMMember:BucketIAMMember"
LISTED = "gcp:storage/getBuckets:getBuckets"


def platform(**gcs: Any) -> dict[str, Any]:
    """The platform with another copy; without arguments with none."""
    text = deepcopy(PLATFORM)
    if gcs:
        text["models"]["stores"]["gcs"].update(gcs)
    else:
        del text["models"]["stores"]
    return text


def reading(source: str, name: str = "us-east") -> dict[str, Any]:
    """The stack file of a region whose pods read from ``source``."""
    return {**region_text(name), "readsFrom": source}


def google(recording: Recording) -> list[Recorded]:
    return [r for r in recording.resources if r.type.startswith(("gcp:", "pulumi:providers:gcp"))]


def statements(resource: Recorded, key: str = "policy") -> list[dict[str, Any]]:
    return json.loads(resource.inputs[key])["Statement"]


@pytest.fixture(scope="module")
def owner() -> Recording:
    return record_region("us-east", {"eu-west": outputs_of(record_region("eu-west"))})


@pytest.fixture(scope="module")
def other(owner: Recording) -> Recording:
    return record_region("eu-west", {"us-east": outputs_of(owner)})


class TestOwnership:
    def test_one_region_makes_it(self, owner: Recording, other: Recording) -> None:
        assert len(google(owner)) > 10
        assert google(other) == []
        assert not [r for r in other.resources if r.name.startswith(("model-copy", "model-restore"))]

    def test_configuration_alone_gives_it_to_another(self, owner: Recording) -> None:
        """What one makes for the bucket the other makes too, but for what is its own."""
        moved = platform(owner="eu-west")
        taken = record_region("eu-west", {"us-east": outputs_of(owner)}, moved)
        left = record_region("us-east", {"eu-west": outputs_of(taken)}, moved)
        assert google(left) == []
        assert taken.one(GCS_BUCKET).inputs == owner.one(GCS_BUCKET).inputs
        assert {r.name for r in google(taken)} == {r.name for r in google(owner)}
        (job,) = [r for r in taken.of(JOB) if r.name.endswith("-floor")]
        assert job.inputs["transferSpec"]["awsS3DataSource"]["bucketName"] == S3.replace("us-east", "eu-west")

    @pytest.mark.parametrize(
        ("there", "adopted"),
        [([], ""), ([BUCKET], BUCKET), ([f"{BUCKET}-old"], ""), ([f"{BUCKET}-old", BUCKET], BUCKET)],
    )
    def test_a_bucket_that_is_there_is_adopted_and_no_other(self, there: list[str], adopted: str) -> None:
        known = [
            {"name": name, "labels": {}, "location": "EUR4", "selfLink": "", "storageClass": "STANDARD"}
            for name in there
        ]
        calls = {LISTED: lambda args: {**args, "id": "x", "buckets": known}}
        recording = record_region("eu-west", platform=platform(owner="eu-west"), calls=calls)
        assert recording.one(GCS_BUCKET).import_id == adopted

    def test_letting_go_takes_nothing_from_the_next_owner(self, owner: Recording) -> None:
        """The old owner's stack may be updated last: what both have is kept, what differs may go.

        A protected resource cannot leave a program: the update would fail.
        """
        shared = {GCS_BUCKET, MEMBER}
        moved = record_region("eu-west", {"us-east": outputs_of(owner)}, platform(owner="eu-west"))
        theirs = {(r.type, json.dumps(r.inputs, sort_keys=True)) for r in google(moved)}
        same = [r for r in google(owner) if (r.type, json.dumps(r.inputs, sort_keys=True)) in theirs]
        assert {r.type for r in same if r.custom} - {"pulumi:providers:gcp"} >= shared
        for resource in google(owner):
            assert not resource.protect
        for resource in same:
            if resource.type in shared and not resource.name.startswith("model-copy-reader-"):
                assert resource.retain_on_delete, resource.name

    def test_a_pool_of_identities_is_another_for_each_owner_s_job(self, owner: Recording) -> None:
        pool = owner.one("gcp:iam/workloadIdentityPool:WorkloadIdentityPool")
        job = owner.named("model-copy-floor")
        assert owner.before(job, pool)
        assert not pool.retain_on_delete


class TestWithout:
    def test_nothing_of_google_is_made_asked_or_exported(self) -> None:
        recording = record_region("us-east", platform=platform())
        assert google(recording) == []
        assert not [token for token, _ in recording.calls if token.startswith("gcp:")]
        assert not {"modelCopy", "modelReaders"} & set(recording.exports)
        assert "Google" not in recording.object("ConfigMap", "dr-runbook")["data"]["recovery-steps.md"]

    @pytest.mark.parametrize(("with_copy", "imported"), [(False, False), (True, True)])
    def test_nothing_of_google_is_imported(self, with_copy: bool, imported: bool) -> None:
        program = (
            "import sys\n"
            "from tests.program.regions import PLATFORM, record_region\n"
            f"if not {with_copy}: del PLATFORM['models']['stores']\n"
            "record_region('us-east')\n"
            "print(sorted(name for name in sys.modules if name.startswith(('pulumi_gcp', 'google.cloud'))))\n"
        )
        ran = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120
        )
        assert (ran.stdout.splitlines()[-1] != "[]") == imported

    def test_the_peer_of_an_owner_imports_nothing_either(self, other: Recording) -> None:
        assert not [token for token, _ in other.calls if token.startswith("gcp:")]


class TestTheCopy:
    def test_it_reads_its_own_region_s_bucket_by_a_role_and_deletes_nowhere(self, owner: Recording) -> None:
        role = owner.named("model-copy-source-role")
        for job in owner.of(JOB):
            spec = job.inputs["transferSpec"]
            assert spec["awsS3DataSource"] == {"bucketName": S3, "roleArn": owner.outputs[role.name]["arn"]}
            assert spec["gcsDataSink"] == {"bucketName": BUCKET}
            options = spec["transferOptions"]
            assert options["deleteObjectsUniqueInSink"] is False
            assert options["deleteObjectsFromSourceAfterTransfer"] is False
            assert owner.before(owner.named("model-copy-writer"), job)
            assert owner.before(owner.named("model-copy-source-policy"), job)

    def test_a_job_that_listens_has_no_schedule_and_the_floor_has_one(self, owner: Recording) -> None:
        floor, events = owner.named("model-copy-floor"), owner.named("model-copy-events")
        assert floor.inputs["schedule"]["repeatInterval"] == "3600s"
        assert floor.ignore_changes == ("schedule.scheduleStartDate",)
        assert "schedule" not in events.inputs
        queue = owner.outputs["model-copy-source-queue"]["arn"]
        assert events.inputs["eventStream"] == {"name": queue}
        assert owner.named("model-copy-source-notification").inputs["queues"][0]["queueArn"] == queue
        policy, notification = (
            owner.named("model-copy-source-queue-policy"),
            owner.named("model-copy-source-notification"),
        )
        assert owner.before(policy, notification)

    def test_by_the_clock_alone_there_is_no_queue(self) -> None:
        recording = record_region("us-east", platform=platform(trigger="schedule", interval="2h", rpo="3h"))
        assert [job.name for job in recording.of(JOB)] == ["model-copy-floor"]
        assert not recording.of("aws:sqs/queue:Queue")
        actions = json.dumps(statements(recording.named("model-copy-source-policy")))
        assert "sqs:" not in actions

    def test_only_the_project_s_transfer_agent_may_take_the_role(self, owner: Recording) -> None:
        (trust,) = statements(owner.named("model-copy-source-role"), "assumeRolePolicy")
        assert trust["Principal"] == {"Federated": "accounts.google.com"}
        assert trust["Condition"] == {"StringEquals": {"accounts.google.com:sub": TRANSFER_SUBJECT}}

    def test_it_reads_one_bucket_with_its_key_and_writes_nothing(self, owner: Recording) -> None:
        found = statements(owner.named("model-copy-source-policy"))
        actions = {
            action
            for each in found
            for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
        }
        assert not [
            a for a in actions if any(word in a for word in ("Put", "Encrypt", "GenerateDataKey", "*"))
        ]
        assert {each["Resource"] for each in found if each["Sid"].endswith("Models")} == {
            f"arn:aws:s3:::{S3}",
            f"arn:aws:s3:::{S3}/*",
            owner.outputs["model-buckets-key"]["arn"],
        }

    def test_the_key_of_the_bucket_lets_the_role_decrypt_through_s3(self, owner: Recording) -> None:
        """The key trusts the account through S3; the role's own policy asks for just that."""
        key = {s["Sid"]: s for s in statements(owner.named("model-buckets-key"))}["UsedThroughS3"]
        role = {s["Sid"]: s for s in statements(owner.named("model-copy-source-policy"))}["DecryptModels"]
        assert role["Action"] in key["Action"]
        via = "kms:ViaService"
        assert role["Condition"]["StringEquals"][via] == key["Condition"]["StringEquals"][via]

    def test_the_agent_may_write_and_readers_may_read(self, owner: Recording) -> None:
        granted = {
            (r.inputs["role"], r.inputs["member"].rpartition("/subject/")[2]) for r in owner.of(MEMBER)
        }
        agent = f"serviceAccount:{TRANSFER_AGENT}"
        assert granted == {
            ("roles/storage.legacyBucketWriter", agent),
            ("roles/storage.legacyObjectReader", agent),
            ("roles/storage.objectViewer", "system:serviceaccount:ml-serving:inference-service"),
            ("roles/storage.objectViewer", "system:serviceaccount:ml-serving:model-restore"),
        }

    def test_each_joined_cluster_s_tokens_are_known(self, owner: Recording, other: Recording) -> None:
        providers = owner.of("gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider")
        issuers = {
            r.inputs["workloadIdentityPoolProviderId"]: r.inputs["oidc"]["issuerUri"] for r in providers
        }
        assert issuers == {
            "aws-us-east": owner.exports["cluster"]["issuer"],
            "aws-eu-west": other.exports["cluster"]["issuer"],
        }
        assert set(owner.exports["modelReaders"]) == {"us-east", "eu-west"}


class TestAlerts:
    def test_each_reaches_the_topic_whose_publisher_may_publish(self, owner: Recording) -> None:
        policies = owner.of("gcp:monitoring/alertPolicy:AlertPolicy")
        channel = owner.one("gcp:monitoring/notificationChannel:NotificationChannel")
        assert {r.name.rpartition("-")[2] for r in policies} == {"age", "failures", "changed", "replication"}
        for policy in policies:
            assert policy.inputs["notificationChannels"] == [owner.ids[channel.name]]
        assert channel.inputs["type"] == "pubsub"
        publisher = owner.named("model-copy-alarms-publisher")
        assert owner.before(channel, publisher)

    def test_they_watch_the_jobs_that_are_deployed(self, owner: Recording) -> None:
        numbers = [
            owner.outputs[f"model-copy-{job}"]["name"].rpartition("/")[2] for job in ("floor", "events")
        ]
        (age,) = owner.named("model-copy-age").inputs["conditions"]
        assert numbers[0] in age["conditionAbsent"]["filter"]
        assert numbers[1] not in age["conditionAbsent"]["filter"]
        for condition in owner.named("model-copy-failures").inputs["conditions"]:
            assert all(number in condition["conditionThreshold"]["filter"] for number in numbers)


class TestReading:
    def test_pods_mount_the_region_s_own_bucket_unless_told(self, owner: Recording) -> None:
        pod = owner.object("Deployment", "inference-service")["spec"]["template"]["spec"]
        assert "initContainers" not in pod
        assert owner.object("PersistentVolume", "inference-models")["spec"]["csi"]["volumeHandle"] == S3

    def test_the_peer_s_bucket_is_another_volume_that_the_driver_may_read(self, other: Recording) -> None:
        recording = record_region("us-east", {"eu-west": outputs_of(other)}, region=reading("peer"))
        theirs = S3.replace("us-east", "eu-west")
        volume = recording.object("PersistentVolume", "inference-models-peer")["spec"]
        assert volume["csi"]["volumeHandle"] == theirs
        assert "region eu-west-1" in volume["mountOptions"]
        claim = recording.object("PersistentVolumeClaim", "models-peer")
        assert claim["spec"]["volumeName"] == "inference-models-peer"
        pod = recording.object("Deployment", "inference-service")["spec"]["template"]["spec"]
        assert pod["volumes"][0]["persistentVolumeClaim"]["claimName"] == "models-peer"
        driver = "cluster-addons-aws-mountpoint-s3-csi-driver-identity-policy"
        read = {s["Sid"]: s["Resource"] for s in statements(recording.named(driver))}
        assert read["ListModels"] == [f"arn:aws:s3:::{S3}", f"arn:aws:s3:::{theirs}"]
        assert other.exports["bucketKeyArn"] in read["DecryptModels"]

    @pytest.mark.parametrize("name", ["us-east", "eu-west"])
    def test_the_copy_is_fetched_before_the_server_starts(
        self, name: str, owner: Recording, other: Recording
    ) -> None:
        peers = {"eu-west": outputs_of(other)} if name == "us-east" else {"us-east": outputs_of(owner)}
        recording = record_region(name, peers, region=reading("gcs", name))
        pod = recording.object("Deployment", "inference-service")["spec"]["template"]["spec"]
        (fetcher,) = pod["initContainers"]
        environment = {each["name"]: each["value"] for each in fetcher["env"]}
        audience = owner.exports["modelReaders"][name]
        assert environment["GCS_BUCKET"] == BUCKET
        assert json.loads(environment["GOOGLE_CREDENTIALS"])["audience"] == audience
        tokens = [v["projected"]["sources"][0] for v in pod["volumes"] if "projected" in v]
        assert [token["serviceAccountToken"]["audience"] for token in tokens] == [audience]
        assert not recording.of("kubernetes:core/v1:PersistentVolume")

    def test_a_source_that_is_not_known_yet_is_refused_before_anything_is_made(self) -> None:
        for source, remedy in (("gcs", "`up` it first"), ("peer", "has not come up")):
            with pytest.raises(ConfigError, match=remedy) as caught:
                record_region("eu-west", region=reading(source, "eu-west"))
            assert f"eu-west: standfast:region.readsFrom: '{source}'" in str(caught.value)


class TestTheWayBack:
    def test_it_waits_in_the_owner_s_cluster(self, owner: Recording) -> None:
        assert owner.object("CronJob", "model-restore")["spec"]["suspend"] is True
        assert owner.object("ConfigMap", "model-restore")["data"] == {"restore.py": script_text()}

    def test_it_is_known_to_both_clouds(self, owner: Recording) -> None:
        job = owner.named("model-restore-job")
        pod = job.inputs["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        environment = {each["name"]: each["value"] for each in pod["containers"][0]["env"]}
        audience = owner.exports["modelReaders"]["us-east"]
        assert json.loads(environment["GOOGLE_CREDENTIALS"])["audience"] == audience
        assert (environment["GCS_BUCKET"], environment["S3_BUCKET"]) == (BUCKET, S3)
        association = owner.named("model-restore-writer-association")
        assert association.inputs["serviceAccount"] == pod["serviceAccountName"]
        assert owner.before(association, job)
