"""Makes one replica in moto."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlencode

from botocore.exceptions import ClientError

from sandbox.replication.journal import Journal, Status
from sandbox.replication.rules import Rule
from sandbox.replication.versions import Version

MARK = "standfast-replica-of"
"""User metadata of a replica: `<source bucket>/<version id>`, where S3 has x-amz-replication-status."""
_HEADERS = (
    "CacheControl",
    "ContentDisposition",
    "ContentEncoding",
    "ContentLanguage",
    "ContentType",
    "WebsiteRedirectLocation",
)
_PERMANENT = ("NoSuchBucket", "AccessDenied", "InvalidRequest", "InvalidBucketState")
_GONE = ("NoSuchKey", "NoSuchVersion", "404")
_log = logging.getLogger(__name__)


class Copier:
    """Copies with one S3 client: moto is one endpoint for all locations."""

    def __init__(self, s3: Any, journal: Journal) -> None:
        self._s3, self._journal = s3, journal

    def replicate(self, rule: Rule, version: Version) -> Status | None:
        """Make a version's replica once, whatever happened before; None when the version is gone.

        Raises botocore's errors when moto does not answer: nothing is lost, the next call goes on.
        """
        noted = self._journal.entry(rule, version)
        try:
            if noted is not None and (found := self._made(rule, version, noted.before)):
                return self._complete(rule, version, found)
            if version.marker:
                before = self._markers(rule.destination, version.key)
                self._journal.write(rule, version, Status.PENDING, before=before)
                made = self._s3.delete_object(Bucket=rule.destination, Key=version.key)
                return self._complete(rule, version, made["VersionId"])
            return self._copy(rule, version)
        except ClientError as error:
            return self._failed(rule, version, error)

    def _copy(self, rule: Rule, version: Version) -> Status | None:
        whole = {"Bucket": rule.source, "Key": version.key, "VersionId": version.id}
        found = self._s3.get_object(**whole)
        if found.get("ServerSideEncryption") == "aws:kms" and not rule.encrypted:
            self._journal.write(rule, version, Status.SKIPPED)
            return Status.SKIPPED
        tags = self._s3.get_object_tagging(**whole)["TagSet"] if found.get("TagCount") else []
        body = found["Body"].read()
        self._journal.write(rule, version, Status.PENDING)
        made = self._s3.put_object(
            Bucket=rule.destination,
            Key=version.key,
            Body=body,
            Metadata={**found["Metadata"], MARK: f"{rule.source}/{version.id}"},
            **{name: found[name] for name in _HEADERS if found.get(name)},
            **({"StorageClass": rule.storage_class} if rule.storage_class else _storage(found)),
            **_encryption(rule, found),
            **({"Tagging": urlencode({tag["Key"]: tag["Value"] for tag in tags})} if tags else {}),
        )
        return self._complete(rule, version, made["VersionId"])

    def _complete(self, rule: Rule, version: Version, replica: str) -> Status:
        self._journal.write(rule, version, Status.COMPLETED, replica=replica)
        return Status.COMPLETED

    def _failed(self, rule: Rule, version: Version, error: ClientError) -> Status | None:
        code = error.response["Error"]["Code"]
        if code in _GONE:  # deleted for good before its turn came
            self._journal.write(rule, version, Status.SKIPPED)
            return None
        if code not in _PERMANENT:
            raise error
        _log.error("%s of %s is not replicated to %s: %s", version.key, rule.source, rule.destination, error)
        self._journal.write(rule, version, Status.FAILED)
        return Status.FAILED

    def _made(self, rule: Rule, version: Version, before: tuple[str, ...]) -> str | None:
        """The replica that an attempt of earlier has made, if it has come so far."""
        if version.marker:
            new = [one for one in self._markers(rule.destination, version.key) if one not in before]
            return new[0] if new else None
        for one in self._listed(rule.destination, version.key, "Versions"):
            head = self._s3.head_object(Bucket=rule.destination, Key=version.key, VersionId=one["VersionId"])
            if head["Metadata"].get(MARK) == f"{rule.source}/{version.id}":
                return str(one["VersionId"])
        return None

    def _markers(self, bucket: str, key: str) -> list[str]:
        return [one["VersionId"] for one in self._listed(bucket, key, "DeleteMarkers")]

    def _listed(self, bucket: str, key: str, name: str) -> list[dict[str, Any]]:
        pages = self._s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key)
        return [one for page in pages for one in page.get(name) or () if one["Key"] == key]


def _storage(found: dict[str, Any]) -> dict[str, str]:
    """A replica has its source's storage class unless the rule names one."""
    return {"StorageClass": found["StorageClass"]} if found.get("StorageClass") else {}


def _encryption(rule: Rule, found: dict[str, Any]) -> dict[str, str]:
    """Replicas of what KMS encrypts are encrypted with the rule's key, others as their source was."""
    method = found.get("ServerSideEncryption")
    if method == "aws:kms":
        return {"ServerSideEncryption": method, **({"SSEKMSKeyId": rule.kms_key} if rule.kms_key else {})}
    return {"ServerSideEncryption": method} if method else {}
