"""aws.route53.Record. Route 53 has no location."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.providers.aws.entry import Entry, Step
from sandbox.providers.aws.errors import AwsProviderError
from sandbox.providers.base.table.fields import Fields, blocks, flag, strings, text, whole
from sandbox.providers.base.table.shapes import from_api, to_api


def plain_name(name: str) -> str:
    """A record's name as DNS compares it: no dot at the end, lower case, `*` unescaped."""
    return name.rstrip(".").lower().replace("\\052", "*")


def _bare_zone(zone: str) -> str:
    return zone.removeprefix("/hostedzone/")


_ALIAS: Fields = {
    "evaluateTargetHealth": flag(required=True),
    "name": text(required=True, api="DNSName", same=plain_name),
    "zoneId": text(required=True, api="HostedZoneId"),
}
_ROUTING = (
    "latencyRoutingPolicies",
    "weightedRoutingPolicies",
    "failoverRoutingPolicies",
    "multivalueAnswerRoutingPolicy",
)


def _value_same(values: list[str]) -> list[str]:
    return sorted(plain_name(value) for value in values)


def _record(values: Mapping[str, Any], full_name: str) -> dict[str, Any]:
    """A ResourceRecordSet of inputs or of state."""
    record: dict[str, Any] = {"Name": full_name, "Type": values["type"]}
    if values.get("aliases"):
        record["AliasTarget"] = to_api(_ALIAS, values["aliases"][0])
    else:
        record["TTL"] = values["ttl"]
        record["ResourceRecords"] = [{"Value": _quoted(values["type"], value)} for value in values["records"]]
    for name, key in (("setIdentifier", "SetIdentifier"), ("healthCheckId", "HealthCheckId")):
        if values.get(name):
            record[key] = values[name]
    if values.get("latencyRoutingPolicies"):
        record["Region"] = values["latencyRoutingPolicies"][0]["region"]
    if values.get("weightedRoutingPolicies"):
        record["Weight"] = values["weightedRoutingPolicies"][0]["weight"]
    if values.get("failoverRoutingPolicies"):
        record["Failover"] = values["failoverRoutingPolicies"][0]["type"]
    if values.get("multivalueAnswerRoutingPolicy"):
        record["MultiValueAnswer"] = True
    return record


def _quoted(kind: str, value: str) -> str:
    """Text records travel in quotes, which Pulumi's inputs leave out."""
    return f'"{value}"' if kind in ("TXT", "SPF") and not value.startswith('"') else value


def _zone_name(step: Step, zone: str) -> str:
    return plain_name(step.aws("route53").get_hosted_zone(Id=zone)["HostedZone"]["Name"])


def _full_name(step: Step, values: Mapping[str, Any]) -> str:
    """As the real provider expands it: a name outside of the zone is meant within it."""
    zone = _zone_name(step, values["zoneId"])
    name = plain_name(values["name"])
    if not name:
        return zone
    return name if name == zone or name.endswith(f".{zone}") else f"{name}.{zone}"


_deleting = threading.Lock()


def _change(step: Step, zone: str, *changes: tuple[str, dict[str, Any]]) -> None:
    batch = [{"Action": action, "ResourceRecordSet": record} for action, record in changes]
    step.aws("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": batch})


def _record_id(values: Mapping[str, Any], name: str) -> str:
    parts = [_bare_zone(values["zoneId"]), name, values["type"], values.get("setIdentifier") or ""]
    return "_".join(part for part in parts if part)


def _create_record(step: Step) -> str:
    name, zone = _full_name(step, step.new), _bare_zone(step.new["zoneId"])
    # moto refuses to CREATE what was created and deleted before, so existence is judged here.
    if not step.new.get("allowOverwrite") and _find(step) is not None:
        raise AwsProviderError(
            f"{name} {step.new['type']} {step.new.get('setIdentifier') or ''}".rstrip()
            + f" exists already in zone {zone}; import it, remove it, or set allowOverwrite"
        )
    _change(step, zone, ("UPSERT", _record(step.new, name)))
    return _record_id(step.new, name)


def _records(step: Step, zone: str, **start: str) -> list[dict[str, Any]]:
    listing = step.aws("route53").get_paginator("list_resource_record_sets")
    pages = listing.paginate(HostedZoneId=zone, **start)
    return [dict(record) for page in pages for record in page["ResourceRecordSets"]]


def _find(step: Step) -> dict[str, Any] | None:
    wish = step.wish
    name, identifier = _full_name(step, wish), wish.get("setIdentifier") or None
    start = {"StartRecordName": name, "StartRecordType": wish["type"]}
    for record in _records(step, _bare_zone(wish["zoneId"]), **start):
        here = (plain_name(record["Name"]), record["Type"], record.get("SetIdentifier"))
        if here == (name, wish["type"], identifier):
            return record
    return None


def _read_record(step: Step) -> dict[str, Any] | None:
    record = _find(step)
    if record is None:
        return None
    found: dict[str, Any] = {
        "name": plain_name(record["Name"]),
        "type": record["Type"],
        "zoneId": _bare_zone(step.wish["zoneId"]),
        "fqdn": plain_name(record["Name"]),
        **step.values(record, "healthCheckId", "setIdentifier"),
    }
    if "AliasTarget" in record:
        found["aliases"] = [from_api(_ALIAS, record["AliasTarget"])]
    else:
        values = [one["Value"] for one in record.get("ResourceRecords", [])]
        found |= {"ttl": record.get("TTL"), "records": [value.strip('"') for value in values]}
    if "Region" in record:
        found["latencyRoutingPolicies"] = [{"region": record["Region"]}]
    if "Weight" in record:
        found["weightedRoutingPolicies"] = [{"weight": record["Weight"]}]
    if "Failover" in record:
        found["failoverRoutingPolicies"] = [{"type": record["Failover"]}]
    if record.get("MultiValueAnswer"):
        found["multivalueAnswerRoutingPolicy"] = True
    wished = step.wish.get("name")
    if wished and _full_name(step, step.wish) == found["name"]:
        found["name"] = wished
    return found


def _update_record(step: Step) -> None:
    _change(step, _bare_zone(step.new["zoneId"]), ("UPSERT", _record(step.new, _full_name(step, step.new))))


def _delete_record(step: Step) -> None:
    zone = _bare_zone(step.old["zoneId"])
    with _deleting:
        record = _find(step)
        if record is None:
            return
        _change(step, zone, ("DELETE", record), *(("UPSERT", other) for other in _swept(step, zone, record)))


def _swept(step: Step, zone: str, record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What moto takes along: every record of the zone with the same SetIdentifier, whatever its name."""
    identifier = record.get("SetIdentifier")
    if identifier is None:
        return []
    return [
        other
        for other in _records(step, zone)
        if other.get("SetIdentifier") == identifier and other != record
    ]


def _record_rules(inputs: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    if bool(inputs.get("aliases")) is (inputs.get("records") is not None):
        yield "records", "exactly one of records and aliases is needed"
    if inputs.get("records") is not None and inputs.get("ttl") is None:
        yield "ttl", "records need a ttl"
    routed = [name for name in _ROUTING if inputs.get(name)]
    if routed and not inputs.get("setIdentifier"):
        yield "setIdentifier", f"{routed[0]} needs a setIdentifier"
    if len(routed) > 1:
        yield routed[1], f"only one routing policy is allowed; there is {routed[0]} too"


RECORD = Entry(
    token="aws:route53/record:Record",  # noqa: S106
    regional=False,
    fields={
        "name": text(required=True, replace=True, same=plain_name),
        "type": text(required=True, replace=True),
        "zoneId": text(required=True, replace=True, same=_bare_zone),
        "aliases": blocks(_ALIAS, api=None),
        "allowOverwrite": flag(local=True),
        "failoverRoutingPolicies": blocks({"type": text(required=True)}, api=None),
        "healthCheckId": text(),
        "latencyRoutingPolicies": blocks({"region": text(required=True)}, api=None),
        "multivalueAnswerRoutingPolicy": flag(api=None),
        "records": strings(api=None, same=_value_same),
        "setIdentifier": text(replace=True),
        "ttl": whole(api=None),
        "weightedRoutingPolicies": blocks({"weight": whole(required=True)}, api=None),
    },
    create=_create_record,
    read=_read_record,
    update=_update_record,
    delete=_delete_record,
    gone=("NoSuchHostedZone",),
    outputs=("fqdn",),
    delete_first=True,
    rules=_record_rules,
)


ENTRIES = (RECORD,)
