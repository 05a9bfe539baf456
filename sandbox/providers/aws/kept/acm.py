"""ACM issues a DNS-validated certificate once every name's CNAME record exists; moto does after a while, or
never, whatever the records.

https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html: the records are looked for in moto's
Route 53. Once issued, a certificate stays so when its records go (only its renewal would fail), which is why
the fact is kept.
"""

from __future__ import annotations

from typing import Any

from sandbox.providers.aws.kept.shim import Asked, Rule

ISSUED = "acm-issued"
_GLOBAL_LOCATION = "us-east-1"


def _name(name: str) -> str:
    return name.rstrip(".").lower()


def record_exists(clients: Any, wanted: dict[str, str]) -> bool:
    """Whether Route 53 holds this {Name, Type, Value} in a public zone of the account."""
    route53 = clients.plain("route53", _GLOBAL_LOCATION)
    for zone in route53.list_hosted_zones()["HostedZones"]:
        if zone.get("Config", {}).get("PrivateZone") or not _name(wanted["Name"]).endswith(
            _name(zone["Name"])
        ):
            continue
        found = route53.list_resource_record_sets(
            HostedZoneId=zone["Id"], StartRecordName=wanted["Name"], StartRecordType=wanted["Type"]
        )
        for record in found["ResourceRecordSets"]:
            if (_name(record["Name"]), record["Type"]) == (_name(wanted["Name"]), wanted["Type"]):
                values = {_name(value["Value"]) for value in record.get("ResourceRecords", [])}
                return _name(wanted["Value"]) in values
    return False


def _describe(asked: Asked, answer: dict[str, Any]) -> None:
    certificate = answer["Certificate"]
    options = certificate.get("DomainValidationOptions", [])
    records = [option["ResourceRecord"] for option in options if "ResourceRecord" in option]
    if certificate.get("Status") not in ("PENDING_VALIDATION", "ISSUED") or len(records) < len(options):
        return
    arn = certificate["CertificateArn"]
    issued = bool(asked.store.get(ISSUED, asked.region, arn))
    if not issued and all(record_exists(asked.clients, one) for one in records):
        asked.store.put(ISSUED, asked.region, arn, value=True)
        issued = True
    certificate["Status"] = "ISSUED" if issued else "PENDING_VALIDATION"
    for option in options:
        option["ValidationStatus"] = "SUCCESS" if issued else "PENDING_VALIDATION"


def _forget(asked: Asked, *_rest: Any) -> None:
    asked.store.drop(ISSUED, asked.region, asked.params["CertificateArn"])


RULES = {
    "DescribeCertificate": Rule(amend=_describe, failed=_forget),
    "DeleteCertificate": Rule(amend=_forget),
}
