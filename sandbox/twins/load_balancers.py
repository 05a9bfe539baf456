"""Gives Services of class `service.k8s.aws/nlb` a network load balancer in moto: the loop around
`balancers.py`.

Stands in for the AWS Load Balancer Controller (https://kubernetes-sigs.github.io/aws-load-balancer-
controller/): it makes the load balancer, its target groups and listeners, writes the host name into the
Service's status, and holds the Service by a finalizer until they are gone. Services of other classes are left
alone. Targets are not registered: pods have no address that moto could reach.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

import httpx2
from lightkube import ApiError, Client
from lightkube.resources.core_v1 import Service, ServiceStatus
from lightkube.types import PatchType

from sandbox.twins.balancers import (
    FINALIZER,
    Balancer,
    Port,
    balancer_of,
    has_resources,
    is_ours,
    target_group_name,
)
from sandbox.twins.loop import Repeater

_log = logging.getLogger(__name__)
_OWNER_TAG = "elbv2.k8s.aws/cluster"
_STACK_TAG = "service.k8s.aws/stack"
_LOOK_AGAIN_SECONDS = 30
_NOT_FOUND = 404


class LoadBalancerTwin:
    """Services of one API server → network load balancers of moto. `elb`, `ec2` and `eks` are boto3
    clients.
    """

    def __init__(self, *, kube: Client, elb: Any, ec2: Any, eks: Any) -> None:
        self._kube, self._elb, self._ec2, self._eks = kube, elb, ec2, eks

    def run(self, stopped: threading.Event) -> None:
        """Watches Services until stopped; what failed is tried again with the next look at all of them."""
        watching, working = Repeater("watching services", stopped), Repeater("load balancers", stopped)
        while not stopped.is_set():
            watching.attempt(lambda: self._watch(working, stopped))

    def _watch(self, working: Repeater, stopped: threading.Event) -> None:
        """Every Service once, then each as it changes, for half a minute."""
        listed = self._kube.list(Service, namespace="*")
        failed = sum(not self._handled(service.to_dict(), working) for service in listed)
        version = listed.resourceVersion
        if failed:
            return
        try:
            for _event, service in self._kube.watch(
                Service, namespace="*", resource_version=version, server_timeout=_LOOK_AGAIN_SECONDS
            ):
                if stopped.is_set() or not self._handled(service.to_dict(), working):
                    return
        except httpx2.ReadTimeout:
            return

    def _handled(self, service: dict[str, Any], working: Repeater) -> bool:
        if not (is_ours(service) or has_resources(service)):
            return True
        return working.attempt(lambda: self.reconcile(service))

    def reconcile(self, service: dict[str, Any]) -> None:
        """One Service."""
        metadata = service["metadata"]
        try:
            # An event may be older than what this twin has itself written since.
            service = self._kube.get(Service, metadata["name"], namespace=metadata["namespace"]).to_dict()
            if is_ours(service):
                self._ensure(service)
            elif has_resources(service):
                self._release(service)
        except ApiError as error:
            if error.status.code != _NOT_FOUND:  # it went while this was at work
                raise

    def _ensure(self, service: dict[str, Any]) -> None:
        if not has_resources(service):
            self._set_finalizers(service, [*(service["metadata"].get("finalizers") or []), FINALIZER])
        cluster = self._cluster()
        wanted = balancer_of(service, cluster)
        found = self._find(service)
        if found is not None and found["LoadBalancerName"] != wanted.name:
            self._remove(found)
            found = None
        if found is None:
            found = self._make(service, wanted, cluster)
        self._listen(found["LoadBalancerArn"], wanted, found["VpcId"])
        host = found["DNSName"]
        shown = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
        if [one.get("hostname") for one in shown] != [host]:
            self._show(service, [{"hostname": host}])
            _log.info("service %s: load balancer %s at %s", _path(service), wanted.name, host)

    def _release(self, service: dict[str, Any]) -> None:
        found = self._find(service)
        if found is not None:
            self._remove(found)
        if not service["metadata"].get("deletionTimestamp"):
            self._show(service, [])
        others = [one for one in service["metadata"]["finalizers"] if one != FINALIZER]
        self._set_finalizers(service, others)
        _log.info("service %s: load balancer gone", _path(service))

    def _cluster(self) -> str:
        names = self._eks.list_clusters()["clusters"]
        if len(names) != 1:
            raise ValueError(f"{len(names)} EKS clusters in the location; the Service needs exactly one")
        return str(names[0])

    def _subnets(self, balancer: Balancer, cluster: str) -> list[str]:
        """One subnet for each zone, by the role tag, in the cluster's VPC."""
        known = self._eks.describe_cluster(name=cluster)["cluster"]["resourcesVpcConfig"]["subnetIds"]
        vpc = self._ec2.describe_subnets(SubnetIds=known[:1])["Subnets"][0]["VpcId"]
        filters = [
            {"Name": "vpc-id", "Values": [vpc]},
            {"Name": "tag-key", "Values": [balancer.subnet_role]},
        ]
        found = self._ec2.describe_subnets(Filters=filters)["Subnets"]
        by_zone = {
            one["AvailabilityZone"]: one["SubnetId"] for one in sorted(found, key=lambda one: one["SubnetId"])
        }
        if not by_zone:
            raise ValueError(f"no subnet of {vpc} has the tag {balancer.subnet_role}")
        return [by_zone[zone] for zone in sorted(by_zone)]

    def _make(self, service: dict[str, Any], balancer: Balancer, cluster: str) -> dict[str, Any]:
        tags = {_OWNER_TAG: cluster, _STACK_TAG: _path(service)}
        made = self._elb.create_load_balancer(
            Name=balancer.name,
            Type="network",
            Scheme=balancer.scheme,
            Subnets=self._subnets(balancer, cluster),
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        )
        return dict(made["LoadBalancers"][0])

    def _find(self, service: dict[str, Any]) -> dict[str, Any] | None:
        """The Service's load balancer, known by its tag."""
        all_of_them = {
            one["LoadBalancerArn"]: one for one in self._elb.describe_load_balancers()["LoadBalancers"]
        }
        if not all_of_them:
            return None
        for described in self._elb.describe_tags(ResourceArns=list(all_of_them))["TagDescriptions"]:
            tags = {tag["Key"]: tag["Value"] for tag in described["Tags"]}
            if tags.get(_STACK_TAG) == _path(service):
                return dict(all_of_them[described["ResourceArn"]])
        return None

    def _listen(self, arn: str, balancer: Balancer, vpc: str) -> None:
        found = self._elb.describe_listeners(LoadBalancerArn=arn)["Listeners"]
        have = {
            (
                one["Port"],
                one["Protocol"],
                tuple(c["CertificateArn"] for c in one.get("Certificates", [])),
            ): one
            for one in found
        }
        want = {(port.number, port.protocol, port.certificates): port for port in balancer.ports}
        for key in have.keys() - want.keys():
            self._stop_listening(have[key])
        for key in want.keys() - have.keys():
            self._start_listening(arn, balancer, want[key], vpc)

    def _start_listening(self, arn: str, balancer: Balancer, port: Port, vpc: str) -> None:
        group = self._elb.create_target_group(
            Name=target_group_name(balancer, port),
            Protocol="TCP" if port.protocol == "TLS" else port.protocol,
            Port=port.target,
            VpcId=vpc,
            TargetType="ip",
        )["TargetGroups"][0]["TargetGroupArn"]
        certificates = [{"CertificateArn": one} for one in port.certificates]
        self._elb.create_listener(
            LoadBalancerArn=arn,
            Port=port.number,
            Protocol=port.protocol,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
            **({"Certificates": certificates} if certificates else {}),
        )

    def _stop_listening(self, listener: dict[str, Any]) -> None:
        self._elb.delete_listener(ListenerArn=listener["ListenerArn"])
        for action in listener.get("DefaultActions", []):
            if action.get("TargetGroupArn"):
                self._elb.delete_target_group(TargetGroupArn=action["TargetGroupArn"])

    def _remove(self, found: dict[str, Any]) -> None:
        arn = found["LoadBalancerArn"]
        for listener in self._elb.describe_listeners(LoadBalancerArn=arn)["Listeners"]:
            self._stop_listening(listener)
        self._elb.delete_load_balancer(LoadBalancerArn=arn)

    def _set_finalizers(self, service: dict[str, Any], finalizers: list[str]) -> None:
        metadata = service["metadata"]
        self._kube.patch(
            Service,
            metadata["name"],
            {"metadata": {"finalizers": finalizers}},
            namespace=metadata["namespace"],
            patch_type=PatchType.MERGE,
        )

    def _show(self, service: dict[str, Any], ingress: list[dict[str, str]]) -> None:
        metadata = service["metadata"]
        self._kube.patch(
            ServiceStatus,
            metadata["name"],
            {"status": {"loadBalancer": {"ingress": ingress or None}}},
            namespace=metadata["namespace"],
            patch_type=PatchType.MERGE,
        )


def _path(service: dict[str, Any]) -> str:
    return f"{service['metadata']['namespace']}/{service['metadata']['name']}"
