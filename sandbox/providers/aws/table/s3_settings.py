"""Settings of a bucket that are one resource each: versioning, encryption, public access, ownership."""

from __future__ import annotations

from typing import Any

from sandbox.providers.aws.entry import Entry, Step
from sandbox.providers.aws.table.s3 import NO_BUCKET
from sandbox.providers.base.table.fields import Fields, block, block_set, flag, text
from sandbox.providers.base.table.shapes import from_api, to_api

BUCKET_NAME = text(required=True, replace=True)
OWNER = text(api=None, local=True, replace=True)


def owner(step: Step) -> dict[str, Any]:
    """The request parameter that names the bucket's owner, if the program does."""
    owner = step.wish.get("expectedBucketOwner")
    return {"ExpectedBucketOwner": owner} if owner else {}


def bucket_id(step: Step) -> str:
    """As the real provider forms it: the bucket, and the expected owner if one was given."""
    owner = step.new.get("expectedBucketOwner")
    return f"{step.new['bucket']},{owner}" if owner else str(step.new["bucket"])


def bucket_of(step: Step) -> str:
    """The bucket of such an id."""
    return step.id.partition(",")[0]


def _put_versioning(step: Step) -> str:
    wanted = step.new["versioningConfiguration"]
    given = {
        "Status": wanted["status"],
        **({"MFADelete": wanted["mfaDelete"]} if wanted.get("mfaDelete") else {}),
    }
    if wanted["status"] != "Disabled":  # which is what a new bucket is, and can never be made again
        step.aws("s3").put_bucket_versioning(
            Bucket=step.new["bucket"], VersioningConfiguration=given, **owner(step)
        )
    return bucket_id(step)


def _read_versioning(step: Step) -> dict[str, Any] | None:
    found = step.aws("s3").get_bucket_versioning(Bucket=bucket_of(step), **owner(step))
    mfa = {"mfaDelete": found["MFADelete"]} if found.get("MFADelete") else {}
    return {
        "bucket": bucket_of(step),
        "versioningConfiguration": {"status": found.get("Status", "Disabled"), **mfa},
    }


def _suspend(step: Step) -> None:
    found = step.aws("s3").get_bucket_versioning(Bucket=bucket_of(step), **owner(step))
    if found.get("Status") == "Enabled":
        step.aws("s3").put_bucket_versioning(
            Bucket=bucket_of(step), VersioningConfiguration={"Status": "Suspended"}, **owner(step)
        )


def again(put: Any) -> Any:
    """An update that puts the whole setting anew."""

    def update(step: Step) -> None:
        put(step)

    return update


VERSIONING = Entry(
    token="aws:s3/bucketVersioning:BucketVersioning",  # noqa: S106
    fields={
        "bucket": BUCKET_NAME,
        "expectedBucketOwner": OWNER,
        "mfa": text(local=True),
        "versioningConfiguration": block(
            {
                "status": text(required=True, choices=("Enabled", "Suspended", "Disabled")),
                "mfaDelete": text(computed=True, choices=("Enabled", "Disabled")),
            },
            required=True,
        ),
    },
    create=_put_versioning,
    read=_read_versioning,
    update=again(_put_versioning),
    delete=_suspend,
    gone=NO_BUCKET,
)

_ENCRYPTION: Fields = {
    "applyServerSideEncryptionByDefault": block(
        {
            "sseAlgorithm": text(required=True, api="SSEAlgorithm"),
            "kmsMasterKeyId": text(api="KMSMasterKeyID"),
        }
    ),
    "bucketKeyEnabled": flag(),
}


def _put_encryption(step: Step) -> str:
    rules = [to_api(_ENCRYPTION, rule) for rule in step.new["rules"]]
    step.aws("s3").put_bucket_encryption(
        Bucket=step.new["bucket"], ServerSideEncryptionConfiguration={"Rules": rules}, **owner(step)
    )
    return bucket_id(step)


def _read_encryption(step: Step) -> dict[str, Any] | None:
    found = step.aws("s3").get_bucket_encryption(Bucket=bucket_of(step), **owner(step))
    rules = found["ServerSideEncryptionConfiguration"]["Rules"]
    return {"bucket": bucket_of(step), "rules": [from_api(_ENCRYPTION, rule) for rule in rules]}


def _delete_encryption(step: Step) -> None:
    step.aws("s3").delete_bucket_encryption(Bucket=bucket_of(step), **owner(step))


ENCRYPTION = Entry(
    token="aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",  # noqa: S106
    fields={
        "bucket": BUCKET_NAME,
        "expectedBucketOwner": OWNER,
        "rules": block_set(_ENCRYPTION, required=True, api=None),
    },
    create=_put_encryption,
    read=_read_encryption,
    update=again(_put_encryption),
    delete=_delete_encryption,
    gone=(*NO_BUCKET, "ServerSideEncryptionConfigurationNotFoundError"),
)

_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _put_public(step: Step) -> str:
    step.aws("s3").put_public_access_block(
        Bucket=step.new["bucket"], PublicAccessBlockConfiguration=step.request(*_BLOCKS)
    )
    return str(step.new["bucket"])


def _read_public(step: Step) -> dict[str, Any] | None:
    found = step.aws("s3").get_public_access_block(Bucket=step.id)["PublicAccessBlockConfiguration"]
    return {"bucket": step.id, **step.values(found, *_BLOCKS)}


def _delete_public(step: Step) -> None:
    if not step.old.get("skipDestroy"):
        step.aws("s3").delete_public_access_block(Bucket=step.id)


PUBLIC_ACCESS = Entry(
    token="aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",  # noqa: S106
    fields={
        "bucket": BUCKET_NAME,
        **{name: flag(default=False) for name in _BLOCKS},
        "skipDestroy": flag(local=True),
    },
    create=_put_public,
    read=_read_public,
    update=again(_put_public),
    delete=_delete_public,
    gone=(*NO_BUCKET, "NoSuchPublicAccessBlockConfiguration"),
)


def _put_ownership(step: Step) -> str:
    controls = {"Rules": [to_api(_OWNERSHIP, step.new["rule"])]}
    step.aws("s3").put_bucket_ownership_controls(Bucket=step.new["bucket"], OwnershipControls=controls)
    return str(step.new["bucket"])


def _read_ownership(step: Step) -> dict[str, Any] | None:
    rules = step.aws("s3").get_bucket_ownership_controls(Bucket=step.id)["OwnershipControls"]["Rules"]
    return {"bucket": step.id, "rule": from_api(_OWNERSHIP, rules[0])}


def _delete_ownership(step: Step) -> None:
    step.aws("s3").delete_bucket_ownership_controls(Bucket=step.id)


_OWNERSHIP: Fields = {"objectOwnership": text(required=True)}
OWNERSHIP = Entry(
    token="aws:s3/bucketOwnershipControls:BucketOwnershipControls",  # noqa: S106
    fields={"bucket": BUCKET_NAME, "rule": block(_OWNERSHIP, required=True)},
    create=_put_ownership,
    read=_read_ownership,
    update=again(_put_ownership),
    delete=_delete_ownership,
    gone=(*NO_BUCKET, "OwnershipControlsNotFoundError"),
)


ENTRIES = (VERSIONING, ENCRYPTION, PUBLIC_ACCESS, OWNERSHIP)
