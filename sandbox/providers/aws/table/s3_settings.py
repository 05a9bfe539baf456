"""Settings of a bucket that are one resource each: versioning, encryption, public access, ownership, logging,
notifications and request metrics."""

from __future__ import annotations

from typing import Any

from sandbox.providers.aws.entry import Entry, Step
from sandbox.providers.aws.schema import Fields, block, block_set, flag, mapping, string_set, text
from sandbox.providers.aws.shapes import from_api, pairs, to_api, unpaired
from sandbox.providers.aws.table.s3 import NO_BUCKET

_BUCKET = text(required=True, replace=True)
_OWNER = text(api=None, local=True, replace=True)


def _owner(step: Step) -> dict[str, Any]:
    owner = step.wish.get("expectedBucketOwner")
    return {"ExpectedBucketOwner": owner} if owner else {}


def _bucket_id(step: Step) -> str:
    """As the real provider forms it: the bucket, and the expected owner if one was given."""
    owner = step.new.get("expectedBucketOwner")
    return f"{step.new['bucket']},{owner}" if owner else str(step.new["bucket"])


def _bucket(step: Step) -> str:
    return step.id.partition(",")[0]


def _put_versioning(step: Step) -> str:
    wanted = step.new["versioningConfiguration"]
    given = {
        "Status": wanted["status"],
        **({"MFADelete": wanted["mfaDelete"]} if wanted.get("mfaDelete") else {}),
    }
    if wanted["status"] != "Disabled":  # which is what a new bucket is, and can never be made again
        step.aws("s3").put_bucket_versioning(
            Bucket=step.new["bucket"], VersioningConfiguration=given, **_owner(step)
        )
    return _bucket_id(step)


def _read_versioning(step: Step) -> dict[str, Any] | None:
    found = step.aws("s3").get_bucket_versioning(Bucket=_bucket(step), **_owner(step))
    mfa = {"mfaDelete": found["MFADelete"]} if found.get("MFADelete") else {}
    return {
        "bucket": _bucket(step),
        "versioningConfiguration": {"status": found.get("Status", "Disabled"), **mfa},
    }


def _suspend(step: Step) -> None:
    found = step.aws("s3").get_bucket_versioning(Bucket=_bucket(step), **_owner(step))
    if found.get("Status") == "Enabled":
        step.aws("s3").put_bucket_versioning(
            Bucket=_bucket(step), VersioningConfiguration={"Status": "Suspended"}, **_owner(step)
        )


def _again(put: Any) -> Any:
    """An update that puts the whole setting anew."""

    def update(step: Step) -> None:
        put(step)

    return update


VERSIONING = Entry(
    token="aws:s3/bucketVersioning:BucketVersioning",  # noqa: S106
    fields={
        "bucket": _BUCKET,
        "expectedBucketOwner": _OWNER,
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
    update=_again(_put_versioning),
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
        Bucket=step.new["bucket"], ServerSideEncryptionConfiguration={"Rules": rules}, **_owner(step)
    )
    return _bucket_id(step)


def _read_encryption(step: Step) -> dict[str, Any] | None:
    found = step.aws("s3").get_bucket_encryption(Bucket=_bucket(step), **_owner(step))
    rules = found["ServerSideEncryptionConfiguration"]["Rules"]
    return {"bucket": _bucket(step), "rules": [from_api(_ENCRYPTION, rule) for rule in rules]}


def _delete_encryption(step: Step) -> None:
    step.aws("s3").delete_bucket_encryption(Bucket=_bucket(step), **_owner(step))


ENCRYPTION = Entry(
    token="aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",  # noqa: S106
    fields={
        "bucket": _BUCKET,
        "expectedBucketOwner": _OWNER,
        "rules": block_set(_ENCRYPTION, required=True, api=None),
    },
    create=_put_encryption,
    read=_read_encryption,
    update=_again(_put_encryption),
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
        "bucket": _BUCKET,
        **{name: flag(default=False) for name in _BLOCKS},
        "skipDestroy": flag(local=True),
    },
    create=_put_public,
    read=_read_public,
    update=_again(_put_public),
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
    fields={"bucket": _BUCKET, "rule": block(_OWNERSHIP, required=True)},
    create=_put_ownership,
    read=_read_ownership,
    update=_again(_put_ownership),
    delete=_delete_ownership,
    gone=(*NO_BUCKET, "OwnershipControlsNotFoundError"),
)


def _put_logging(step: Step) -> str:
    step.aws("s3").put_bucket_logging(
        Bucket=step.new["bucket"],
        BucketLoggingStatus={"LoggingEnabled": step.request("targetBucket", "targetPrefix")},
        **_owner(step),
    )
    return _bucket_id(step)


def _read_logging(step: Step) -> dict[str, Any] | None:
    found = step.aws("s3").get_bucket_logging(Bucket=_bucket(step), **_owner(step)).get("LoggingEnabled")
    if not found:
        return None
    return {"bucket": _bucket(step), **step.values(found, "targetBucket", "targetPrefix")}


def _delete_logging(step: Step) -> None:
    step.aws("s3").put_bucket_logging(Bucket=_bucket(step), BucketLoggingStatus={}, **_owner(step))


LOGGING = Entry(
    token="aws:s3/bucketLogging:BucketLogging",  # noqa: S106
    fields={
        "bucket": _BUCKET,
        "expectedBucketOwner": _OWNER,
        "targetBucket": text(required=True),
        "targetPrefix": text(required=True),
    },
    create=_put_logging,
    read=_read_logging,
    update=_again(_put_logging),
    delete=_delete_logging,
    gone=NO_BUCKET,
)

_TARGETS = {
    "topics": ("TopicConfigurations", "topicArn", "TopicArn"),
    "queues": ("QueueConfigurations", "queueArn", "QueueArn"),
}


def _target(arn: str) -> Fields:
    return {
        "id": text(computed=True),
        "events": string_set(required=True),
        "filterPrefix": text(),
        "filterSuffix": text(),
        arn: text(required=True),
    }


def _notification_out(given: dict[str, Any], arn: str, api: str) -> dict[str, Any]:
    sides = (("prefix", "filterPrefix"), ("suffix", "filterSuffix"))
    rules = [{"Name": side, "Value": given[name]} for side, name in sides if given.get(name)]
    return {
        api: given[arn],
        "Events": given["events"],
        **({"Id": given["id"]} if given.get("id") else {}),
        **({"Filter": {"Key": {"FilterRules": rules}}} if rules else {}),
    }


def _notification_in(found: dict[str, Any], arn: str, api: str) -> dict[str, Any]:
    rules = found.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    filters = {f"filter{rule['Name'].capitalize()}": rule["Value"] for rule in rules}
    return {arn: found[api], "events": found["Events"], "id": found.get("Id"), **filters}


def _put_notification(step: Step) -> str:
    configuration: dict[str, Any] = {"EventBridgeConfiguration": {}} if step.new.get("eventbridge") else {}
    for name, (api, arn, arn_api) in _TARGETS.items():
        if step.new.get(name):
            configuration[api] = [_notification_out(one, arn, arn_api) for one in step.new[name]]
    step.aws("s3").put_bucket_notification_configuration(
        Bucket=step.new["bucket"], NotificationConfiguration=configuration
    )
    return str(step.new["bucket"])


def _read_notification(step: Step) -> dict[str, Any] | None:
    found = step.aws("s3").get_bucket_notification_configuration(Bucket=step.id)
    return {
        "bucket": step.id,
        "eventbridge": "EventBridgeConfiguration" in found,
        **{
            name: [_notification_in(one, arn, arn_api) for one in found.get(api, [])]
            for name, (api, arn, arn_api) in _TARGETS.items()
        },
    }


def _delete_notification(step: Step) -> None:
    step.aws("s3").put_bucket_notification_configuration(Bucket=step.id, NotificationConfiguration={})


NOTIFICATION = Entry(
    token="aws:s3/bucketNotification:BucketNotification",  # noqa: S106
    fields={
        "bucket": _BUCKET,
        "eventbridge": flag(default=False),
        "topics": block_set(_target("topicArn")),
        "queues": block_set(_target("queueArn")),
    },
    create=_put_notification,
    read=_read_notification,
    update=_again(_put_notification),
    delete=_delete_notification,
    gone=NO_BUCKET,
)


def _put_metric(step: Step) -> str:
    bucket, name, narrowed = step.new["bucket"], step.new["name"], step.new.get("filter") or {}
    parts: dict[str, Any] = to_api(_NARROWED, narrowed)
    labels = pairs(narrowed.get("tags"))
    if len(parts) + len(labels) > 1:
        where = {"And": {**parts, **({"Tags": labels} if labels else {})}}
    else:
        where = {"Tag": labels[0]} if labels else parts
    step.aws("s3").put_bucket_metrics_configuration(
        Bucket=bucket, Id=name, MetricsConfiguration={"Id": name, **({"Filter": where} if where else {})}
    )
    return f"{bucket}:{name}"


def _read_metric(step: Step) -> dict[str, Any] | None:
    bucket, _, name = step.id.partition(":")
    found = step.aws("s3").get_bucket_metrics_configuration(Bucket=bucket, Id=name)["MetricsConfiguration"]
    where = found.get("Filter", {})
    where = {**where, **where.get("And", {})}
    labels = unpaired(where.get("Tags") or ([where["Tag"]] if where.get("Tag") else []))
    narrowed = {**from_api(_NARROWED, where), **({"tags": labels} if labels else {})}
    return {"bucket": bucket, "name": name, **({"filter": narrowed} if narrowed else {})}


def _delete_metric(step: Step) -> None:
    bucket, _, name = step.id.partition(":")
    step.aws("s3").delete_bucket_metrics_configuration(Bucket=bucket, Id=name)


_NARROWED: Fields = {
    "accessPoint": text(api="AccessPointArn"),
    "prefix": text(),
    "tags": mapping(api=None),
}
METRIC = Entry(
    token="aws:s3/bucketMetric:BucketMetric",  # noqa: S106
    fields={
        "bucket": _BUCKET,
        "name": text(auto_name=64, replace=True),
        "filter": block(_NARROWED),
    },
    create=_put_metric,
    read=_read_metric,
    update=_again(_put_metric),
    delete=_delete_metric,
    gone=(*NO_BUCKET, "NoSuchConfiguration"),
)

ENTRIES = (VERSIONING, ENCRYPTION, PUBLIC_ACCESS, OWNERSHIP, LOGGING, NOTIFICATION, METRIC)
