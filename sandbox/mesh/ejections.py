"""What a gateway's outlier detection did, from the log that Envoy writes of it: pure.

Source: https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier#ejection-event-logging
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from drills.traffic.target import Noticed
from sandbox.network.plan import NetworkPlan

TOGETHER_S = 2.0
"""What one gateway does to one place within so many seconds is told as one thing."""

_EJECT = "EJECT"


@dataclass(frozen=True)
class Ejection:
    """An endpoint that was taken out (or back in) at `t`; `where` is its zone, or the region behind it."""

    t: float
    out: bool
    where: str


def ejections(lines: Iterable[Mapping[str, Any]], plan: NetworkPlan, service: str) -> Iterator[Ejection]:
    """The events of a log that are about `service` (a host name); Envoy also judges what else it calls."""
    for line in lines:
        out = line["action"] == _EJECT
        # Of an endpoint that comes back the log always says that it was not enforced.
        if service not in line["cluster_name"] or (out and not line["enforced"]):
            continue
        at = datetime.fromisoformat(line["timestamp"]).timestamp()
        yield Ejection(at, out, _place(line["upstream_url"], plan))


def _place(upstream: str, plan: NetworkPlan) -> str:
    address = ipaddress.ip_address(upstream.rpartition(":")[0])
    for region, own in plan.regions.items():
        for zone, block in own.pods.items():
            if address in ipaddress.ip_network(block):
                return zone
        if str(address) == own.east_west_balancer:
            return region
    return str(address)


def told(gateway: str, found: Iterable[Ejection]) -> list[Noticed]:
    """A gateway's ejections as a drill's events: those of one place that come together are one event."""
    events: list[Noticed] = []
    ordered = sorted(found, key=lambda one: (one.out, one.where, one.t))
    for (out, where), each in groupby(ordered, key=lambda one: (one.out, one.where)):
        group: list[Ejection] = []
        for one in each:
            if group and one.t - group[0].t > TOGETHER_S:
                events.append(_event(gateway, out, where, group))
                group = []
            group.append(one)
        events.append(_event(gateway, out, where, group))
    return sorted(events, key=lambda event: event.t)


def _event(gateway: str, out: bool, where: str, group: list[Ejection]) -> Noticed:
    count = f"{len(group)} endpoint{'s' if len(group) > 1 else ''}"
    what = f"{gateway} ejects {count} in {where}" if out else f"{gateway} takes back {count} in {where}"
    return Noticed(t=group[0].t, kind="ejected" if out else "readmitted", what=what)
