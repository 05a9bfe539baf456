"""aws.acm.Certificate and aws.acm.CertificateValidation."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.providers.aws.entry import Entry, Step
from sandbox.providers.aws.errors import AwsProviderError
from sandbox.providers.aws.pairs import pairs, unpaired
from sandbox.providers.base.table.fields import block, string_set, tags, text

_GONE = ("ResourceNotFoundException",)
_POLL_SECONDS = 0.1
# The real provider waits 75 minutes, for people who make records by hand; a program's are there already.
_WAIT_SECONDS = 30.0


def _create(step: Step) -> str:
    names = step.new.get("subjectAlternativeNames") or []
    made = step.aws("acm").request_certificate(
        **step.request("domainName", "validationMethod", "keyAlgorithm", "options"),
        **({"SubjectAlternativeNames": names} if names else {}),
        **({"Tags": step.tag_pairs} if step.tag_pairs else {}),
    )
    return str(made["CertificateArn"])


def _option(option: Mapping[str, Any]) -> dict[str, str]:
    record = option["ResourceRecord"]
    return {
        "domainName": option["DomainName"],
        "resourceRecordName": record["Name"],
        "resourceRecordType": record["Type"],
        "resourceRecordValue": record["Value"],
    }


def _alternative(step: Step, certificate: Mapping[str, Any]) -> list[str]:
    """ACM counts the domain name among the alternatives, whether the program did or not."""
    found = certificate.get("SubjectAlternativeNames", [])
    wished = step.wish.get("subjectAlternativeNames")
    main = certificate["DomainName"]
    return [name for name in found if name != main] if wished and main not in wished else found


def _read(step: Step) -> dict[str, Any] | None:
    acm = step.aws("acm")
    certificate = acm.describe_certificate(CertificateArn=step.id)["Certificate"]
    options = certificate.get("DomainValidationOptions", [])
    return {
        **step.values(certificate, "domainName", "keyAlgorithm", "options"),
        "subjectAlternativeNames": _alternative(step, certificate),
        "validationMethod": next(
            (one["ValidationMethod"] for one in options if "ValidationMethod" in one), None
        ),
        "arn": certificate["CertificateArn"],
        "domainValidationOptions": [_option(one) for one in options if "ResourceRecord" in one],
        "status": certificate["Status"],
        "type": certificate.get("Type", "AMAZON_ISSUED"),
        "pendingRenewal": False,
        "renewalEligibility": certificate.get("RenewalEligibility"),
        "validationEmails": [],
        "tagsAll": unpaired(acm.list_tags_for_certificate(CertificateArn=step.id)["Tags"]),
    }


def _update(step: Step) -> None:
    acm = step.aws("acm")
    if step.changed("options"):
        acm.update_certificate_options(CertificateArn=step.id, **step.request("options"))
    wanted, unwanted = step.tag_steps()
    if wanted:
        acm.add_tags_to_certificate(CertificateArn=step.id, Tags=pairs(wanted))
    if unwanted:
        acm.remove_tags_from_certificate(CertificateArn=step.id, Tags=[{"Key": key} for key in unwanted])


def _delete(step: Step) -> None:
    step.aws("acm").delete_certificate(CertificateArn=step.id)


CERTIFICATE = Entry(
    token="aws:acm/certificate:Certificate",  # noqa: S106
    fields={
        "domainName": text(required=True, replace=True, same=str.lower),
        "subjectAlternativeNames": string_set(computed=True, replace=True),
        "validationMethod": text(required=True, replace=True, choices=("DNS",)),
        "keyAlgorithm": text(computed=True, replace=True),
        "options": block(
            {"certificateTransparencyLoggingPreference": text(computed=True), "export": text(computed=True)},
            computed=True,
        ),
        "tags": tags(),
    },
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
    gone=_GONE,
    outputs=(
        "arn",
        "domainValidationOptions",
        "pendingRenewal",
        "renewalEligibility",
        "status",
        "type",
        "validationEmails",
    ),
)


def _await_issue(step: Step) -> str:
    """Waits until ACM has issued the certificate. Raises AwsProviderError naming the records that are
    missing.
    """
    arn = step.new["certificateArn"]
    ends = time.monotonic() + (step.timeout or _WAIT_SECONDS)
    while True:
        certificate = step.aws("acm").describe_certificate(CertificateArn=arn)["Certificate"]
        if certificate["Status"] == "ISSUED":
            return str(certificate["IssuedAt"].strftime("%Y-%m-%d %H:%M:%S +0000 UTC"))
        if certificate["Status"] == "FAILED" or time.monotonic() > ends or step.cancelled.is_set():
            break
        step.cancelled.wait(_POLL_SECONDS)
    options = certificate.get("DomainValidationOptions", [])
    records = ", ".join(one["ResourceRecord"]["Name"] for one in options if "ResourceRecord" in one)
    raise AwsProviderError(
        f"{step.entry.token} {step.name!r}: certificate {arn} is {certificate['Status']} after "
        f"{step.timeout or _WAIT_SECONDS:.0f} s; ACM waits for the CNAME records {records} "
        "in a public hosted zone"
    )


def _read_validation(step: Step) -> dict[str, Any] | None:
    arn = step.wish["certificateArn"]
    certificate = step.aws("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    return {"certificateArn": arn} if certificate["Status"] == "ISSUED" else None


def _nothing(_step: Step) -> None:
    """A validation is a wait: there is nothing to delete."""


def _same_names(names: Iterable[str]) -> list[str]:
    return sorted(str(name).rstrip(".").lower() for name in names)


VALIDATION = Entry(
    token="aws:acm/certificateValidation:CertificateValidation",  # noqa: S106
    fields={
        "certificateArn": text(required=True, replace=True),
        "validationRecordFqdns": string_set(local=True, replace=True, same=_same_names),
    },
    create=_await_issue,
    read=_read_validation,
    delete=_nothing,
    gone=_GONE,
)

ENTRIES = (CERTIFICATE, VALIDATION)
