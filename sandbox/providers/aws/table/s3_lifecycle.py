"""aws.s3.BucketLifecycleConfiguration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.providers.aws.entry import Entry, Step
from sandbox.providers.aws.pairs import pairs, unpaired
from sandbox.providers.aws.table.s3 import NO_BUCKET
from sandbox.providers.base.table.fields import Fields, block, block_set, blocks, flag, mapping, text, whole
from sandbox.providers.base.table.shapes import from_api, to_api

_SIZES: Fields = {"objectSizeGreaterThan": whole(), "objectSizeLessThan": whole(), "prefix": text()}
_FILTER: Fields = {
    **_SIZES,
    "tag": block({"key": text(required=True), "value": text(required=True)}),
    "and": block({**_SIZES, "tags": mapping(api=None)}),
}
_RULE: Fields = {
    "id": text(required=True, api="ID"),
    "status": text(required=True, choices=("Enabled", "Disabled")),
    "abortIncompleteMultipartUpload": block({"daysAfterInitiation": whole(required=True)}),
    "expiration": block({"date": text(), "days": whole(), "expiredObjectDeleteMarker": flag()}),
    "filter": block(_FILTER, api=None, computed=True),
    "noncurrentVersionExpiration": block(
        {"noncurrentDays": whole(required=True), "newerNoncurrentVersions": whole()}
    ),
    "noncurrentVersionTransitions": block_set(
        {
            "noncurrentDays": whole(required=True),
            "storageClass": text(required=True),
            "newerNoncurrentVersions": whole(),
        }
    ),
    "prefix": text(computed=True),
    "transitions": block_set({"storageClass": text(required=True), "date": text(), "days": whole()}),
}


def _rule_out(rule: Mapping[str, Any]) -> dict[str, Any]:
    request = to_api(_RULE, rule)
    if "Expiration" in request:
        # Zero and false are "not said", and S3 takes one of the three alone.
        request["Expiration"] = {key: value for key, value in request["Expiration"].items() if value}
    given = rule.get("filter")
    if given is None:
        # What S3 calls a rule for the whole bucket.
        return request if "Prefix" in request else {**request, "Filter": {"Prefix": ""}}
    where = to_api(_FILTER, given)
    if given.get("and"):
        tags = pairs(given["and"].get("tags"))
        where["And"] = {**to_api(_SIZES, given["and"]), **({"Tags": tags} if tags else {})}
    request["Filter"] = where or {"Prefix": ""}
    return request


def _rule_in(answer: Mapping[str, Any]) -> dict[str, Any]:
    rule = from_api(_RULE, answer)
    where = answer.get("Filter") or {}
    found = from_api(_FILTER, where)
    if where.get("And"):
        tags = unpaired(where["And"].get("Tags"))
        found["and"] = {**from_api(_SIZES, where["And"]), **({"tags": tags} if tags else {})}
    return {**rule, "filter": found}


def _put(step: Step) -> str:
    size = step.new.get("transitionDefaultMinimumObjectSize")
    step.aws("s3").put_bucket_lifecycle_configuration(
        Bucket=step.new["bucket"],
        LifecycleConfiguration={"Rules": [_rule_out(rule) for rule in step.new["rules"]]},
        **({"TransitionDefaultMinimumObjectSize": size} if size else {}),
    )
    return str(step.new["bucket"])


def _update(step: Step) -> None:
    _put(step)


def _read(step: Step) -> dict[str, Any] | None:
    found = step.aws("s3").get_bucket_lifecycle_configuration(Bucket=step.id)
    return {
        "bucket": step.id,
        "rules": [_rule_in(rule) for rule in found["Rules"]],
        "transitionDefaultMinimumObjectSize": found.get("TransitionDefaultMinimumObjectSize"),
    }


def _delete(step: Step) -> None:
    step.aws("s3").delete_bucket_lifecycle(Bucket=step.id)


LIFECYCLE = Entry(
    token="aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",  # noqa: S106
    fields={
        "bucket": text(required=True, replace=True),
        "rules": blocks(_RULE, required=True, api=None),
        "transitionDefaultMinimumObjectSize": text(computed=True),
    },
    create=_put,
    read=_read,
    update=_update,
    delete=_delete,
    gone=(*NO_BUCKET, "NoSuchLifecycleConfiguration"),
)

ENTRIES = (LIFECYCLE,)
