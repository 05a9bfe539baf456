"""The model registry in moto, whose bucket is guarded by the deployed kind of policy."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.host import Machine
from sandbox.moto import client, request_log, start_moto
from sandbox.paths import SandboxPaths
from sandbox.pods.models import CURRENT, PREFIX, Registry, S3Bucket, UnreadableError
from sandbox.processes import Processes
from tests.unit.pods.test_models import version
from tests.unit.sandbox.test_moto_policies import DEPLOYED

BUCKET = "registry-us-east"


@pytest.fixture(scope="module")
def paths() -> Iterator[SandboxPaths]:
    paths = SandboxPaths.of(f"test-pods-{os.getpid()}-{uuid.uuid4().hex[:6]}")
    paths.create()
    yield paths
    Processes(paths).stop_all(grace=1.0)
    shutil.rmtree(paths.root)


@pytest.fixture(scope="module")
def moto(paths: SandboxPaths) -> str:
    machine = Machine(paths)
    return start_moto(paths, machine, machine.free_port())


@pytest.fixture(scope="module")
def s3(moto: str) -> Any:
    """A client of moto, with a guarded bucket."""
    made = client("s3", moto)
    made.create_bucket(Bucket=BUCKET)
    guarded = {"Principal": "*", "Resource": f"arn:aws:s3:::{BUCKET}/*", "Effect": "Deny"}
    statements = [
        {"Sid": name, "Action": "s3:*", "Condition": condition, **guarded}
        for name, condition in DEPLOYED.items()
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    made.put_bucket_policy(Bucket=BUCKET, Policy=policy)
    return made


def test_a_guarded_bucket_takes_what_its_policy_allows_and_refuses_the_rest(s3: Any):
    s3.put_object(Bucket=BUCKET, Key="allowed", Body=b"1")
    assert s3.get_object(Bucket=BUCKET, Key="allowed")["Body"].read() == b"1"
    with pytest.raises(ClientError):
        s3.put_object(Bucket=BUCKET, Key="refused", Body=b"1", ServerSideEncryption="AES256")


def test_the_pods_read_the_newest_whole_version_and_are_known_by_name(
    s3: Any, moto: str, paths: SandboxPaths
):
    bucket = S3Bucket(moto, BUCKET, location="us-east-1", caller="pods-us-east-a")
    registry = Registry(bucket)
    assert registry.newest() is None
    for key, body in {**version(1), **version(2, b"half")}.items():
        s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    s3.put_object(Bucket=BUCKET, Key=CURRENT, Body=b'{"version": "00000002"}')
    found = registry.newest()
    assert found is not None
    assert found.version == "00000001"
    assert sorted(bucket.keys(PREFIX)) == sorted([*version(1), *version(2), CURRENT])
    entries = [json.loads(line) for line in request_log(paths).read_text().splitlines()]
    mine = [entry for entry in entries if entry["caller"] == "pods-us-east-a"]
    assert {(entry["service"], entry["location"]) for entry in mine} == {("s3", "us-east-1")}


def test_a_bucket_that_is_not_there_or_does_not_answer(moto: str):
    assert S3Bucket(moto, "no-such-bucket", location="us-east-1", caller="x").get("key") is None
    with pytest.raises(UnreadableError):
        S3Bucket("http://127.0.0.1:9", BUCKET, location="us-east-1", caller="x").get("key")
