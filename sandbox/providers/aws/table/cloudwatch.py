"""aws.cloudwatch.LogGroup and aws.cloudwatch.MetricAlarm."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.providers.aws.entry import Entry, Step
from sandbox.providers.aws.pairs import pairs, unpaired
from sandbox.providers.aws.table.ec2_common import only
from sandbox.providers.base.table.fields import (
    Fields,
    block,
    block_set,
    flag,
    mapping,
    number,
    string_set,
    tags,
    text,
    whole,
)
from sandbox.providers.base.table.shapes import from_api, to_api


def _create_group(step: Step) -> str:
    logs = step.aws("logs")
    logs.create_log_group(
        logGroupName=step.new["name"],
        **step.request("kmsKeyId", "logGroupClass", camel=True),
        **({"tags": step.tags_all} if step.tags_all else {}),
    )
    step.made(step.new["name"])
    if step.new.get("retentionInDays"):
        logs.put_retention_policy(logGroupName=step.id, retentionInDays=step.new["retentionInDays"])
    return step.id


def _group_arn(step: Step) -> str:
    return step.arn("logs", f"log-group:{step.id}")


def _read_group(step: Step) -> dict[str, Any] | None:
    logs = step.aws("logs")
    found = logs.describe_log_groups(logGroupNamePrefix=step.id)["logGroups"]
    group = next((one for one in found if one["logGroupName"] == step.id), None)
    if group is None:
        return None
    return {
        **step.values(group, "kmsKeyId", "logGroupClass", "retentionInDays", camel=True),
        "name": step.id,
        "arn": _group_arn(step),
        "tagsAll": logs.list_tags_for_resource(resourceArn=_group_arn(step)).get("tags", {}),
    }


def _update_group(step: Step) -> None:
    logs = step.aws("logs")
    if step.changed("retentionInDays"):
        if step.new.get("retentionInDays"):
            logs.put_retention_policy(logGroupName=step.id, retentionInDays=step.new["retentionInDays"])
        else:
            logs.delete_retention_policy(logGroupName=step.id)
    if step.changed("kmsKeyId"):
        if step.new.get("kmsKeyId"):
            logs.associate_kms_key(logGroupName=step.id, kmsKeyId=step.new["kmsKeyId"])
        else:
            logs.disassociate_kms_key(logGroupName=step.id)
    wanted, unwanted = step.tag_steps()
    if wanted:
        logs.tag_resource(resourceArn=_group_arn(step), tags=wanted)
    if unwanted:
        logs.untag_resource(resourceArn=_group_arn(step), tagKeys=unwanted)


def _delete_group(step: Step) -> None:
    if not step.old.get("skipDestroy"):
        step.aws("logs").delete_log_group(logGroupName=step.id)


# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731)
_YEARS = (1096, 1827, 2192, 2557, 2922, 3288, 3653)
_FOR_EVER = 0

LOG_GROUP = Entry(
    token="aws:cloudwatch/logGroup:LogGroup",  # noqa: S106
    fields={
        "name": text(auto_name=512, replace=True),
        "kmsKeyId": text(),
        "logGroupClass": text(computed=True, replace=True),
        "retentionInDays": whole(default=_FOR_EVER, choices=(_FOR_EVER, *_DAYS, *_YEARS)),
        "skipDestroy": flag(default=False, local=True),
        "tags": tags(),
    },
    create=_create_group,
    read=_read_group,
    update=_update_group,
    delete=_delete_group,
    gone=("ResourceNotFoundException",),
    outputs=("arn",),
)

_METRIC: Fields = {
    "metricName": text(required=True, api=None),
    "namespace": text(api=None),
    "dimensions": mapping(api=None),
    "period": whole(required=True),
    "stat": text(required=True),
    "unit": text(),
}
_QUERY: Fields = {
    "id": text(required=True),
    "accountId": text(),
    "expression": text(),
    "label": text(),
    "period": whole(),
    "returnData": flag(),
    "metric": block(_METRIC, api=None),
}
_ALARM: Fields = {
    "actionsEnabled": flag(default=True),
    "alarmActions": string_set(),
    "alarmDescription": text(),
    "comparisonOperator": text(required=True),
    "datapointsToAlarm": whole(),
    "dimensions": mapping(api=None),
    "evaluateLowSampleCountPercentiles": text(api="EvaluateLowSampleCountPercentile", computed=True),
    "evaluationPeriods": whole(required=True),
    "extendedStatistic": text(),
    "insufficientDataActions": string_set(),
    "metricName": text(),
    "metricQueries": block_set(_QUERY, api=None),
    "name": text(auto_name=255, replace=True, api="AlarmName"),
    "namespace": text(),
    "okActions": string_set(api="OKActions"),
    "period": whole(),
    "statistic": text(),
    "tags": tags(),
    "threshold": number(),
    "thresholdMetricId": text(),
    "treatMissingData": text(default="missing", choices=("missing", "ignore", "breaching", "notBreaching")),
    "unit": text(),
}


def _dimensions(values: Mapping[str, str] | None) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in (values or {}).items()]


def _undimensioned(found: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {one["Name"]: one["Value"] for one in found}


def _query_out(query: Mapping[str, Any]) -> dict[str, Any]:
    request = to_api(_QUERY, query)
    metric = query.get("metric")
    if metric:
        names = {"MetricName": metric["metricName"], "Namespace": metric.get("namespace")}
        request["MetricStat"] = {
            **to_api(_METRIC, metric),
            "Metric": {
                **{name: value for name, value in names.items() if value},
                "Dimensions": _dimensions(metric.get("dimensions")),
            },
        }
    return request


def _query_in(answer: Mapping[str, Any]) -> dict[str, Any]:
    query = from_api(_QUERY, answer)
    stat = answer.get("MetricStat")
    if stat:
        query["metric"] = {
            **from_api(_METRIC, stat),
            "metricName": stat["Metric"]["MetricName"],
            "namespace": stat["Metric"].get("Namespace"),
            "dimensions": _undimensioned(stat["Metric"].get("Dimensions", [])),
        }
    return query


def _put_alarm(step: Step) -> None:
    queries = [_query_out(query) for query in step.new.get("metricQueries") or []]
    dimensions = _dimensions(step.new.get("dimensions"))
    step.aws("cloudwatch").put_metric_alarm(
        **step.request(),
        **({"Dimensions": dimensions} if dimensions else {}),
        **({"Metrics": queries} if queries else {}),
        **({"Tags": step.tag_pairs} if step.tag_pairs and not step.old else {}),
    )


def _create_alarm(step: Step) -> str:
    _put_alarm(step)
    return str(step.new["name"])


def _read_alarm(step: Step) -> dict[str, Any] | None:
    cloudwatch = step.aws("cloudwatch")
    alarm = only(cloudwatch.describe_alarms(AlarmNames=[step.id])["MetricAlarms"])
    if alarm is None:
        return None
    found = cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
    return {
        **step.values(alarm),
        "dimensions": _undimensioned(alarm.get("Dimensions", [])),
        "metricQueries": [_query_in(one) for one in alarm.get("Metrics", [])],
        "treatMissingData": alarm.get("TreatMissingData") or "missing",
        "arn": alarm["AlarmArn"],
        "tagsAll": unpaired(found),
    }


def _update_alarm(step: Step) -> None:
    cloudwatch = step.aws("cloudwatch")
    _put_alarm(step)
    wanted, unwanted = step.tag_steps()
    arn = step.arn("cloudwatch", f"alarm:{step.id}")
    if wanted:
        cloudwatch.tag_resource(ResourceARN=arn, Tags=pairs(wanted))
    if unwanted:
        cloudwatch.untag_resource(ResourceARN=arn, TagKeys=unwanted)


def _delete_alarm(step: Step) -> None:
    step.aws("cloudwatch").delete_alarms(AlarmNames=[step.id])


def _alarm_rules(inputs: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    if bool(inputs.get("metricName")) is bool(inputs.get("metricQueries")):
        yield "metricName", "exactly one of metricName and metricQueries is needed"
    if inputs.get("metricName") and not (inputs.get("statistic") or inputs.get("extendedStatistic")):
        yield "statistic", "one of statistic and extendedStatistic is needed"


METRIC_ALARM = Entry(
    token="aws:cloudwatch/metricAlarm:MetricAlarm",  # noqa: S106
    fields=_ALARM,
    create=_create_alarm,
    read=_read_alarm,
    update=_update_alarm,
    delete=_delete_alarm,
    gone=("ResourceNotFound", "ResourceNotFoundException"),
    outputs=("arn",),
    rules=_alarm_rules,
)

ENTRIES = (LOG_GROUP, METRIC_ALARM)
