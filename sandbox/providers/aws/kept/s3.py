"""S3 settings that moto accepts but forgets, whole or in part.

- A replication rule loses `SourceSelectionCriteria`, and its delete-marker replication is turned off.
- A lifecycle rule loses `NewerNoncurrentVersions`.
- A notification configuration loses EventBridge.
- A metrics configuration is not kept at all.

For the first three, what was sent is kept together with what moto answered right after. As long as moto
answers that, nobody has changed it, and the answer is what was sent; a change behind our back is shown as
moto tells it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from sandbox.providers.aws.kept.shim import Asked, RefusedError, Rule

METRICS = "s3-metrics"
_GLOBAL = ""


def _plain(answer: dict[str, Any]) -> Any:
    """An answer as what the store would give back."""
    kept = {key: value for key, value in answer.items() if key != "ResponseMetadata"}
    return json.loads(json.dumps(kept, default=str))


def _remembered(
    kind: str, get: str, sent: Callable[[dict[str, Any]], dict[str, Any]]
) -> tuple[Rule, Rule, Rule]:
    """The rules of put, get and delete for one setting; `sent` makes of a put's parameters what a get
    answers.
    """

    def put(asked: Asked, _answer: dict[str, Any]) -> None:
        bucket = asked.params["Bucket"]
        echo = _plain(getattr(asked.moto, get)(Bucket=bucket))
        asked.store.put(kind, _GLOBAL, bucket, value={"echo": echo, "sent": sent(asked.params)})

    def read(asked: Asked, answer: dict[str, Any]) -> None:
        kept = asked.store.get(kind, _GLOBAL, asked.params["Bucket"])
        if kept is not None and kept["echo"] == _plain(answer):
            answer.update(kept["sent"])

    def forget(asked: Asked, *_rest: Any) -> None:
        asked.store.drop(kind, _GLOBAL, asked.params["Bucket"])

    return Rule(amend=put), Rule(amend=read, failed=forget), Rule(amend=forget)


def _notifications(params: dict[str, Any]) -> dict[str, Any]:
    return dict(params["NotificationConfiguration"])


def _replication(params: dict[str, Any]) -> dict[str, Any]:
    return {"ReplicationConfiguration": params["ReplicationConfiguration"]}


def _lifecycle(params: dict[str, Any]) -> dict[str, Any]:
    return {"Rules": params["LifecycleConfiguration"]["Rules"]}


_REPLICATION = _remembered("s3-replication", "get_bucket_replication", _replication)
_LIFECYCLE = _remembered("s3-lifecycle", "get_bucket_lifecycle_configuration", _lifecycle)
_NOTIFICATION = _remembered("s3-notification", "get_bucket_notification_configuration", _notifications)
_KINDS = ("s3-replication", "s3-lifecycle", "s3-notification", METRICS)


def _bucket_is_there(asked: Asked) -> str:
    bucket = str(asked.params["Bucket"])
    try:
        asked.moto.head_bucket(Bucket=bucket)
    except ClientError as error:
        asked.store.drop_all(METRICS, _GLOBAL, bucket)
        raise RefusedError("NoSuchBucket", f"The specified bucket does not exist: {bucket}", 404) from error
    return bucket


def _put_metrics(asked: Asked) -> dict[str, Any]:
    bucket, id_ = _bucket_is_there(asked), asked.params["Id"]
    asked.store.put(METRICS, _GLOBAL, bucket, id_, value=asked.params["MetricsConfiguration"])
    return {}


def _get_metrics(asked: Asked) -> dict[str, Any]:
    kept = asked.store.get(METRICS, _GLOBAL, _bucket_is_there(asked), asked.params["Id"])
    if kept is None:
        raise RefusedError("NoSuchConfiguration", "The specified configuration does not exist.", 404)
    return {"MetricsConfiguration": kept}


def _list_metrics(asked: Asked) -> dict[str, Any]:
    kept = asked.store.list(METRICS, _GLOBAL, _bucket_is_there(asked))
    return {"IsTruncated": False, "MetricsConfigurationList": kept}


def _delete_metrics(asked: Asked) -> dict[str, Any]:
    if not asked.store.drop(METRICS, _GLOBAL, _bucket_is_there(asked), asked.params["Id"]):
        raise RefusedError("NoSuchConfiguration", "The specified configuration does not exist.", 404)
    return {}


def _bucket_deleted(asked: Asked, _answer: dict[str, Any]) -> None:
    for kind in _KINDS:
        asked.store.drop_all(kind, _GLOBAL, asked.params["Bucket"])


def _bucket_missing(asked: Asked, code: str) -> None:
    if code in ("404", "NoSuchBucket"):
        _bucket_deleted(asked, {})


RULES = {
    "PutBucketReplication": _REPLICATION[0],
    "GetBucketReplication": _REPLICATION[1],
    "DeleteBucketReplication": _REPLICATION[2],
    "PutBucketLifecycleConfiguration": _LIFECYCLE[0],
    "GetBucketLifecycleConfiguration": _LIFECYCLE[1],
    "DeleteBucketLifecycle": _LIFECYCLE[2],
    "PutBucketNotificationConfiguration": _NOTIFICATION[0],
    "GetBucketNotificationConfiguration": _NOTIFICATION[1],
    "PutBucketMetricsConfiguration": Rule(answer=_put_metrics),
    "GetBucketMetricsConfiguration": Rule(answer=_get_metrics),
    "ListBucketMetricsConfigurations": Rule(answer=_list_metrics),
    "DeleteBucketMetricsConfiguration": Rule(answer=_delete_metrics),
    "HeadBucket": Rule(failed=_bucket_missing),
    "DeleteBucket": Rule(amend=_bucket_deleted),
}
