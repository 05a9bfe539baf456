"""https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-types.html"""

from __future__ import annotations

from collections.abc import Iterator

from ..dns import client_records, routed
from ..model import Finding, Severity, Stack, StackRule
from ..network import made_from
from ..values import absent, at, known

_CHECK = "aws:route53/healthCheck:HealthCheck"


def _check(stack: Stack) -> Iterator[Finding]:
    records = [record for record in client_records(stack) if routed(record)]
    if stack.of("aws:eks/cluster:Cluster") and not records:
        yield Finding("no record that leaves a dead region out: none is chosen by routing")
    for record in records:
        check = at(record.props, "healthCheckId")
        name = at(record.props, "name")
        if absent(check):
            yield Finding(f"record {name} has no health check: clients are sent to a dead region", record.urn)
        elif (
            known(check)
            and record.depends.get("healthCheckId")
            and not made_from(stack, record, "healthCheckId", _CHECK)
        ):
            yield Finding(f"record {name} asks for the health of something else", record.urn)
        if absent(at(record.props, "setIdentifier")):
            yield Finding(
                f"record {name} has no set identifier: it would replace the other regions'", record.urn
            )


RULE = StackRule(
    id="dns-health-checked",
    severity=Severity.CRITICAL,
    title="Each region's record in the shared name has a health check",
    reason="Route 53 answers with a record without one for ever, whatever became of its region.",
    remedy="healthCheckId of the region's own health check on every latency, weighted or failover record.",
    check=_check,
)
