"""aws.route53.HealthCheck. Route 53 has no location."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.providers.aws.entry import Entry, Step
from sandbox.providers.aws.pairs import pairs, unpaired
from sandbox.providers.base.table.fields import Fields, flag, string_set, tags, text, whole

_CHECK: Fields = {
    "type": text(required=True, replace=True),
    "childHealthThreshold": whole(api="HealthThreshold"),
    "childHealthchecks": string_set(api="ChildHealthChecks"),
    "disabled": flag(default=False),
    "enableSni": flag(api="EnableSNI", computed=True),
    "failureThreshold": whole(computed=True),
    "fqdn": text(api="FullyQualifiedDomainName"),
    "insufficientDataHealthStatus": text(),
    "invertHealthcheck": flag(api="Inverted"),
    "ipAddress": text(api="IPAddress"),
    "measureLatency": flag(default=False, replace=True),
    "port": whole(),
    "regions": string_set(),
    "requestInterval": whole(replace=True),
    "resourcePath": text(),
    "searchString": text(),
}
_ALARM = ("cloudwatchAlarmName", "cloudwatchAlarmRegion")
_FIXED = {"type", "measureLatency", "requestInterval"}


def _settings(step: Step) -> dict[str, Any]:
    settings = step.request(*(name for name in _CHECK if step.new.get(name) not in (None, "", [])))
    if step.new.get("cloudwatchAlarmName"):
        settings["AlarmIdentifier"] = {
            "Region": step.new["cloudwatchAlarmRegion"],
            "Name": step.new["cloudwatchAlarmName"],
        }
    return settings


def _create_check(step: Step) -> str:
    reference = step.new.get("referenceName") or ""
    settings = _settings(step)
    if settings["Type"] in ("CALCULATED", "CLOUDWATCH_METRIC"):
        settings.pop("MeasureLatency", None)
    made = step.aws("route53").create_health_check(
        CallerReference=f"{reference}{uuid.uuid4().hex}"[:64], HealthCheckConfig=settings
    )
    step.made(made["HealthCheck"]["Id"])
    _tag_check(step)
    return step.id


def _tag_check(step: Step) -> None:
    wanted, unwanted = step.tag_steps()
    if wanted or unwanted:
        step.aws("route53").change_tags_for_resource(
            ResourceType="healthcheck",
            ResourceId=step.id,
            **({"AddTags": pairs(wanted)} if wanted else {}),
            **({"RemoveTagKeys": unwanted} if unwanted else {}),
        )


def _read_check(step: Step) -> dict[str, Any] | None:
    route53 = step.aws("route53")
    settings = route53.get_health_check(HealthCheckId=step.id)["HealthCheck"]["HealthCheckConfig"]
    found = route53.list_tags_for_resource(ResourceType="healthcheck", ResourceId=step.id)
    alarm = settings.get("AlarmIdentifier") or {}
    return {
        **step.values(settings, *_CHECK),
        **({"cloudwatchAlarmName": alarm["Name"], "cloudwatchAlarmRegion": alarm["Region"]} if alarm else {}),
        "arn": f"arn:{step.session.partition}:route53:::healthcheck/{step.id}",
        "tagsAll": unpaired(found["ResourceTagSet"]["Tags"]),
    }


def _update_check(step: Step) -> None:
    if step.changed(*(set(_CHECK) - _FIXED), *_ALARM):
        settings = {name: value for name, value in _settings(step).items() if name not in _UNCHANGEABLE}
        step.aws("route53").update_health_check(HealthCheckId=step.id, **settings)
    _tag_check(step)


_UNCHANGEABLE = {"Type", "MeasureLatency", "RequestInterval"}


def _delete_check(step: Step) -> None:
    step.aws("route53").delete_health_check(HealthCheckId=step.id)


def _check_rules(inputs: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """https://docs.aws.amazon.com/Route53/latest/APIReference/API_HealthCheckConfig.html."""
    if inputs.get("requestInterval") not in (None, 10, 30):
        yield "requestInterval", f"{inputs['requestInterval']} s; Route 53 asks every 10 or every 30 s"
    regions = inputs.get("regions")
    if isinstance(regions, list) and regions and len(regions) < 3:
        yield "regions", "at least three regions are needed, or none for all"
    asks = inputs.get("type") in ("HTTP", "HTTPS", "HTTP_STR_MATCH", "HTTPS_STR_MATCH", "TCP")
    if asks and not (inputs.get("fqdn") or inputs.get("ipAddress")):
        yield "fqdn", f"a health check of type {inputs['type']} needs fqdn or ipAddress"


HEALTH_CHECK = Entry(
    token="aws:route53/healthCheck:HealthCheck",  # noqa: S106
    regional=False,
    fields={
        **_CHECK,
        **{name: text(api=None) for name in _ALARM},
        "referenceName": text(local=True, replace=True),
        "tags": tags(),
    },
    create=_create_check,
    read=_read_check,
    update=_update_check,
    delete=_delete_check,
    gone=("NoSuchHealthCheck",),
    outputs=("arn",),
    rules=_check_rules,
)

ENTRIES = (HEALTH_CHECK,)
