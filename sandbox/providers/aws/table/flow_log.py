"""aws.ec2.FlowLog."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from sandbox.providers.aws.entry import Entry, Step
from sandbox.providers.aws.table.ec2_common import only, retag, tag_specifications, tags_of
from sandbox.providers.base.table.fields import tags, text, whole

_OF = {"vpcId": "VPC", "subnetId": "Subnet", "eniId": "NetworkInterface"}
_SETTINGS = (
    "trafficType",
    "logDestinationType",
    "logDestination",
    "iamRoleArn",
    "logFormat",
    "maxAggregationInterval",
)


def _create(step: Step) -> str:
    kind, id_ = next((_OF[name], step.new[name]) for name in _OF if step.new.get(name))
    answer = step.aws("ec2").create_flow_logs(
        ResourceIds=[id_],
        ResourceType=kind,
        **step.request(*_SETTINGS),
        **tag_specifications(step, "vpc-flow-log"),
    )
    for refused in answer.get("Unsuccessful", []):
        raise ClientError({"Error": refused["Error"]}, "CreateFlowLogs")
    return str(answer["FlowLogIds"][0])


def _read(step: Step) -> dict[str, Any] | None:
    flow_log = only(step.aws("ec2").describe_flow_logs(FlowLogIds=[step.id])["FlowLogs"])
    if flow_log is None:
        return None
    of = flow_log["ResourceId"]
    name = next(
        name for name, prefix in zip(_OF, ("vpc-", "subnet-", "eni-"), strict=True) if of.startswith(prefix)
    )
    return {
        **step.values(flow_log, *_SETTINGS),
        name: of,
        "arn": step.arn("ec2", f"vpc-flow-log/{step.id}"),
        "tagsAll": tags_of(flow_log),
    }


def _delete(step: Step) -> None:
    step.aws("ec2").delete_flow_logs(FlowLogIds=[step.id])


def _rules(inputs: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    if sum(1 for name in _OF if inputs.get(name)) != 1:
        yield "vpcId", f"exactly one of {', '.join(_OF)} is needed"


FLOW_LOG = Entry(
    token="aws:ec2/flowLog:FlowLog",  # noqa: S106
    fields={
        **{name: text(api=None, replace=True) for name in _OF},
        "trafficType": text(replace=True),
        "logDestinationType": text(default="cloud-watch-logs", replace=True),
        "logDestination": text(computed=True, replace=True),
        "iamRoleArn": text(api="DeliverLogsPermissionArn", replace=True),
        "logFormat": text(computed=True, replace=True),
        "maxAggregationInterval": whole(default=600, choices=(60, 600), replace=True),
        "tags": tags(),
    },
    create=_create,
    read=_read,
    update=retag,
    delete=_delete,
    gone=("InvalidFlowLogId.NotFound",),
    outputs=("arn",),
    rules=_rules,
)

ENTRIES = (FLOW_LOG,)
