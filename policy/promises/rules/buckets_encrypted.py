"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html"""

from __future__ import annotations

from collections.abc import Iterator

from ..buckets import ENCRYPTION, missing, of_all
from ..model import Finding, Severity, Stack, StackRule
from ..values import absent, at, differs


def _check(stack: Stack) -> Iterator[Finding]:
    yield from missing(stack, ENCRYPTION, "says nothing about its encryption")
    for bucket, encryption in of_all(stack, ENCRYPTION):
        default = at(encryption.props, "rules", 0, "applyServerSideEncryptionByDefault")
        if differs(at(default, "sseAlgorithm"), "aws:kms", "aws:kms:dsse"):
            yield Finding(
                f"bucket {bucket.title} is encrypted by {at(default, 'sseAlgorithm')}", encryption.urn
            )
        elif absent(at(default, "kmsMasterKeyId")):
            yield Finding(f"bucket {bucket.title} is encrypted with the account's shared key", encryption.urn)


RULE = StackRule(
    id="buckets-encrypted",
    severity=Severity.HIGH,
    title="Buckets are encrypted with a key of their own",
    reason="A key of ours can be refused to whoever has S3 rights alone, and its use is in the trail.",
    remedy="BucketServerSideEncryptionConfiguration with aws:kms and the region's bucket key.",
    check=_check,
)
