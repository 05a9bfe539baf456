"""The DNS twin as processes on loopback, asked by real clients over UDP and TCP."""

from __future__ import annotations

import asyncio
import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from dnslib import EDNS0, QTYPE, RCODE, DNSRecord
from moto.server import ThreadedMotoServer

from sandbox.dns.places import Subnet, subnet_option
from sandbox.host import python_command
from sandbox.moto import client, seed
from tests.sandbox.dns.endpoint import free_port

AUTHORITY, RESOLVER, STRETCHING, REGIONAL = "127.0.0.1", "127.0.0.53", "127.0.0.54", "127.0.0.55"
CHECKERS = tuple(f"127.0.0.{number}" for number in range(101, 106))
INGRESS = {"us-east-1": "127.0.1.10", "eu-west-1": "127.0.2.10"}
ENTRY = "inference.example.com"


@dataclass(kw_only=True)
class Twin:
    """The processes, and questions to them."""

    moto: str
    zone: str
    port: int
    folder: Path
    hosts: dict[str, str] = field(default_factory=dict[str, str])
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list[subprocess.Popen[bytes]])

    def start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        ready = self.folder / f"{name}.ready"
        files = ["--ready", str(ready), "--queries", str(self.folder / f"{name}.jsonl")]
        files += ["--balancers", str(self.folder / "balancers.json")]
        argv = python_command("sandbox.dns", *arguments, *files)
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(argv, stdout=log, stderr=log)
        self.processes.append(process)
        until(ready.exists, f"{name} does not answer")
        return process

    def authority(self, *extra: str) -> subprocess.Popen[bytes]:
        places = self.folder / "places.json"
        places.write_text(json.dumps({"127.0.0.0/24": "us-east-1", "127.0.2.0/24": "eu-west-1"}))
        return self.start(
            "authority",
            *("authority", "--listen", f"{AUTHORITY}:{self.port}", "--places", str(places)),
            *("--moto", self.moto),
            *("--health", str(self.folder / "health.json")),
            *("--health-events", str(self.folder / "health-events.jsonl")),
            *("--resolver", RESOLVER, "--resolver", f"{STRETCHING}=120"),
            *(part for where, address in INGRESS.items() for part in balancer(where, address)),
            *extra,
        )

    def ask(
        self, name: str, *, at: str = AUTHORITY, kind: str = "A", tcp: bool = False, near: str = ""
    ) -> Any:
        query = DNSRecord.question(name, kind)
        if near:
            query.add_ar(EDNS0(opts=[subnet_option(Subnet(near, 24))]))
        return DNSRecord.parse(query.send(at, self.port, tcp=tcp, timeout=10))

    def leads_to(self, name: str, at: str = RESOLVER) -> str:
        answers = self.ask(name, at=at).rr
        return str(answers[-1].rdata) if answers else ""

    def queries(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / f"{name}.jsonl").read_text().splitlines()]


def balancer(location: str, address: str) -> tuple[str, str]:
    return "--balancer", f"{location}/istio-ingressgateway={address}"


def until(true: Callable[[], Any], what: str, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def _load_balancer(moto: str, location: str) -> str:
    ec2, elb = client("ec2", moto, location), client("elbv2", moto, location)
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    made = elb.create_load_balancer(
        Name="k8s-istiosys-istioing-0123456789",
        Type="network",
        Subnets=[subnet],
        Tags=[{"Key": "service.k8s.aws/stack", "Value": "istio-system/istio-ingressgateway"}],
    )
    return str(made["LoadBalancers"][0]["DNSName"])


def _upsert(twin: Twin, record: dict[str, Any]) -> None:
    client("route53", twin.moto).change_resource_record_sets(
        HostedZoneId=twin.zone,
        ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]},
    )


def _cname(name: str, host: str, ttl: int = 30, **routing: Any) -> dict[str, Any]:
    return {"Name": name, "Type": "CNAME", "TTL": ttl, "ResourceRecords": [{"Value": host}], **routing}


@pytest.fixture
def twin(moto: str, tmp_path: Path) -> Iterator[Twin]:
    """Moto with the records of two regions; no process runs yet."""
    twin = Twin(moto=moto, zone=seed(moto, "example.com"), port=free_port(), folder=tmp_path)
    for region, location in (("us-east", "us-east-1"), ("eu-west", "eu-west-1")):
        twin.hosts[region] = _load_balancer(moto, location)
        _upsert(twin, _cname(f"{region}.example.com", twin.hosts[region]))
    yield twin
    for process in twin.processes:
        process.terminate()
    for process in twin.processes:
        process.wait(10)


def _entry(twin: Twin, checks: dict[str, str]) -> None:
    for region, location in (("us-east", "us-east-1"), ("eu-west", "eu-west-1")):
        check: dict[str, Any] = {"HealthCheckId": checks[region]} if region in checks else {}
        _upsert(twin, _cname(ENTRY, twin.hosts[region], SetIdentifier=region, Region=location, **check))


def test_records_are_answered_by_place_over_udp_and_tcp_and_outlive_moto(
    twin: Twin, server: ThreadedMotoServer
) -> None:
    _entry(twin, {})
    twin.authority()
    for tcp in (False, True):
        answer = twin.ask(ENTRY, tcp=tcp)
        assert answer.header.aa
        assert [(str(one.rdata), one.ttl) for one in answer.rr] == [(f"{twin.hosts['us-east']}.", 30)]
    far = twin.ask(ENTRY, near="127.0.2.0")
    assert str(far.rr[0].rdata).rstrip(".") == twin.hosts["eu-west"]
    assert far.ar[0].rtype == QTYPE.OPT
    assert twin.ask("nobody.example.com").header.rcode == RCODE.NXDOMAIN
    assert twin.ask("nobody.example.com").auth[0].rtype == QTYPE.SOA
    assert twin.ask("example.org").header.rcode == RCODE.REFUSED

    _upsert(twin, _cname("new.example.com", "somewhere.example.net"))
    until(lambda: twin.ask("new.example.com").rr, "a new record is not seen")
    server.stop()
    time.sleep(1.5)
    assert twin.ask("new.example.com").rr
    assert twin.leads_to(ENTRY) == INGRESS["us-east-1"]


def test_what_is_not_modelled_is_refused_and_said(twin: Twin) -> None:
    geo = _cname("geo.example.com", "x.example.net", SetIdentifier="de")
    _upsert(twin, {**geo, "GeoLocation": {"CountryCode": "DE"}})
    twin.authority()
    assert twin.ask("geo.example.com").header.rcode == RCODE.SERVFAIL
    assert twin.ask("geo.example.com", at=RESOLVER).header.rcode == RCODE.SERVFAIL
    assert "GeoLocation, which is not modelled" in (twin.folder / "authority.log").read_text()


def test_resolvers_keep_answers_for_the_ttl_or_longer(twin: Twin) -> None:
    _upsert(twin, _cname("short.example.com", twin.hosts["us-east"], ttl=2))
    twin.authority()
    for at in (RESOLVER, STRETCHING):
        first = twin.ask("short.example.com", at=at)
        assert first.header.ra
        assert [str(one.rdata).rstrip(".") for one in first.rr] == [
            twin.hosts["us-east"],
            INGRESS["us-east-1"],
        ]
    assert twin.ask("short.example.com", at=STRETCHING).rr[0].ttl > 100
    _upsert(twin, _cname("short.example.com", twin.hosts["eu-west"], ttl=2))
    until(lambda: twin.leads_to("short.example.com") == INGRESS["eu-west-1"], "the answer stays", 6)
    assert twin.leads_to("short.example.com", STRETCHING) == INGRESS["us-east-1"]
    lines = [one for one in twin.queries("authority") if one["server"] == f"resolver-{RESOLVER}"]
    assert {one["answers"][-1] for one in lines} == set(INGRESS.values())
    assert {one["cached"] for one in lines} == {True, False}


def test_a_region_that_is_cut_off_still_finds_its_own_load_balancers(twin: Twin) -> None:
    authority = twin.authority()
    asked = ("--authority", f"{AUTHORITY}:{twin.port}", *balancer("us-east-1", INGRESS["us-east-1"]))
    twin.start("regional", "resolver", "--listen", f"{REGIONAL}:{twin.port}", *asked)
    assert twin.leads_to("us-east.example.com", REGIONAL) == INGRESS["us-east-1"]
    authority.terminate()
    authority.wait(10)
    assert twin.leads_to(twin.hosts["us-east"], REGIONAL) == INGRESS["us-east-1"]
    for name in ("eu-west.example.com", twin.hosts["eu-west"]):
        assert twin.ask(name, at=REGIONAL).header.rcode == RCODE.SERVFAIL


class _Ready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


def test_a_lost_region_leaves_the_answers_when_its_check_fails(twin: Twin) -> None:
    port = free_port()
    lenient = boto3.Session().client(
        "route53",
        endpoint_url=twin.moto,
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(parameter_validation=False),  # moto takes an interval shorter than AWS's ten seconds
    )
    checks = {
        region: lenient.create_health_check(
            CallerReference=region,
            HealthCheckConfig={
                "Type": "HTTP",
                "FullyQualifiedDomainName": f"{region}.example.com",
                "Port": port,
                "ResourcePath": "/v2/health/ready",
                "RequestInterval": 1,
                "FailureThreshold": 2,
            },
        )["HealthCheck"]["Id"]
        for region in twin.hosts
    }
    _entry(twin, checks)
    servers = {address: ThreadingHTTPServer((address, port), _Ready) for address in INGRESS.values()}
    for one in servers.values():
        threading.Thread(target=one.serve_forever, daemon=True).start()
    twin.authority(*(part for address in CHECKERS for part in ("--checker", address)), "--seed", "1")

    def status() -> dict[str, str]:
        shown = json.loads((twin.folder / "health.json").read_bytes())["checks"]
        return {one["fqdn"]: one["status"] for one in shown.values()}

    until(lambda: len(status()) == 2, "the checks do not begin")
    assert str(twin.ask(ENTRY).rr[0].rdata).rstrip(".") == twin.hosts["us-east"]
    servers[INGRESS["us-east-1"]].shutdown()
    servers[INGRESS["us-east-1"]].server_close()
    until(lambda: status()["us-east.example.com"] == "unhealthy", "the check does not fail")
    assert str(twin.ask(ENTRY).rr[0].rdata).rstrip(".") == twin.hosts["eu-west"]
    servers[INGRESS["eu-west-1"]].shutdown()
    servers[INGRESS["eu-west-1"]].server_close()
    until(lambda: status()["eu-west.example.com"] == "unhealthy", "the check does not fail")
    # When nothing is healthy, everything counts as healthy.
    assert str(twin.ask(ENTRY).rr[0].rdata).rstrip(".") == twin.hosts["us-east"]
    assert [one["identifiers"] for one in twin.queries("authority")][-1] == ["us-east"]


def test_a_packet_that_is_no_query_is_not_answered(twin: Twin) -> None:
    twin.authority()

    async def run() -> bytes:
        reader, writer = await asyncio.open_connection(AUTHORITY, twin.port)
        writer.write(b"\x00\x04nope")
        return await asyncio.wait_for(reader.read(), 5)

    assert asyncio.run(run()) == b""
    assert twin.ask("us-east.example.com").rr
