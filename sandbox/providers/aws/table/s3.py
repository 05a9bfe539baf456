"""aws.s3.Bucket and aws.s3.BucketPolicy."""

from __future__ import annotations

from typing import Any

from sandbox.providers.aws.entry import Entry, Step
from sandbox.providers.aws.pairs import unpaired
from sandbox.providers.base.table.fields import flag, json_text, policy, tags, text

NO_BUCKET = ("NoSuchBucket", "404")


def code_of(error: Any) -> str:
    """The AWS error code of a ClientError."""
    return str(error.response.get("Error", {}).get("Code", ""))


# https://docs.aws.amazon.com/general/latest/gr/s3.html, "Amazon S3 website endpoints"
_WEBSITE_ZONES = {
    "ap-northeast-1": "Z2M4EHUR26P7ZW",
    "ap-southeast-1": "Z3O0J2DXBE1FTB",
    "ap-southeast-2": "Z1WCIGYICN2BYD",
    "eu-central-1": "Z21DNDUVLTQW6Q",
    "eu-west-1": "Z1BKCTXD74EZPE",
    "eu-west-2": "Z3GKZC51ZF0DB4",
    "us-east-1": "Z3AQBSTGFYJSTF",
    "us-east-2": "Z2O1EMRO9K5GLX",
    "us-west-1": "Z2F56UZL2M1ACD",
    "us-west-2": "Z3BJ6K6RIION7M",
}


def _create(step: Step) -> str:
    where = (
        {}
        if step.region == "us-east-1"
        else {"CreateBucketConfiguration": {"LocationConstraint": step.region}}
    )
    locked = {"ObjectLockEnabledForBucket": True} if step.new.get("objectLockEnabled") else {}
    step.aws("s3").create_bucket(Bucket=step.new["bucket"], **where, **locked)
    step.made(step.new["bucket"])
    _tag(step)
    return step.id


def _tag(step: Step) -> None:
    if step.tags_all:
        step.aws("s3").put_bucket_tagging(Bucket=step.id, Tagging={"TagSet": step.tag_pairs})
    elif step.old.get("tagsAll"):
        step.aws("s3").delete_bucket_tagging(Bucket=step.id)


def _tags(step: Step) -> dict[str, str]:
    s3 = step.aws("s3")
    try:
        return unpaired(s3.get_bucket_tagging(Bucket=step.id)["TagSet"])
    except s3.exceptions.ClientError as error:
        if code_of(error) != "NoSuchTagSet":
            raise
        return {}


def _read(step: Step) -> dict[str, Any] | None:
    step.aws("s3").head_bucket(Bucket=step.id)
    found: dict[str, Any] = {
        "bucket": step.id,
        "arn": f"arn:{step.session.partition}:s3:::{step.id}",
        "bucketDomainName": f"{step.id}.s3.amazonaws.com",
        "bucketRegion": step.region,
        "bucketRegionalDomainName": f"{step.id}.s3.{step.region}.amazonaws.com",
        "tagsAll": _tags(step),
    }
    if step.region in _WEBSITE_ZONES:
        found["hostedZoneId"] = _WEBSITE_ZONES[step.region]
    if step.wish.get("objectLockEnabled"):
        lock = step.aws("s3").get_object_lock_configuration(Bucket=step.id)["ObjectLockConfiguration"]
        found["objectLockEnabled"] = lock.get("ObjectLockEnabled") == "Enabled"
    return found


def _delete(step: Step) -> None:
    s3 = step.aws("s3")
    if step.old.get("forceDestroy"):
        _empty(s3, step.id)
    s3.delete_bucket(Bucket=step.id)


def _empty(s3: Any, bucket: str) -> None:
    """Deletes every version and delete marker, as forceDestroy promises."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        items = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        keys = [{"Key": item["Key"], "VersionId": item["VersionId"]} for item in items]
        if keys:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})


BUCKET = Entry(
    token="aws:s3/bucket:Bucket",  # noqa: S106
    fields={
        "bucket": text(auto_name=63, replace=True),
        "forceDestroy": flag(default=False, local=True),
        "objectLockEnabled": flag(api=None, computed=True, replace=True),
        "tags": tags(),
    },
    create=_create,
    read=_read,
    update=_tag,
    delete=_delete,
    gone=NO_BUCKET,
    outputs=("arn", "bucketDomainName", "bucketRegion", "bucketRegionalDomainName", "hostedZoneId"),
    import_keys=lambda id_: {"bucket": id_},
)


def _put_policy(step: Step) -> str:
    step.aws("s3").put_bucket_policy(Bucket=step.new["bucket"], Policy=json_text(step.new["policy"]))
    return str(step.new["bucket"])


def _update_policy(step: Step) -> None:
    _put_policy(step)


def _read_policy(step: Step) -> dict[str, Any] | None:
    return {"bucket": step.id, "policy": step.aws("s3").get_bucket_policy(Bucket=step.id)["Policy"]}


def _delete_policy(step: Step) -> None:
    step.aws("s3").delete_bucket_policy(Bucket=step.id)


BUCKET_POLICY = Entry(
    token="aws:s3/bucketPolicy:BucketPolicy",  # noqa: S106
    fields={"bucket": text(required=True, replace=True), "policy": policy(required=True)},
    create=_put_policy,
    read=_read_policy,
    update=_update_policy,
    delete=_delete_policy,
    gone=(*NO_BUCKET, "NoSuchBucketPolicy"),
    delete_first=True,
)

ENTRIES = (BUCKET, BUCKET_POLICY)
