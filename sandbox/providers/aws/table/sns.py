"""aws.sns.Topic and aws.sns.TopicPolicy."""

from __future__ import annotations

import json
from typing import Any

from sandbox.providers.aws.entry import Entry, Step
from sandbox.providers.aws.pairs import pairs, unpaired
from sandbox.providers.base.table.fields import json_text, policy, tags, text

_GONE = ("NotFound", "NotFoundException", "ResourceNotFound")
_ATTRIBUTES = {"displayName": "DisplayName", "kmsMasterKeyId": "KmsMasterKeyId"}


def _create_topic(step: Step) -> str:
    attributes = {api: step.new[name] for name, api in _ATTRIBUTES.items() if step.new.get(name)}
    if step.new.get("policy"):
        attributes["Policy"] = json_text(step.new["policy"])
    made = step.aws("sns").create_topic(
        Name=step.new["name"], Attributes=attributes, **({"Tags": step.tag_pairs} if step.tag_pairs else {})
    )
    return str(made["TopicArn"])


def _read_topic(step: Step) -> dict[str, Any] | None:
    sns = step.aws("sns")
    attributes = sns.get_topic_attributes(TopicArn=step.id)["Attributes"]
    return {
        "name": step.id.rsplit(":", 1)[-1],
        **{name: attributes[api] for name, api in _ATTRIBUTES.items() if attributes.get(api)},
        "policy": attributes.get("Policy"),
        "arn": step.id,
        "owner": attributes.get("Owner"),
        "tagsAll": unpaired(sns.list_tags_for_resource(ResourceArn=step.id)["Tags"]),
    }


def _update_topic(step: Step) -> None:
    sns = step.aws("sns")
    for name, api in _ATTRIBUTES.items():
        if step.changed(name):
            sns.set_topic_attributes(
                TopicArn=step.id, AttributeName=api, AttributeValue=step.new.get(name) or ""
            )
    if step.changed("policy"):
        sns.set_topic_attributes(
            TopicArn=step.id, AttributeName="Policy", AttributeValue=json_text(step.new["policy"])
        )
    wanted, unwanted = step.tag_steps()
    if wanted:
        sns.tag_resource(ResourceArn=step.id, Tags=pairs(wanted))
    if unwanted:
        sns.untag_resource(ResourceArn=step.id, TagKeys=unwanted)


def _delete_topic(step: Step) -> None:
    step.aws("sns").delete_topic(TopicArn=step.id)


TOPIC = Entry(
    token="aws:sns/topic:Topic",  # noqa: S106
    fields={
        "name": text(auto_name=256, replace=True),
        "displayName": text(),
        "kmsMasterKeyId": text(),
        "policy": policy(computed=True),
        "tags": tags(),
    },
    create=_create_topic,
    read=_read_topic,
    update=_update_topic,
    delete=_delete_topic,
    gone=_GONE,
    outputs=("arn", "owner"),
)


def _set_policy(step: Step) -> str:
    step.aws("sns").set_topic_attributes(
        TopicArn=step.new["arn"], AttributeName="Policy", AttributeValue=json_text(step.new["policy"])
    )
    return str(step.new["arn"])


def _update_policy(step: Step) -> None:
    _set_policy(step)


def _read_policy(step: Step) -> dict[str, Any] | None:
    attributes = step.aws("sns").get_topic_attributes(TopicArn=step.id)["Attributes"]
    return {"arn": step.id, "policy": attributes.get("Policy"), "owner": attributes.get("Owner")}


def _default_policy(arn: str, account: str) -> str:
    """The policy that SNS gives a new topic, which the real provider sets when its own policy is deleted."""
    actions = ("AddPermission", "DeleteTopic", "GetTopicAttributes", "ListSubscriptionsByTopic", "Publish")
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [
            f"SNS:{action}" for action in (*actions, "RemovePermission", "SetTopicAttributes", "Subscribe")
        ],
        "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": account}},
    }
    return json.dumps({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})


def _reset_policy(step: Step) -> None:
    document = _default_policy(step.id, step.session.account)
    step.aws("sns").set_topic_attributes(TopicArn=step.id, AttributeName="Policy", AttributeValue=document)


TOPIC_POLICY = Entry(
    token="aws:sns/topicPolicy:TopicPolicy",  # noqa: S106
    fields={"arn": text(required=True, replace=True), "policy": policy(required=True)},
    create=_set_policy,
    read=_read_policy,
    update=_update_policy,
    delete=_reset_policy,
    gone=_GONE,
    outputs=("owner",),
)

ENTRIES = (TOPIC, TOPIC_POLICY)
