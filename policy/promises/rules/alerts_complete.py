"""https://prometheus.io/docs/practices/alerting/"""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Finding, Severity, Stack, StackRule
from ..values import UNKNOWN, absent, at, sequence

_SEVERITIES = ("critical", "warning", "info", "none", UNKNOWN)


def _check(stack: Stack) -> Iterator[Finding]:
    books = {config.title for config in stack.of("ConfigMap")}
    for rules in stack.of("PrometheusRule"):
        for group in sequence(at(rules.props, "spec", "groups")):
            for alert in sequence(at(group, "rules")):
                name = at(alert, "alert")
                if absent(name):
                    continue
                for said in _faults(alert, books):
                    yield Finding(f"alert {name} {said}", rules.urn)


def _faults(alert: object, books: set[str]) -> Iterator[str]:
    if absent(at(alert, "annotations", "summary")):
        yield "has no summary"
    if absent(at(alert, "annotations", "runbook")) and absent(at(alert, "annotations", "runbook_url")):
        yield "has no link to a runbook"
    book = at(alert, "labels", "runbook")
    if isinstance(book, str) and books and book not in books:
        yield f"names a runbook that is not there: {book}"
    if at(alert, "labels", "severity") not in _SEVERITIES:
        yield f"has severity {at(alert, 'labels', 'severity') or 'none said'}"
    if absent(at(alert, "for")):
        yield "fires on the first sample (no `for`)"


RULE = StackRule(
    id="alerts-complete",
    severity=Severity.MEDIUM,
    title="Every alert says what is wrong, how bad, and what to do",
    reason="It is read at night by someone who did not write it.",
    remedy="annotations summary and runbook, label severity (and runbook, a ConfigMap of the stack), and a "
    "`for`.",
    check=_check,
)
