"""The DNS twin in the sandbox's network: what clients and regions resolve while a region is cut off."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.server import ThreadedMotoServer

from sandbox.dns import lifecycle as dns
from sandbox.errors import SandboxError
from sandbox.host import Command
from sandbox.moto import client, seed
from sandbox.network import relays
from sandbox.network.faults import NetworkFaults
from sandbox.network.namespaces import Namespaces
from sandbox.network.plan import NetworkPlan
from sandbox.paths import SandboxPaths
from sandbox.processes import Processes
from sandbox.state import RegionState, SandboxState

pytestmark = pytest.mark.engine

PLAN = NetworkPlan.of({"us-east": ["ua"], "eu-west": ["ea"]})
LOCATIONS = {"us-east": "us-east-1", "eu-west": "eu-west-1"}
ENTRY = "inference.example.com"
READY_PORT = 8443


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network with moto, the twin, and an endpoint at each region's ingress load balancer."""

    state: SandboxState
    namespaces: Namespaces
    faults: NetworkFaults
    hosts: dict[str, str]

    def resolve(self, namespace: str, name: str) -> str:
        """As any program there does, by its /etc/resolv.conf; empty when it cannot."""
        try:
            found = self.namespaces[namespace].run(["getent", "ahostsv4", name])
        except SandboxError:
            return ""
        return found.split()[0] if found.split() else ""

    def health(self) -> dict[str, str]:
        shown = json.loads(dns.health_file(SandboxPaths.of(self.state.id)).read_bytes())["checks"]
        return {one["fqdn"].partition(".")[0]: one["status"] for one in shown.values()}


def until(true: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _region(name: str, paths: SandboxPaths) -> RegionState:
    return RegionState(
        name=name,
        location=LOCATIONS[name],
        zones=tuple(PLAN.regions[name].pods),
        etcd_port=1,
        api_server_port=1,
        kubeconfig=paths.kubeconfig(name),
    )


def _records(moto: str, zone: str) -> dict[str, str]:
    """What the program writes for two regions, with checks that are quicker than AWS allows; their hosts."""
    lenient = boto3.Session().client(
        "route53",
        endpoint_url=moto,
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(parameter_validation=False),
    )
    hosts: dict[str, str] = {}
    for region, location in LOCATIONS.items():
        subnet = client("ec2", moto, location).describe_subnets()["Subnets"][0]["SubnetId"]
        made = client("elbv2", moto, location).create_load_balancer(
            Name=f"lb-{region}",
            Type="network",
            Subnets=[subnet],
            Tags=[{"Key": "service.k8s.aws/stack", "Value": f"istio-system/{dns.INGRESS}"}],
        )
        hosts[region] = made["LoadBalancers"][0]["DNSName"]
        check = lenient.create_health_check(
            CallerReference=region,
            HealthCheckConfig={
                "Type": "HTTP",
                "FullyQualifiedDomainName": f"{region}.example.com",
                "Port": READY_PORT,
                "ResourcePath": "/",
                "RequestInterval": 1,
                "FailureThreshold": 1,
            },
        )["HealthCheck"]["Id"]
        common: dict[str, Any] = {"Type": "CNAME", "ResourceRecords": [{"Value": hosts[region]}]}
        routed = {"SetIdentifier": region, "Region": location, "HealthCheckId": check}
        changes = [
            {"Name": f"{region}.example.com", "TTL": 30, **common},
            {"Name": ENTRY, "TTL": 2, **common, **routed},
        ]
        lenient.change_resource_record_sets(
            HostedZoneId=zone,
            ChangeBatch={
                "Changes": [{"Action": "UPSERT", "ResourceRecordSet": record} for record in changes]
            },
        )
    return hosts


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    address, port = server.get_host_and_port()
    moto = f"http://{address}:{port}"
    paths = SandboxPaths.of(f"test-dns-{os.getpid()}-{uuid.uuid4().hex[:6]}")
    paths.create()
    zone = seed(moto, "example.com")
    state = SandboxState(
        id=paths.id,
        root=paths.root,
        checkout=Path.cwd(),
        domain="example.com",
        token="",
        passphrase="",
        moto_port=port,
        gcs_port=0,
        moto_url=moto,
        hosted_zone=zone,
        regions={name: _region(name, paths) for name in PLAN.regions},
    )
    hosts = _records(moto, zone)
    namespaces = Namespaces(paths, PLAN)
    try:
        namespaces.up()
        relays.start(paths, namespaces, {relays.MOTO: port})
        for name, own in PLAN.regions.items():
            serve = ["-m", "http.server", str(READY_PORT), "--bind", own.ingress_balancer]
            command = Command(name=f"balancers-{name}", argv=[sys.executable, *serve], cwd=paths.bin)
            namespaces[name].start(command)
        dns.start(state, PLAN, namespaces, seed=1)
        yield Network(state=state, namespaces=namespaces, faults=NetworkFaults(paths, PLAN), hosts=hosts)
        dns.stop(state)
        assert Processes(paths).find(dns.process("world")) is None
    finally:
        Processes(paths).stop_all(grace=1.0)
        shutil.rmtree(paths.root)
        server.stop()


def test_clients_and_regions_are_led_to_the_region_near_to_them(network: Network) -> None:
    east, west = (PLAN.regions[name].ingress_balancer for name in LOCATIONS)
    assert network.resolve("world", ENTRY) == east
    assert network.resolve("us-east", ENTRY) == east
    assert network.resolve("eu-west", ENTRY) == west
    assert network.resolve("world", "eu-west.example.com") == west
    dns.set_client_location(network.state, PLAN, "eu-central-1")
    until(lambda: network.resolve("world", ENTRY) == west, 5)
    dns.set_client_location(network.state, PLAN, "us-east-1")
    until(lambda: network.resolve("world", ENTRY) == east, 5)


def test_a_lost_region_leaves_the_answers_and_comes_back(network: Network) -> None:
    east, west = (PLAN.regions[name].ingress_balancer for name in LOCATIONS)
    until(lambda: set(network.health().values()) == {"healthy"})
    network.faults.cut_region("us-east")
    began = time.monotonic()
    try:
        until(lambda: network.resolve("world", ENTRY) == west)
        # A connection that is swallowed is given up after four seconds.
        assert time.monotonic() - began >= 4
        assert network.health() == {"us-east": "unhealthy", "eu-west": "healthy"}
        assert network.resolve("us-east", network.hosts["us-east"]) == east
        assert network.resolve("us-east", "eu-west.example.com") == ""
    finally:
        network.faults.restore_region("us-east")
    until(lambda: network.resolve("world", ENTRY) == east)


def test_starting_again_changes_nothing(network: Network) -> None:
    processes = Processes(SandboxPaths.of(network.state.id))
    before = {name: processes.find(dns.process(name)) for name in network.namespaces.names}
    dns.start(network.state, PLAN, network.namespaces)
    assert {name: processes.find(dns.process(name)) for name in network.namespaces.names} == before
    assert None not in before.values()
