"""Brings every published version of every model back from Google Cloud Storage to S3.

Runs in a pod as it stands here, with Python's own library and boto3. An object that S3 has is left as it is.
One that is gone comes back with all its versions, the oldest first, as S3 orders versions by their writing;
a run that was ended goes on where it was. Each version carries the CRC32C that GCS has for it, and S3 refuses
bytes of another.

Environment: GCS_BUCKET, S3_BUCKET, AWS_REGION; GOOGLE_CREDENTIALS, the configuration of an external account,
or STORAGE_EMULATOR_HOST, where no token is asked for. Prints one JSON line for each object and one for the
sum; ends with 1 when an object did not come back whole.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

import boto3
import botocore.config
from botocore.exceptions import BotoCoreError, ClientError

GENERATION = "gcs-generation"
"""The key of S3's user metadata that says which version of the copy an object is."""

PART = 64 * 2**20
MOST_PARTS = 10_000
"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html"""

WORKERS = 8
ATTEMPTS = 5
SCOPE = "https://www.googleapis.com/auth/devstorage.read_only"


class RestoreError(Exception):
    """A version that did not come back whole."""


class Google:
    """The JSON API of Cloud Storage, of which this reads: https://docs.cloud.google.com/storage/docs/json_api"""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket
        emulator = os.environ.get("STORAGE_EMULATOR_HOST", "")
        self._host = emulator.rstrip("/") or "https://storage.googleapis.com"
        self._external = None if emulator else json.loads(os.environ["GOOGLE_CREDENTIALS"])
        self._token, self._until = "", 0.0
        self._lock = Lock()

    def versions(self) -> Iterator[dict[str, Any]]:
        """Every version of every object."""
        page = ""
        while True:
            query = {"versions": "true", "maxResults": "1000", **({"pageToken": page} if page else {})}
            with self._get(f"/storage/v1/b/{self._bucket}/o?{urlencode(query)}") as answer:
                listed = json.load(answer)
            yield from listed.get("items", ())
            page = listed.get("nextPageToken", "")
            if not page:
                return

    def read(self, version: dict[str, Any], start: int, end: int) -> bytes:
        """The bytes from ``start`` up to ``end`` of one version."""
        path = f"/download/storage/v1/b/{self._bucket}/o/{quote(version['name'], safe='')}"
        query = urlencode({"alt": "media", "generation": version["generation"]})
        ranges = {"Range": f"bytes={start}-{end - 1}"} if end > start else {}
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self._get(f"{path}?{query}", ranges) as answer:
                    data = answer.read()
            except OSError:
                if attempt == ATTEMPTS:
                    raise
            else:
                if len(data) == end - start:
                    return data
            time.sleep(2**attempt / 10)
        raise RestoreError(f"{version['name']}: GCS gave fewer bytes than it has")

    def _get(self, path: str, headers: dict[str, str] | None = None) -> Any:
        # What is stored compressed comes as it is stored, or its CRC32C would be of other bytes.
        known = {"Accept-Encoding": "gzip", **(headers or {})}
        if self._external is not None:
            known["Authorization"] = f"Bearer {self._bearer()}"
        # The host is Google's own or the emulator's, never one of an object's.
        return urlopen(Request(self._host + path, headers=known), timeout=60)  # noqa: S310

    def _bearer(self) -> str:
        """Google's token for the pod's own: https://docs.cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token"""
        with self._lock:
            if self._external is not None and time.monotonic() > self._until:
                form = {
                    "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
                    "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
                    "audience": self._external["audience"],
                    "scope": SCOPE,
                    "subject_token_type": self._external["subject_token_type"],
                    "subject_token": Path(self._external["credential_source"]["file"]).read_text().strip(),
                }
                request = Request(self._external["token_url"], data=urlencode(form).encode())  # noqa: S310
                with urlopen(request, timeout=60) as answer:  # noqa: S310 - https, from the configuration
                    given = json.load(answer)
                self._token, self._until = given["access_token"], time.monotonic() + given["expires_in"] / 2
            return self._token


class Amazon:
    """The bucket on S3: what it has, and one version more."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket
        # The only checksum that is sent is the copy's own.
        config = botocore.config.Config(
            request_checksum_calculation="when_required",
            retries={"mode": "standard", "max_attempts": 10},
            max_pool_connections=2 * WORKERS,
        )
        self._s3 = boto3.client("s3", region_name=os.environ["AWS_REGION"], config=config)

    def last_restored(self, key: str) -> int | None:
        """The newest generation that a run brought back, 0 for none; None where the object is not ours."""
        try:
            head = self._s3.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 404:
                return 0
            raise
        generation = head.get("Metadata", {}).get(GENERATION)
        return None if generation is None else int(generation)

    def put(self, google: Google, version: dict[str, Any]) -> None:
        """One version, in one piece or in parts; S3 compares the whole with ``crc32c``."""
        size, crc32c = int(version["size"]), version["crc32c"]
        settings: dict[str, Any] = {
            "Bucket": self._bucket,
            "Key": version["name"],
            "Metadata": {**version.get("metadata", {}), GENERATION: str(version["generation"])},
        }
        for ours, theirs in (("ContentType", "contentType"), ("ContentEncoding", "contentEncoding")):
            if version.get(theirs):
                settings[ours] = version[theirs]
        if size <= PART:
            body = google.read(version, 0, size)
            stored = self._s3.put_object(
                **settings, Body=body, ChecksumAlgorithm="CRC32C", ChecksumCRC32C=crc32c
            )
        else:
            stored = self._put_parts(google, version, size, settings)
        if stored.get("ChecksumCRC32C") != crc32c:
            raise RestoreError(
                f"{version['name']}: S3 has CRC32C {stored.get('ChecksumCRC32C')}, not {crc32c}"
            )

    def _put_parts(
        self, google: Google, version: dict[str, Any], size: int, settings: dict[str, Any]
    ) -> dict[str, Any]:
        """https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html"""
        whole = {"Bucket": settings["Bucket"], "Key": settings["Key"]}
        whole["UploadId"] = self._s3.create_multipart_upload(
            **settings, ChecksumAlgorithm="CRC32C", ChecksumType="FULL_OBJECT"
        )["UploadId"]
        length = max(PART, -(-size // MOST_PARTS))
        parts: list[dict[str, Any]] = []
        try:
            for number, start in enumerate(range(0, size, length), start=1):
                body = google.read(version, start, min(start + length, size))
                sent = self._s3.upload_part(**whole, PartNumber=number, Body=body)
                parts.append({"PartNumber": number, "ETag": sent["ETag"]})
            return self._s3.complete_multipart_upload(
                **whole,
                MultipartUpload={"Parts": parts},
                ChecksumCRC32C=version["crc32c"],
                ChecksumType="FULL_OBJECT",
            )
        except Exception:
            self._s3.abort_multipart_upload(**whole)
            raise


def restore(google: Google, amazon: Amazon, versions: list[dict[str, Any]]) -> dict[str, Any]:
    """One object with all its versions: what was done, as it is told."""
    key = versions[0]["name"]
    told: dict[str, Any] = {"object": key, "versions": 0, "bytes": 0}
    try:
        last = amazon.last_restored(key)
        if last is None:
            return {**told, "kept": True}
        for version in sorted(versions, key=lambda each: int(each["generation"])):
            if int(version["generation"]) <= last:
                continue
            amazon.put(google, version)
            told["versions"] += 1
            told["bytes"] += int(version["size"])
    except (RestoreError, ClientError, BotoCoreError, OSError) as error:
        told["error"] = str(error)
    return told


def main() -> int:
    """Restores all that is gone; 1 when something did not come back."""
    google, amazon = Google(os.environ["GCS_BUCKET"]), Amazon(os.environ["S3_BUCKET"])
    objects: dict[str, list[dict[str, Any]]] = {}
    newest = ""
    for version in google.versions():
        objects.setdefault(version["name"], []).append(version)
        newest = max(newest, version.get("customTime") or version["timeCreated"])
    with ThreadPoolExecutor(WORKERS) as workers:
        told = list(workers.map(lambda each: restore(google, amazon, each), objects.values()))
    for line in told:
        print(json.dumps(line))  # noqa: T201 - the pod's log is the report
    failed = sum("error" in line for line in told)
    summary = {
        "objects": len(told),
        "kept": sum("kept" in line for line in told),
        "versions": sum(line["versions"] for line in told),
        "bytes": sum(line["bytes"] for line in told),
        "newest": newest or None,
        "failed": failed,
    }
    print(json.dumps(summary))  # noqa: T201
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
