"""The script that brings models back: every version, in order, byte for byte, and only what is gone."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from components.model_restore import script
from components.shared import google as shared
from tests.unit.model_restore.google import Google, crc32c, serving


def failed(code: str, status: int) -> ClientError:
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "PutObject")


class Amazon:
    """S3 as far as the script speaks to it: versions in the order of writing, checksums compared."""

    def __init__(self) -> None:
        self.versions: dict[str, list[tuple[bytes, dict[str, str]]]] = defaultdict(list)
        self.uploads: dict[str, Any] = {}
        self.fails_after: int | None = None
        self.spoils = False

    def head_object(self, **asked: Any) -> dict[str, Any]:
        if not self.versions[asked["Key"]]:
            raise failed("404", 404)
        return {"Metadata": self.versions[asked["Key"]][-1][1]}

    def put_object(self, **asked: Any) -> dict[str, Any]:
        if self.fails_after is not None:
            if not self.fails_after:
                raise failed("SlowDown", 503)
            self.fails_after -= 1
        assert asked["ContentType"] == "application/x-weights"
        return self._store(asked["Key"], asked["Body"], asked["Metadata"], asked["ChecksumCRC32C"])

    def create_multipart_upload(self, **asked: Any) -> dict[str, str]:
        assert asked["ChecksumType"] == "FULL_OBJECT"
        self.uploads[asked["Key"]] = {"metadata": asked["Metadata"], "parts": {}}
        return {"UploadId": asked["Key"]}

    def upload_part(self, **asked: Any) -> dict[str, str]:
        self.uploads[asked["UploadId"]]["parts"][asked["PartNumber"]] = asked["Body"]
        return {"ETag": str(asked["PartNumber"])}

    def complete_multipart_upload(self, **asked: Any) -> dict[str, Any]:
        upload = self.uploads[asked["UploadId"]]
        whole = b"".join(upload["parts"][number] for number in sorted(upload["parts"]))
        stored = self._store(asked["Key"], whole, upload["metadata"], asked["ChecksumCRC32C"])
        del self.uploads[asked["UploadId"]]
        return stored

    def abort_multipart_upload(self, **asked: Any) -> None:
        del self.uploads[asked["UploadId"]]

    def _store(self, key: str, data: bytes, metadata: dict[str, str], checksum: str) -> dict[str, Any]:
        if self.spoils or crc32c(data) != checksum:
            raise failed("BadDigest", 400)
        self.versions[key].append((data, metadata))
        return {"ChecksumCRC32C": checksum}

    def bytes_of(self, key: str) -> list[bytes]:
        return [data for data, _ in self.versions[key]]


@pytest.fixture
def amazon(monkeypatch: pytest.MonkeyPatch) -> Amazon:
    made = Amazon()
    monkeypatch.setattr(script.boto3, "client", lambda *_, **__: made)
    monkeypatch.setattr(script.time, "sleep", lambda _: None)
    for key, value in {"GCS_BUCKET": "copy", "S3_BUCKET": "models", "AWS_REGION": "us-east-1"}.items():
        monkeypatch.setenv(key, value)
    return made


def run(
    google: Google, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, dict[str, Any]]:
    """How the script ended, and its last line."""
    with serving(google):
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", google.address)
        status = script.main()
    return status, json.loads(capsys.readouterr().out.splitlines()[-1])


VERSIONS = [
    ("llama/weights", 30, b"three"),
    ("llama/weights", 10, b"one"),
    ("a b/c+d", 7, b""),
    ("x", 5, b"x"),
]


def test_every_version_comes_back_the_oldest_first(
    amazon: Amazon, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    status, told = run(Google(VERSIONS), monkeypatch, capsys)
    assert status == 0
    assert amazon.bytes_of("llama/weights") == [b"one", b"three"]
    assert amazon.bytes_of("a b/c+d") == [b""]
    assert amazon.versions["x"][0][1] == {"made-by": "training", "gcs-generation": "5"}
    assert told == {
        "objects": 3,
        "kept": 0,
        "versions": 4,
        "bytes": 9,
        "newest": "2026-11-25T11:00:30Z",
        "failed": 0,
    }


def test_an_object_that_is_there_is_left_as_it_is(
    amazon: Amazon, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    amazon.versions["x"].append((b"newer", {}))
    status, told = run(Google(VERSIONS), monkeypatch, capsys)
    assert (status, told["kept"], told["versions"]) == (0, 1, 3)
    assert amazon.bytes_of("x") == [b"newer"]


def test_a_run_that_was_ended_goes_on_where_it_was(
    amazon: Amazon, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    versions = [("model", number, str(number).encode()) for number in (1, 2, 3, 4)]
    amazon.fails_after = 2
    status, told = run(Google(versions), monkeypatch, capsys)
    assert (status, told["failed"], told["versions"]) == (1, 1, 2)
    amazon.fails_after = None
    status, told = run(Google(versions), monkeypatch, capsys)
    assert (status, told["failed"], told["versions"]) == (0, 0, 2)
    assert amazon.bytes_of("model") == [b"1", b"2", b"3", b"4"]
    assert run(Google(versions), monkeypatch, capsys)[1]["versions"] == 0


def test_bytes_that_are_not_the_copy_s_are_told_of(
    amazon: Amazon, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    amazon.spoils = True
    with serving(Google([("x", 1, b"x")])) as google:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", google.address)
        assert script.main() == 1
    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert first["object"] == "x"
    assert "BadDigest" in first["error"]


def test_large_objects_go_in_parts_whose_whole_is_compared(
    amazon: Amazon, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(script, "PART", 4)
    data = b"0123456789"
    assert run(Google([("large", 1, data)]), monkeypatch, capsys)[0] == 0
    assert amazon.bytes_of("large") == [data]
    monkeypatch.setattr("tests.unit.model_restore.google.Google.data", lambda *_: b"0123456780")
    status, _ = run(Google([("other", 1, data)]), monkeypatch, capsys)
    assert status == 1
    assert amazon.bytes_of("other") == []
    assert amazon.uploads == {}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    versions=st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(1, 10**15), st.binary(max_size=12)),
        unique_by=lambda each: each[1],
        max_size=9,
    ),
    page=st.integers(1, 4),
)
def test_whatever_is_published_comes_back_in_its_order(
    amazon: Amazon,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    versions: list[tuple[str, int, bytes]],
    page: int,
):
    amazon.versions.clear()
    monkeypatch.setattr(script, "PART", 5)
    status, told = run(Google(versions, page=page), monkeypatch, capsys)
    assert (status, told["versions"]) == (0, len(versions))
    for name in "abc":
        published = sorted((generation, data) for key, generation, data in versions if key == name)
        assert amazon.bytes_of(name) == [data for _, data in published]


def test_the_pod_s_own_token_is_exchanged_for_google_s(
    amazon: Amazon, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    token = tmp_path / "token"
    token.write_text("from-the-cluster\n")
    external = json.loads(shared.credentials("//iam.googleapis.com/projects/1/providers/us-east"))
    with serving(Google([("x", 1, b"x")], token="from-google")) as google:
        external["token_url"] = f"{google.address}/v1/token"
        external["credential_source"]["file"] = str(token)
        monkeypatch.setenv("GOOGLE_CREDENTIALS", json.dumps(external))
        reader = script.Google("copy")
        reader._host = google.address  # pyright: ignore[reportPrivateUsage]
        (version,) = reader.versions()
        assert reader.read(version, 0, 1) == b"x"
    (form,) = google.exchanged
    assert form["subject_token"] == "from-the-cluster"
    assert form["audience"] == "//iam.googleapis.com/projects/1/providers/us-east"
    assert form["scope"].endswith("devstorage.read_only")
    assert form["subject_token_type"] == "urn:ietf:params:oauth:token-type:jwt"


@pytest.mark.slow
def test_boto3_and_moto_take_what_it_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    import boto3
    from moto import mock_aws

    names = {"GCS_BUCKET": "copy", "S3_BUCKET": "models", "AWS_REGION": "us-east-1"}
    for key, value in {**names, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}.items():
        monkeypatch.setenv(key, value)
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="models")
        s3.put_bucket_versioning(Bucket="models", VersioningConfiguration={"Status": "Enabled"})
        assert run(Google(VERSIONS), monkeypatch, capsys)[0] == 0
        listed = s3.list_object_versions(Bucket="models", Prefix="llama/")["Versions"]
        bodies = [
            s3.get_object(Bucket="models", Key=v["Key"], VersionId=v["VersionId"])["Body"].read()
            for v in listed
        ]
    assert bodies == [b"three", b"one"]
