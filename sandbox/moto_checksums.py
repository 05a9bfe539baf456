"""CRC32C in moto, as S3 takes it.

S3 compares what it received with the checksum that was sent, whether or not the algorithm was named beside
it, and answers with it; moto looks for the name alone, compares nothing, and takes CRC32 for CRC32C.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
"""

from __future__ import annotations

import base64
from typing import Any

import google_crc32c
from moto.s3.exceptions import S3ClientError
from moto.s3.responses import S3Response

_NAME = "CRC32C"
_HEADER = "x-amz-checksum-crc32c"


class BadDigestError(S3ClientError):
    """The bytes are not those of the checksum."""

    code = 400

    def __init__(self) -> None:
        super().__init__("BadDigest", f"The {_NAME} you specified did not match the calculated checksum.")


def crc32c(body: bytes) -> str:
    """In base64, as both clouds write it."""
    return base64.b64encode(google_crc32c.Checksum(body).digest()).decode()


def install() -> None:
    """Let this process's moto check and answer so."""
    others = S3Response._get_checksum  # pyright: ignore[reportPrivateUsage]

    def checksum(self: S3Response, response_headers: dict[str, Any]) -> tuple[str, str | None]:
        sent = self.headers.get(_HEADER)
        if sent is None and self.headers.get("x-amz-sdk-checksum-algorithm") != _NAME:
            return others(self, response_headers)
        body: Any = self.body
        found = crc32c(body.encode() if isinstance(body, str) else body or b"")
        if sent is not None and sent != found:
            raise BadDigestError
        response_headers[_HEADER] = found
        return _NAME, found

    S3Response._get_checksum = checksum  # pyright: ignore[reportPrivateUsage]
