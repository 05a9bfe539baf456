"""What a bucket tells of itself: access logs, notifications and request metrics."""

from __future__ import annotations

from typing import Any

from sandbox.providers.aws.entry import Entry, Step
from sandbox.providers.aws.pairs import pairs, unpaired
from sandbox.providers.aws.table.s3 import NO_BUCKET
from sandbox.providers.aws.table.s3_settings import BUCKET_NAME, OWNER, again, bucket_id, bucket_of, owner
from sandbox.providers.base.table.fields import Fields, block, block_set, flag, mapping, string_set, text
from sandbox.providers.base.table.shapes import from_api, to_api


def _put_logging(step: Step) -> str:
    step.aws("s3").put_bucket_logging(
        Bucket=step.new["bucket"],
        BucketLoggingStatus={"LoggingEnabled": step.request("targetBucket", "targetPrefix")},
        **owner(step),
    )
    return bucket_id(step)


def _read_logging(step: Step) -> dict[str, Any] | None:
    found = step.aws("s3").get_bucket_logging(Bucket=bucket_of(step), **owner(step)).get("LoggingEnabled")
    if not found:
        return None
    return {"bucket": bucket_of(step), **step.values(found, "targetBucket", "targetPrefix")}


def _delete_logging(step: Step) -> None:
    step.aws("s3").put_bucket_logging(Bucket=bucket_of(step), BucketLoggingStatus={}, **owner(step))


LOGGING = Entry(
    token="aws:s3/bucketLogging:BucketLogging",  # noqa: S106
    fields={
        "bucket": BUCKET_NAME,
        "expectedBucketOwner": OWNER,
        "targetBucket": text(required=True),
        "targetPrefix": text(required=True),
    },
    create=_put_logging,
    read=_read_logging,
    update=again(_put_logging),
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
        "bucket": BUCKET_NAME,
        "eventbridge": flag(default=False),
        "topics": block_set(_target("topicArn")),
        "queues": block_set(_target("queueArn")),
    },
    create=_put_notification,
    read=_read_notification,
    update=again(_put_notification),
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
        "bucket": BUCKET_NAME,
        "name": text(auto_name=64, replace=True),
        "filter": block(_NARROWED),
    },
    create=_put_metric,
    read=_read_metric,
    update=again(_put_metric),
    delete=_delete_metric,
    gone=(*NO_BUCKET, "NoSuchConfiguration"),
)

ENTRIES = (LOGGING, NOTIFICATION, METRIC)
