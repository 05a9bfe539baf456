"""Asks a region's API server and Route 53 how the region is, with the caller's own identity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from lightkube import ApiError, Client, KubeConfig
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import Node
from lightkube.resources.policy_v1 import PodDisruptionBudget

from automation.ci.errors import CiError
from automation.ci.health import Health, Unheard, Workload, judge
from automation.redaction import redacted
from automation.targets import Reach
from components.cluster.kubeconfig_aws import kubeconfig
from components.inference.args import NAMESPACE, PDB, SERVICE
from config import names
from config.platform import Platform

_NOT_FOUND = 404
_REFUSED = frozenset({401, 403})
_REFUSED_BY_AWS = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_TIMEOUTS = {"connect_timeout": 10, "read_timeout": 20}


class Doctor:
    """Judges regions by their outputs, as the stacks give them. Clients are kept: tokens are asked for once.

    A region that does not answer is not healthy; one that refuses the caller is a CiError, since waiting
    does not change that.
    """

    def __init__(self, platform: Platform, reach: Reach) -> None:
        self._platform = platform
        self._reach = reach
        self._clusters: dict[str, Any] = {}
        self._route53: Any = None

    def ask(self, region: str, outputs: Mapping[str, Any]) -> Health:
        """How the region is now."""
        return judge(
            self._workload(region, outputs),
            self._observations(region),
            steady=self._platform.inference.replicas,
            zones=list(outputs.get("zones") or ()),
            stand_in=self._reach.dns_stand_in,
        )

    def _workload(self, region: str, outputs: Mapping[str, Any]) -> Workload | Unheard:
        try:
            cluster = self._cluster(region, outputs)
            return Workload(
                deployment=_found(cluster, Deployment, SERVICE),
                budget=_found(cluster, PodDisruptionBudget, PDB),
                nodes=[node.to_dict() for node in cluster.list(Node)],
            )
        except ApiError as error:
            said = redacted(str(error.status.message))
            if error.status.code in _REFUSED:
                raise CiError(
                    f"the API server of {region} refuses the caller: {said}; name its role under `admins` in "
                    "the region's stack file"
                ) from error
            return Unheard(f"it answers: {said}")
        except Exception as error:
            # Refused connections, certificates, an exec plugin that fails: each has an error of its own.
            self._clusters.pop(region, None)
            return Unheard(f"it cannot be asked ({redacted(str(error)) or type(error).__name__})")

    # lightkube's overloads tell namespaced kinds from global ones, and boto3 has no types.
    def _cluster(self, region: str, outputs: Mapping[str, Any]) -> Any:
        if region not in self._clusters:
            of = outputs["cluster"]
            document = kubeconfig(
                of["name"], self._platform.regions[region].location, of["endpoint"], of["ca"]
            )
            plugin = document["users"][0]["user"]["exec"]
            plugin["env"] = [{"name": name, "value": value} for name, value in self._reach.env.items()]
            found = KubeConfig.from_dict(document).get()
            self._clusters[region] = Client(config=found, trust_env=self._reach.proxies)
        return self._clusters[region]

    def _observations(self, region: str) -> list[str] | Unheard:
        try:
            check = self._health_check(region)
            if not check:
                return Unheard(f"{names.entry_fqdn(self._platform)} has no record of {region} with a check")
            answer = self._dns().get_health_check_status(HealthCheckId=check)
            return [str(one["StatusReport"]["Status"]) for one in answer["HealthCheckObservations"]]
        except (BotoCoreError, ClientError) as error:
            said = redacted(str(error))
            code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
            if isinstance(error, NoCredentialsError) or code in _REFUSED_BY_AWS:
                raise CiError(
                    f"Route 53 refuses the caller: {said}; it needs credentials that have not expired, with "
                    "ListHostedZonesByName, ListResourceRecordSets and GetHealthCheckStatus"
                ) from error
            return Unheard(f"Route 53: {said}")

    def _health_check(self, region: str) -> str:
        """The check by which Route 53 takes the region out of the shared name; empty when there is none."""
        entry, zone = f"{names.entry_fqdn(self._platform)}.", f"{self._platform.hosted_zone}."
        dns = self._dns()
        zones = dns.list_hosted_zones_by_name(DNSName=zone)["HostedZones"]
        ids = [one["Id"] for one in zones if one["Name"] == zone and not one["Config"].get("PrivateZone")]
        if not ids:
            return ""
        pages = dns.get_paginator("list_resource_record_sets").paginate(HostedZoneId=ids[0])
        return next(
            (
                str(record.get("HealthCheckId", ""))
                for page in pages
                for record in page["ResourceRecordSets"]
                if record["Name"] == entry and record.get("SetIdentifier") == region
            ),
            "",
        )

    def _dns(self) -> Any:
        if self._route53 is None:
            proxies = {} if self._reach.proxies else {"proxies": {}}
            self._route53 = boto3.Session().client(
                "route53", **self._reach.aws, config=Config(**_TIMEOUTS, **proxies)
            )
        return self._route53


def _found(cluster: Any, kind: Any, name: str) -> dict[str, Any] | None:
    try:
        return cluster.get(kind, name, namespace=NAMESPACE).to_dict()
    except ApiError as error:
        if error.status.code == _NOT_FOUND:
            return None
        raise
