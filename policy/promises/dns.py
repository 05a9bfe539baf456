"""Records that clients ask."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .model import Resource, Stack
from .values import UNKNOWN, absent, at, sequence

RECORD = "aws:route53/record:Record"
_ROUTED = ("latencyRoutingPolicies", "failoverRoutingPolicies", "geolocationRoutingPolicies")
_BALANCER = re.compile(r"\.elb\.[a-z0-9-]+\.amazonaws\.com\.?$|\.awsglobalaccelerator\.com\.?$")


def proves(record: Resource) -> bool:
    """Whether a record only proves to a certificate authority whose name it is."""
    name = at(record.props, "name")
    return name is UNKNOWN or str(name).startswith("_")


def client_records(stack: Stack) -> Iterator[Resource]:
    """Records of a load balancer, or chosen by routing."""
    for record in stack.of(RECORD):
        if proves(record):
            continue
        values = sequence(at(record.props, "records"))
        balanced = any(value is UNKNOWN or _BALANCER.search(str(value)) for value in values)
        if balanced or routed(record) or at(record.props, "records") is UNKNOWN:
            yield record


def routed(record: Resource) -> bool:
    """Whether Route 53 chooses between this record and those of other regions."""
    if any(not absent(at(record.props, key)) for key in _ROUTED):
        return True
    return not absent(at(record.props, "weightedRoutingPolicies")) and not proves(record)
