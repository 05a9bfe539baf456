"""aws.sqs.Queue and aws.sqs.QueuePolicy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.providers.aws.entry import Entry, Step
from sandbox.providers.base import UNKNOWN
from sandbox.providers.base.table.fields import document, flag, json_text, policy, tags, text, whole

_GONE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "NonExistentQueue")
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
_WHOLE = {
    "delaySeconds": "DelaySeconds",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
    "maxMessageSize": "MaximumMessageSize",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "visibilityTimeoutSeconds": "VisibilityTimeout",
}
_RANGES = {
    "delaySeconds": (0, 900),
    "kmsDataKeyReusePeriodSeconds": (60, 86_400),
    "maxMessageSize": (1024, 1_048_576),
    "messageRetentionSeconds": (60, 1_209_600),
    "receiveWaitTimeSeconds": (0, 20),
    "visibilityTimeoutSeconds": (0, 43_200),
}
_TEXT = {"kmsMasterKeyId": "KmsMasterKeyId"}
_DOCUMENTS = {"policy": "Policy", "redrivePolicy": "RedrivePolicy"}


def _attributes(step: Step, *, only_changed: bool) -> dict[str, str]:
    """Attributes to send; a text that is no longer wanted is sent empty, which removes it."""
    found: dict[str, str] = {}
    for name, api in {**_WHOLE, **_TEXT, **_DOCUMENTS}.items():
        value = step.new.get(name)
        if only_changed and not step.changed(name):
            continue
        if value is not None:
            found[api] = json_text(value) if name in _DOCUMENTS else str(value)
        elif only_changed and name not in _WHOLE:
            found[api] = ""
    managed = step.new.get("sqsManagedSseEnabled")
    if managed is not None and (not only_changed or step.changed("sqsManagedSseEnabled")):
        found["SqsManagedSseEnabled"] = str(managed).lower()
    return found


def _create_queue(step: Step) -> str:
    attributes = _attributes(step, only_changed=False)
    if step.new.get("fifoQueue"):
        attributes["FifoQueue"] = "true"
    made = step.aws("sqs").create_queue(
        QueueName=step.new["name"],
        Attributes=attributes,
        **({"tags": step.tags_all} if step.tags_all else {}),
    )
    return str(made["QueueUrl"])


def _read_queue(step: Step) -> dict[str, Any] | None:
    sqs = step.aws("sqs")
    have = sqs.get_queue_attributes(QueueUrl=step.id, AttributeNames=["All"])["Attributes"]
    return {
        "name": have["QueueArn"].rpartition(":")[2],
        **{name: int(have[api]) for name, api in _WHOLE.items() if have.get(api)},
        **{name: have[api] for name, api in {**_TEXT, **_DOCUMENTS}.items() if have.get(api)},
        "fifoQueue": have.get("FifoQueue") == "true",
        "sqsManagedSseEnabled": have.get("SqsManagedSseEnabled") == "true",
        "arn": have["QueueArn"],
        "url": step.id,
        "tagsAll": sqs.list_queue_tags(QueueUrl=step.id).get("Tags", {}),
    }


def _update_queue(step: Step) -> None:
    sqs = step.aws("sqs")
    attributes = _attributes(step, only_changed=True)
    if attributes:
        sqs.set_queue_attributes(QueueUrl=step.id, Attributes=attributes)
    wanted, unwanted = step.tag_steps()
    if wanted:
        sqs.tag_queue(QueueUrl=step.id, Tags=wanted)
    if unwanted:
        sqs.untag_queue(QueueUrl=step.id, TagKeys=unwanted)


def _delete_queue(step: Step) -> None:
    step.aws("sqs").delete_queue(QueueUrl=step.id)


def _rules(inputs: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """The bounds, which are in the service's documentation and not in its model."""
    for name, (least, most) in _RANGES.items():
        value = inputs.get(name)
        if value is not None and value is not UNKNOWN and not least <= value <= most:
            yield name, f"{value} is not of {least} to {most}"
    if inputs.get("sqsManagedSseEnabled") is True and inputs.get("kmsMasterKeyId"):
        yield "sqsManagedSseEnabled", "excludes kmsMasterKeyId"


QUEUE = Entry(
    token="aws:sqs/queue:Queue",  # noqa: S106
    fields={
        "name": text(auto_name=80, replace=True),
        **{name: whole(computed=True) for name in _WHOLE},
        **{name: text() for name in _TEXT},
        "policy": policy(computed=True),
        "redrivePolicy": document(),
        "fifoQueue": flag(default=False, replace=True),
        "sqsManagedSseEnabled": flag(computed=True),
        "tags": tags(),
    },
    create=_create_queue,
    read=_read_queue,
    update=_update_queue,
    delete=_delete_queue,
    gone=_GONE,
    outputs=("arn", "url"),
    rules=_rules,
)


def _put_policy(step: Step) -> str:
    attributes = {"Policy": json_text(step.new["policy"])}
    step.aws("sqs").set_queue_attributes(QueueUrl=step.new["queueUrl"], Attributes=attributes)
    return str(step.new["queueUrl"])


def _read_policy(step: Step) -> dict[str, Any] | None:
    have = step.aws("sqs").get_queue_attributes(QueueUrl=step.id, AttributeNames=["Policy"])
    found = have.get("Attributes", {}).get("Policy")
    return {"queueUrl": step.id, "policy": found} if found else None


def _update_policy(step: Step) -> None:
    _put_policy(step)


def _delete_policy(step: Step) -> None:
    step.aws("sqs").set_queue_attributes(QueueUrl=step.id, Attributes={"Policy": ""})


QUEUE_POLICY = Entry(
    token="aws:sqs/queuePolicy:QueuePolicy",  # noqa: S106
    fields={"queueUrl": text(required=True, replace=True), "policy": policy(required=True)},
    create=_put_policy,
    read=_read_policy,
    update=_update_policy,
    delete=_delete_policy,
    gone=_GONE,
)

ENTRIES = (QUEUE, QUEUE_POLICY)
