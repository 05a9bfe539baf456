"""moto says who asked what: the proof that nobody called a control plane while clients were led away."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import boto3
import google_crc32c
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.host import Machine
from sandbox.moto import client, request_log, seed, start_moto
from sandbox.paths import SandboxPaths
from sandbox.processes import Processes


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxPaths]:
    made = SandboxPaths(id="test-moto", root=tmp_path_factory.mktemp("moto"))
    made.create()
    yield made
    Processes(made).stop_all()


@pytest.fixture(scope="module")
def url(paths: SandboxPaths) -> str:
    host = Machine(paths)
    return start_moto(paths, host, host.free_port())


def _lines(paths: SandboxPaths) -> list[dict[str, Any]]:
    return [json.loads(line) for line in request_log(paths).read_text().splitlines()]


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        ("list_hosted_zones", ("route53", "us-east-1", "GET /2013-04-01/hostedzone")),
        ("list_buckets", ("s3", "eu-west-1", "GET /")),
        ("list_certificates", ("acm", "eu-west-1", "ListCertificates")),
    ],
)
def test_a_request_is_told_with_its_caller(
    paths: SandboxPaths, url: str, ask: str, told: tuple[str, str, str]
) -> None:
    service, location, what = told
    asker: Any = boto3.Session().client(
        service,  # pyright: ignore[reportArgumentType]
        endpoint_url=url,
        region_name=location,
        aws_access_key_id="any",
        aws_secret_access_key="any",
        config=Config(user_agent_appid="pods-us-east-us-east-1a"),
    )
    getattr(asker, ask)()
    line = _lines(paths)[-1]
    assert line["caller"] == "pods-us-east-us-east-1a"
    assert (line["service"], line["location"], line["what"], line["status"]) == (service, location, what, 200)


def test_who_does_not_say_its_name_is_told_as_nobody(paths: SandboxPaths, url: str) -> None:
    seed(url, "example.com")
    assert {line["caller"] for line in _lines(paths) if line["what"].startswith("POST")} == {""}


def test_crc32c_is_compared_and_answered_as_s3_does(url: str) -> None:
    s3, body = client("s3", url), b"the model"
    right = base64.b64encode(google_crc32c.Checksum(body).digest()).decode()
    wrong = base64.b64encode(google_crc32c.Checksum(b"another").digest()).decode()
    s3.create_bucket(Bucket="checked")
    made = s3.put_object(Bucket="checked", Key="k", Body=body, ChecksumCRC32C=right)
    assert made["ChecksumCRC32C"] == right
    found = s3.head_object(Bucket="checked", Key="k", ChecksumMode="ENABLED")
    assert found["ChecksumCRC32C"] == right
    with pytest.raises(ClientError, match="BadDigest"):
        s3.put_object(Bucket="checked", Key="other", Body=body, ChecksumCRC32C=wrong)
    assert [one["Key"] for one in s3.list_objects_v2(Bucket="checked")["Contents"]] == ["k"]


def test_lists_of_versions_leave_no_copies_of_them_behind(paths: SandboxPaths, url: str) -> None:
    s3 = client("s3", url, "us-east-1")
    s3.create_bucket(Bucket="many-versions")
    status = {"Status": "Enabled"}
    s3.put_bucket_versioning(Bucket="many-versions", VersioningConfiguration=status)
    body = b"m" * 256 * 1024
    for number in range(20):
        s3.put_object(Bucket="many-versions", Key=f"models/{number % 4}", Body=body)
    moto = Processes(paths).find("moto")
    assert moto is not None
    before = moto.memory_info().rss
    for _ in range(19):
        s3.list_object_versions(Bucket="many-versions")
    listed = s3.list_object_versions(Bucket="many-versions")
    assert len(listed["Versions"]) == 20
    assert sum(version["IsLatest"] for version in listed["Versions"]) == 4
    # Copies would be 5 MB each.
    assert moto.memory_info().rss - before < 20 * 2**20
    assert s3.get_object(Bucket="many-versions", Key="models/0")["Body"].read() == body
