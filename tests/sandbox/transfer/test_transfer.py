"""The transfer twin between real moto and fake-gcs-server, by jobs that the provider keeps."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import google_crc32c
import pytest
from moto.server import ThreadedMotoServer

from sandbox.gcs import ENDPOINT_VARIABLE
from sandbox.host import python_command
from sandbox.moto import CREDENTIALS, client
from sandbox.providers.aws.clients import Clients
from sandbox.providers.gcp.api import Api
from sandbox.providers.gcp.kept.projects import transfer_agent, transfer_subject
from sandbox.transfer import objects
from sandbox.transfer.copying import Copier
from sandbox.transfer.journal import Journal
from sandbox.transfer.transferrer import Transferrer
from tests.sandbox.gcs_server import serving

pytestmark = pytest.mark.engine

PROJECT, SOURCE, SINK, QUEUE = "standfast-models", "models-us-east", "models-copy", "events"
AGENT = f"serviceAccount:{transfer_agent(PROJECT)}"
ROLE = "arn:aws:iam::123456789012:role/source"


class World:
    """A bucket at each side, a role that the agent may take, and the twin in this very process."""

    def __init__(self, moto: str, gcs: str, folder: Path) -> None:
        self.moto, self.gcs, self.folder = moto, gcs, folder
        self.api = Api(gcs, folder)
        self.s3, self.iam, self.sqs = (client(name, moto) for name in ("s3", "iam", "sqs"))
        self.s3.create_bucket(Bucket=SOURCE)
        self.s3.put_bucket_versioning(Bucket=SOURCE, VersioningConfiguration={"Status": "Enabled"})
        self.trust(transfer_subject(PROJECT))
        self.api.call(
            "storage.buckets.insert",
            {"name": SINK, "location": "EUR4", "versioning": {"enabled": True}},
            project=PROJECT,
        )
        self.allow("roles/storage.legacyBucketWriter", "roles/storage.legacyObjectReader")
        self.clients = Clients(endpoint=moto, directory=folder)
        self.google = objects.client(gcs)
        self.journal = Journal(folder / "transfer.sqlite")
        self.twin = Transferrer(
            self.clients,
            self.api.store,
            Copier(self.clients.plain("s3", "us-east-1"), self.google, self.journal),
            self.journal,
            folder / "status.json",
        )

    def trust(self, subject: str) -> None:
        equal = {"StringEquals": {"accounts.google.com:sub": subject}}
        statement = {
            "Effect": "Allow",
            "Principal": {"Federated": "accounts.google.com"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": equal,
        }
        self.iam.create_role(RoleName="source", AssumeRolePolicyDocument=_policy(statement))
        read = {
            "Effect": "Allow",
            "Action": ["s3:ListBucket", "s3:Get*", "s3:DeleteObject", "sqs:*"],
            "Resource": [f"arn:aws:s3:::{SOURCE}", f"arn:aws:s3:::{SOURCE}/*", "arn:aws:sqs:*"],
        }
        self.iam.put_role_policy(RoleName="source", PolicyName="read", PolicyDocument=_policy(read))

    def allow(self, *roles: str) -> None:
        bindings = [{"role": role, "members": [AGENT]} for role in roles]
        self.api.call("storage.buckets.setIamPolicy", {"bindings": bindings}, bucket=SINK)

    def listen(self) -> str:
        """A queue that S3 tells of new objects; its ARN."""
        url = self.sqs.create_queue(QueueName=QUEUE)["QueueUrl"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
        queue = {"QueueArn": attributes["QueueArn"], "Events": ["s3:ObjectCreated:*"]}
        self.s3.put_bucket_notification_configuration(
            Bucket=SOURCE, NotificationConfiguration={"QueueConfigurations": [queue]}
        )
        return str(attributes["QueueArn"])

    def waiting(self) -> int:
        url = self.sqs.get_queue_url(QueueName=QUEUE)["QueueUrl"]
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(value) for value in found.values())

    def job(self, *, options: dict[str, Any] | None = None, **more: Any) -> str:
        """A job that is due at once, unless it listens; its name."""
        now = time.gmtime()
        date = {"year": now.tm_year, "month": now.tm_mon, "day": now.tm_mday}
        body = {
            "projectId": PROJECT,
            "description": "a copy",
            "status": "ENABLED",
            "schedule": {"scheduleStartDate": date, "repeatInterval": "3600s"},
            "transferSpec": {
                "awsS3DataSource": {"bucketName": SOURCE, "roleArn": ROLE},
                "gcsDataSink": {"bucketName": SINK},
                "transferOptions": {
                    "overwriteWhen": "DIFFERENT",
                    "metadataOptions": {"timeCreated": "TIME_CREATED_PRESERVE_AS_CUSTOM_TIME"},
                    **(options or {}),
                },
                **more.pop("spec", {}),
            },
            **more,
        }
        return str(self.api.call("storagetransfer.transferJobs.create", body)["name"])

    def put(self, key: str, body: bytes, **more: Any) -> None:
        self.s3.put_object(Bucket=SOURCE, Key=key, Body=body, **more)

    def copies(self) -> dict[str, bytes]:
        return {blob.name: blob.download_as_bytes() for blob in self.google.list_blobs(SINK)}

    def generations(self, name: str) -> int:
        return sum(one["name"] == name for one in self.api.server.objects(SINK))

    def status(self, job: str) -> dict[str, Any]:
        shown = json.loads((self.folder / "status.json").read_bytes())["jobs"]
        return next(one for one in shown if one["name"] == job)


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture(scope="module")
def gcs() -> Iterator[str]:
    with serving() as url:
        yield url


@pytest.fixture
def world(gcs: str, tmp_path: Path) -> Iterator[World]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    moto = f"http://{host}:{port}"
    reset = urllib.request.Request(f"{moto}/moto-api/reset", method="POST")  # noqa: S310
    urllib.request.urlopen(reset, timeout=10).close()  # noqa: S310
    made = World(moto, gcs, tmp_path)
    yield made
    for one in list(made.api.server.objects(SINK)):
        made.api.server.delete_object(SINK, one["name"], one["generation"])
    made.api.server.call("DELETE", f"b/{SINK}")
    server.stop()


def test_a_scheduled_job_copies_all_that_is_there_once_with_checksums_and_metadata(world: World) -> None:
    body = os.urandom(4096)
    told = {"ContentType": "model/x", "CacheControl": "no-cache", "Metadata": {"by": "us"}}
    world.put("models/a/model.bin", body, **told)
    world.put("models/b+c d/é.bin", b"odd name")
    modified = world.s3.head_object(Bucket=SOURCE, Key="models/a/model.bin")["LastModified"]
    job = world.job()
    world.twin.step()
    assert world.copies() == {"models/a/model.bin": body, "models/b+c d/é.bin": b"odd name"}
    blob = world.google.bucket(SINK).get_blob("models/a/model.bin")
    assert blob is not None
    assert blob.crc32c == base64.b64encode(google_crc32c.Checksum(body).digest()).decode()
    assert (blob.content_type, blob.cache_control, blob.metadata) == ("model/x", "no-cache", {"by": "us"})
    assert blob.custom_time == modified
    assert world.status(job)["copied"] == 2
    world.put("models/later", b"not due")
    world.twin.step()
    assert "models/later" not in world.copies()


def test_only_what_differs_is_copied_again_and_the_older_generation_stays(world: World) -> None:
    world.put("same", b"same")
    world.put("changed", b"one")
    world.job()
    world.twin.step()
    world.put("changed", b"two")
    world.job()
    world.twin.step()
    assert world.copies() == {"same": b"same", "changed": b"two"}
    assert (world.generations("same"), world.generations("changed")) == (1, 2)


def test_events_copy_each_object_within_a_pass_and_filters_hold(world: World) -> None:
    queue = world.listen()
    conditions = {"includePrefixes": ["models/"], "excludePrefixes": ["models/tmp/"]}
    world.job(eventStream={"name": queue}, spec={"objectConditions": conditions})
    for key in ("models/a b+c.bin", "models/tmp/x", "logs/x"):
        world.put(key, key.encode())
    world.twin.step()
    assert world.copies() == {"models/a b+c.bin": b"models/a b+c.bin"}
    assert world.waiting() == 0


def test_what_is_deleted_at_the_source_stays_unless_the_job_says_otherwise(world: World) -> None:
    world.put("gone", b"1")
    world.put("kept", b"2")
    world.job()
    world.twin.step()
    versions = world.s3.list_object_versions(Bucket=SOURCE, Prefix="gone")["Versions"]
    world.s3.delete_object(Bucket=SOURCE, Key="gone", VersionId=versions[0]["VersionId"])
    world.job()
    world.twin.step()
    assert set(world.copies()) == {"gone", "kept"}
    world.job(options={"deleteObjectsUniqueInSink": True})
    world.twin.step()
    assert set(world.copies()) == {"kept"}


def test_a_disabled_job_does_nothing(world: World) -> None:
    queue = world.listen()
    world.put("a", b"1")
    world.job(status="DISABLED")
    world.job(status="DISABLED", eventStream={"name": queue})
    world.twin.step()
    assert world.copies() == {}
    # The test that S3 sends of a new destination aside, moto sends none.
    assert world.waiting() >= 1


def test_without_trust_or_grant_nothing_is_copied_and_the_job_has_failed(world: World) -> None:
    world.put("a", b"1")
    job = world.job()
    stranger = {"StringEquals": {"accounts.google.com:sub": "1"}}
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": "accounts.google.com"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": stranger,
    }
    world.iam.update_assume_role_policy(RoleName="source", PolicyDocument=_policy(statement))
    world.twin.step()
    assert world.status(job)["status"] == "FAILED"
    world.iam.delete_role_policy(RoleName="source", PolicyName="read")
    world.iam.delete_role(RoleName="source")
    world.trust(transfer_subject(PROJECT))
    world.allow("roles/storage.objectViewer")
    world.twin.step()
    assert world.status(job)["status"] == "FAILED"
    assert world.copies() == {}
    world.allow("roles/storage.legacyBucketWriter")
    world.twin.step()
    assert world.copies() == {"a": b"1"}


def test_a_run_that_was_killed_half_way_goes_on_and_copies_nothing_twice(world: World) -> None:
    count = 30
    for number in range(count):
        world.put(f"models/{number:03}", os.urandom(256 * 1024))
    world.job(options={"overwriteWhen": "ALWAYS"})
    twin = _start(world)
    _until(lambda: len(world.copies()) >= 5)
    twin.send_signal(signal.SIGKILL)
    twin.wait(10)
    half = len(world.copies())
    assert 5 <= half < count
    again = _start(world)
    try:
        _until(lambda: len(world.copies()) == count)
        _until(lambda: bool((run := _last(world)) and run.status))
    finally:
        again.terminate()
        again.wait(10)
    twice = [name for name in world.copies() if world.generations(name) > 1]
    assert len(twice) <= 1  # the one that the kill met between its copy and its note


def _start(world: World) -> subprocess.Popen[bytes]:
    folder = str(world.folder)
    arguments = ["--moto", world.moto, "--sandbox", folder, "--folder", folder]
    argv = python_command("sandbox.transfer", *arguments)
    env = {**os.environ, **CREDENTIALS, ENDPOINT_VARIABLE: world.gcs}
    return subprocess.Popen(argv, env=env, stderr=subprocess.DEVNULL)


def _last(world: World) -> Any:
    (name,) = [row["name"] for row in world.api.store.list("transfer-job", "")]
    return world.journal.last_run(name)


def _until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)
