"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html"""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Resource, ResourceRule, Severity
from ..values import absent, at

_HEALTH = "HealthCheckStatus"


def _check(resource: Resource) -> Iterator[str]:
    props = resource.props
    if absent(at(props, "alarmActions")):
        yield f"{resource.title} tells nobody"
    if at(props, "actionsEnabled") is False:
        yield f"{resource.title} has its actions switched off"
    if at(props, "metricName") == _HEALTH:
        if at(props, "treatMissingData") not in {"breaching"}:
            yield f"{resource.title} takes silence for health"
        if at(props, "region") not in {None, "us-east-1"}:
            yield (
                f"{resource.title} looks for Route 53's metrics in {at(props, 'region')}; they are in "
                "us-east-1"
            )


RULE = ResourceRule(
    id="alarms-notify",
    severity=Severity.HIGH,
    title="Alarms in the cloud tell somebody",
    reason="They are what is left when the cluster that holds Prometheus is the thing that is gone.",
    remedy="alarmActions with the region's topic; missing data of a health check is breaching, in us-east-1.",
    kinds=frozenset({"aws:cloudwatch/metricAlarm:MetricAlarm"}),
    check=_check,
)
