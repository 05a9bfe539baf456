"""What the twin knows of moto: read again and again, and kept when moto cannot be reached.

Route 53 answers from its data plane, which goes on when its control plane does not
(https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/control-planes-and-data-planes.html).
Reads of this twin are told from others in moto's log by their page size.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.dns.balancers import STACK_TAG, Balancer, BalancerFile, balancer_zones
from sandbox.dns.errors import RefusedError
from sandbox.dns.health import Check, check_of
from sandbox.dns.records import plain, record_of
from sandbox.dns.zone import Zone
from sandbox.moto import client

_log = logging.getLogger(__name__)

PAGE = "97"
"""The page size by which this twin's reads of Route 53 are known."""
RECORDS_SECONDS = 1.0
BALANCERS_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Known:
    """All that is known at one time. `refused` holds health checks that are not modelled, with the reason."""

    zones: tuple[Zone, ...] = ()
    checks: Mapping[str, Check] = field(default_factory=dict[str, Check])
    refused: Mapping[str, str] = field(default_factory=dict[str, str])


class Source:
    """Reads hosted zones, health checks and the load balancers of `addresses`; these it writes to `file` too.

    `addresses`: AWS location → name of the Service → IPv4. `known` can be read from any thread.
    """

    def __init__(self, moto: str, addresses: Mapping[str, Mapping[str, str]], file: BalancerFile) -> None:
        self._addresses, self._file = addresses, file
        self._route53 = client("route53", moto)
        self._elb = {location: client("elbv2", moto, location) for location in addresses}
        self._balancers: tuple[Zone, ...] = balancer_zones([], addresses)
        self._balancers_at = float("-inf")
        self._trouble = ""
        self.known = Known(zones=self._balancers)

    def run(self, stopped: threading.Event) -> None:
        """Reads about every second until stopped."""
        while not stopped.is_set():
            self.refresh()
            stopped.wait(RECORDS_SECONDS)

    def refresh(self) -> bool:
        """One reading; whether moto answered. What it said last stays when it does not."""
        try:
            self.known = self._read()
        except (BotoCoreError, ClientError, OSError, KeyError) as error:
            trouble = f"{type(error).__name__}: {error}"
            if trouble != self._trouble:
                _log.warning("moto cannot be asked, the last answers stay: %s", trouble)
            self._trouble = trouble
            return False
        if self._trouble:
            _log.info("moto answers again")
        self._trouble = ""
        return True

    def _read(self) -> Known:
        if time.monotonic() - self._balancers_at >= BALANCERS_SECONDS:
            found = self._all_balancers()
            self._file.write(found)
            self._balancers = balancer_zones(found, self._addresses)
            self._balancers_at = time.monotonic()
        checks, refused = self._checks(self._route53)
        return Known(zones=(*self._hosted(self._route53), *self._balancers), checks=checks, refused=refused)

    def _all_balancers(self) -> list[Balancer]:
        return [one for location, elb in self._elb.items() for one in _balancers(elb, location)]

    def _hosted(self, route53: Any) -> list[Zone]:
        zones: list[Zone] = []
        for zone in route53.list_hosted_zones(MaxItems=PAGE)["HostedZones"]:
            if zone["Config"].get("PrivateZone"):
                continue
            pages = route53.get_paginator("list_resource_record_sets").paginate(
                HostedZoneId=zone["Id"], PaginationConfig={"PageSize": int(PAGE)}
            )
            records = [record_of(one) for page in pages for one in page["ResourceRecordSets"]]
            zones.append(Zone.of(plain(zone["Name"]), dict.fromkeys(records)))
        return zones

    def _checks(self, route53: Any) -> tuple[dict[str, Check], dict[str, str]]:
        checks: dict[str, Check] = {}
        refused: dict[str, str] = {}
        for one in route53.list_health_checks(MaxItems=PAGE)["HealthChecks"]:
            try:
                checks[one["Id"]] = check_of(one)
            except RefusedError as error:
                refused[one["Id"]] = str(error)
        for key in refused.keys() - self.known.refused.keys():
            _log.warning("%s", refused[key])
        return checks, refused


def _balancers(elb: Any, location: str) -> list[Balancer]:
    """The load balancers of a location that a Service asked for."""
    hosts = {one["LoadBalancerArn"]: one["DNSName"] for one in elb.describe_load_balancers()["LoadBalancers"]}
    if not hosts:
        return []
    found: list[Balancer] = []
    for described in elb.describe_tags(ResourceArns=list(hosts))["TagDescriptions"]:
        tags = {tag["Key"]: tag["Value"] for tag in described["Tags"]}
        if STACK_TAG in tags:
            service = tags[STACK_TAG].rpartition("/")[2]
            found.append(Balancer(host=hosts[described["ResourceArn"]], location=location, service=service))
    return found
