"""aws.s3.BucketReplicationConfig."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.providers.aws.entry import Entry, Step
from sandbox.providers.aws.pairs import pairs, unpaired
from sandbox.providers.aws.table.s3 import NO_BUCKET
from sandbox.providers.base.table.fields import UNKNOWN, Fields, block, block_set, mapping, text, whole
from sandbox.providers.base.table.shapes import from_api, to_api

_ON_OFF = ("Enabled", "Disabled")
_STATUS: Fields = {"status": text(required=True, choices=_ON_OFF)}
_MINUTES = {"minutes": whole(required=True)}
_FILTER: Fields = {
    "prefix": text(),
    "tag": block({"key": text(required=True), "value": text(required=True)}),
    "and": block({"prefix": text(), "tags": mapping(api=None)}),
}
_DESTINATION: Fields = {
    "bucket": text(required=True),
    "account": text(),
    "accessControlTranslation": block({"owner": text(required=True)}),
    "encryptionConfiguration": block({"replicaKmsKeyId": text(required=True, api="ReplicaKmsKeyID")}),
    "metrics": block({**_STATUS, "eventThreshold": block(_MINUTES)}),
    "replicationTime": block({**_STATUS, "time": block(_MINUTES, required=True)}),
    "storageClass": text(),
}
_RULE: Fields = {
    "id": text(api="ID", computed=True),
    "priority": whole(),
    "status": text(required=True, choices=_ON_OFF),
    "prefix": text(),
    "filter": block(_FILTER, api=None),
    "sourceSelectionCriteria": block(
        {"replicaModifications": block(_STATUS), "sseKmsEncryptedObjects": block(_STATUS)}
    ),
    "deleteMarkerReplication": block(_STATUS),
    "existingObjectReplication": block(_STATUS),
    "destination": block(_DESTINATION, required=True),
}


def _rule_out(rule: Mapping[str, Any]) -> dict[str, Any]:
    request = to_api(_RULE, rule)
    given = rule.get("filter")
    if given is not None:
        where = to_api(_FILTER, given)
        if given.get("and"):
            tags = pairs(given["and"].get("tags"))
            prefix = given["and"].get("prefix")
            where["And"] = {**({"Prefix": prefix} if prefix else {}), **({"Tags": tags} if tags else {})}
        request["Filter"] = where or {"Prefix": ""}
    return request


def _rule_in(answer: Mapping[str, Any]) -> dict[str, Any]:
    rule = from_api(_RULE, answer)
    where = answer.get("Filter")
    if where is not None:
        found = from_api(_FILTER, where)
        if where.get("And"):
            found["and"]["tags"] = unpaired(where["And"].get("Tags"))
        rule["filter"] = found
    return rule


def _put(step: Step) -> str:
    step.aws("s3").put_bucket_replication(
        Bucket=step.new["bucket"],
        ReplicationConfiguration={
            "Role": step.new["role"],
            "Rules": [_rule_out(rule) for rule in step.new["rules"]],
        },
        **({"Token": step.new["token"]} if step.new.get("token") else {}),
    )
    return str(step.new["bucket"])


def _update(step: Step) -> None:
    _put(step)


def _read(step: Step) -> dict[str, Any] | None:
    found = step.aws("s3").get_bucket_replication(Bucket=step.id)["ReplicationConfiguration"]
    return {"bucket": step.id, "role": found["Role"], "rules": [_rule_in(rule) for rule in found["Rules"]]}


def _delete(step: Step) -> None:
    step.aws("s3").delete_bucket_replication(Bucket=step.id)


def _rules(inputs: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """What S3 asks of a rule: https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-add-
    config.html.
    """
    rules = inputs.get("rules")
    if not isinstance(rules, list):
        return
    for index, rule in enumerate(rules):
        if rule is UNKNOWN:
            continue
        where, destination = f"rules[{index}]", rule.get("destination")
        if rule.get("filter") is not None and rule.get("deleteMarkerReplication") is None:
            yield where, "a rule with a filter must say deleteMarkerReplication"
        if not isinstance(destination, dict):
            continue
        if destination.get("replicationTime") and not destination.get("metrics"):
            yield f"{where}.destination.metrics", "replicationTime needs metrics"
        encrypted = (rule.get("sourceSelectionCriteria") or {}).get("sseKmsEncryptedObjects")
        if (
            encrypted
            and encrypted.get("status") == "Enabled"
            and not destination.get("encryptionConfiguration")
        ):
            yield (
                f"{where}.destination.encryptionConfiguration",
                "needed to replicate objects that KMS encrypts",
            )


REPLICATION = Entry(
    token="aws:s3/bucketReplicationConfig:BucketReplicationConfig",  # noqa: S106
    fields={
        "bucket": text(required=True, replace=True),
        "role": text(required=True),
        "rules": block_set(_RULE, required=True, api=None),
        "token": text(local=True),
    },
    create=_put,
    read=_read,
    update=_update,
    delete=_delete,
    gone=(*NO_BUCKET, "ReplicationConfigurationNotFoundError"),
    rules=_rules,
)

ENTRIES = (REPLICATION,)
