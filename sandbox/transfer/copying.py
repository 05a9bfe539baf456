"""Copies one object, deletes one, and says whether two differ."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import google_crc32c
from botocore.exceptions import ClientError
from google.api_core.exceptions import GoogleAPICallError, NotFound
from google.cloud import storage

from sandbox.transfer.jobs import Job, Overwrite
from sandbox.transfer.journal import Journal

_GONE = ("404", "NoSuchKey", "NoSuchVersion")
_MD5 = re.compile(r"[0-9a-f]{32}")
# https://docs.cloud.google.com/storage-transfer/docs/metadata-preservation#amazon_s3_to
_HEADERS = {
    "CacheControl": "cache_control",
    "ContentDisposition": "content_disposition",
    "ContentEncoding": "content_encoding",
    "ContentLanguage": "content_language",
    "ContentType": "content_type",
}


class DamagedError(Exception):
    """What arrived is not what was sent."""


@dataclass(frozen=True, kw_only=True)
class Object:
    """An object of the source as it is now. `modified` in seconds since the epoch, `size` in bytes."""

    key: str
    etag: str
    size: int
    modified: float


class Copier:
    """Between one S3 and one Cloud Storage."""

    def __init__(self, s3: Any, gcs: storage.Client, journal: Journal) -> None:
        self._s3, self._gcs, self._journal = s3, gcs, journal

    def listed(self, job: Job) -> Iterator[Object]:
        """What is current in the source, delete markers aside."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=job.source, Prefix=job.source_path)
        for page in pages:
            for one in page.get("Contents", ()):
                yield Object(
                    key=one["Key"],
                    etag=one["ETag"].strip('"'),
                    size=one["Size"],
                    modified=one["LastModified"].timestamp(),
                )

    def found(self, job: Job, key: str) -> Object | None:
        """One object as it is now; None when it is gone."""
        try:
            head = self._s3.head_object(Bucket=job.source, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                return None
            raise
        return Object(
            key=key,
            etag=head["ETag"].strip('"'),
            size=head["ContentLength"],
            modified=head["LastModified"].timestamp(),
        )

    def transfer(self, job: Job, source: Object, name: str) -> int | None:
        """Copy an object unless the sink has it; the bytes that were copied, None for none.

        Raises DamagedError when checksums differ, and the errors of both clients.
        """
        bucket = self._gcs.bucket(job.sink)
        there = bucket.get_blob(name)
        if there is not None and not self._wanted(job, source, there):
            self._delete_source(job, source)
            return None
        try:
            got = self._s3.get_object(Bucket=job.source, Key=source.key)
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:  # deleted before its turn came
                return None
            raise
        data, etag = got["Body"].read(), got["ETag"].strip('"')
        blob = bucket.blob(name)
        for theirs, ours in _HEADERS.items():
            if got.get(theirs):
                setattr(blob, ours, got[theirs])
        blob.metadata = dict(got["Metadata"]) or None
        if job.storage_class:
            blob.storage_class = job.storage_class
        if job.keeps_time:
            blob.custom_time = got["LastModified"]
        blob.upload_from_string(data, content_type=got.get("ContentType"))
        self._compare(blob, data, etag)
        self._journal.copied(job.sink, name, str(blob.generation), etag)
        self._delete_source(job, source)
        return len(data)

    def _wanted(self, job: Job, source: Object, there: storage.Blob) -> bool:
        if job.overwrite is not Overwrite.DIFFERENT:
            return job.overwrite is Overwrite.ALWAYS
        copied = self._journal.source_of(job.sink, str(there.name), str(there.generation))
        if copied is not None:
            return copied != source.etag
        if not _MD5.fullmatch(source.etag):  # of parts: it tells nothing of the bytes
            return True
        return there.md5_hash != base64.b64encode(bytes.fromhex(source.etag)).decode()

    def _compare(self, blob: storage.Blob, data: bytes, etag: str) -> None:
        """The service compares what it read with S3's ETag, and what it wrote with CRC32C.

        https://docs.cloud.google.com/storage-transfer/docs/data-integrity
        """
        crc32c = base64.b64encode(google_crc32c.Checksum(data).digest()).decode()
        if blob.crc32c != crc32c:
            raise DamagedError(f"{blob.name}: CRC32C {blob.crc32c} arrived, {crc32c} was sent")
        md5 = base64.b64decode(blob.md5_hash or "").hex()
        if _MD5.fullmatch(etag) and md5 and md5 != etag:
            raise DamagedError(f"{blob.name}: MD5 {md5} arrived, S3 has {etag}")

    def _delete_source(self, job: Job, source: Object) -> None:
        if job.delete_source:
            self._s3.delete_object(Bucket=job.source, Key=source.key)

    def delete_others(self, job: Job, kept: set[str]) -> int:
        """Delete what the sink has and the source has not, for a job that says so; how many."""
        if not job.delete_unique:
            return 0
        deleted = 0
        for blob in self._gcs.list_blobs(job.sink, prefix=job.sink_path or None):
            back = job.source_path + str(blob.name).removeprefix(job.sink_path)
            if blob.name not in kept and job.sink_name(back) is not None:
                try:
                    blob.delete()
                except NotFound:
                    continue
                deleted += 1
        return deleted


HICCUPS = (GoogleAPICallError,)
"""What fake-gcs-server can do to the twin beside what moto can."""
