"""https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html"""

from __future__ import annotations

from collections.abc import Iterator

from ..buckets import missing, of_all
from ..model import Finding, Severity, Stack, StackRule
from ..values import at, known, listed, statements

_TYPE = "aws:s3/bucketPolicy:BucketPolicy"


def _check(stack: Stack) -> Iterator[Finding]:
    yield from missing(stack, _TYPE, "has no policy, and answers without TLS")
    for bucket, policy in of_all(stack, _TYPE):
        text = at(policy.props, "policy")
        if not known(text):
            continue
        found = statements(text)
        if not any(_denies_plain(statement) for statement in found):
            yield Finding(f"bucket {bucket.title} answers without TLS", policy.urn)
        for statement in found:
            if _lets_anybody_in(statement):
                sid = statement.get("Sid", "a statement")
                yield Finding(f"bucket {bucket.title} lets anybody in by {sid}", policy.urn)


def _denies_plain(statement: object) -> bool:
    return (
        at(statement, "Effect") == "Deny"
        and at(statement, "Principal") in ("*", {"AWS": "*"})
        and str(at(statement, "Condition", "Bool", "aws:SecureTransport")).lower() == "false"
        and bool({"s3:*", "*"} & set(listed(at(statement, "Action"))))
        and any(arn.endswith("/*") or arn == "*" for arn in listed(at(statement, "Resource")))
    )


def _lets_anybody_in(statement: object) -> bool:
    to_all = at(statement, "Principal") in ("*", {"AWS": "*"})
    return at(statement, "Effect") == "Allow" and to_all and not at(statement, "Condition")


RULE = StackRule(
    id="buckets-tls-only",
    severity=Severity.HIGH,
    title="Buckets answer over TLS only, and name whom they let in",
    reason="S3 answers plain HTTP too unless its policy denies it.",
    remedy="A statement that denies s3:* to * where aws:SecureTransport is false, on the bucket and its "
    "objects.",
    check=_check,
)
