"""The sandbox as a platform that clients can call: the drills' `Traffic`, on its network, mesh and twins."""

from __future__ import annotations

import base64
import json
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import google_crc32c
from botocore.exceptions import BotoCoreError, ClientError

from config import names as rule
from config.platform import Purpose
from drills.errors import StoreError
from drills.traffic.target import (
    Backup,
    Call,
    Client,
    ClientOptions,
    Detection,
    ModelStore,
    Noticed,
    PodFault,
    Resolver,
)
from drills.zone_loss.scenario import SERVICE
from sandbox import nodes, request_logs
from sandbox.backups.kept import whole
from sandbox.bringup import access
from sandbox.dns import lifecycle as dns
from sandbox.dns.lifecycle import STRETCH_SECONDS
from sandbox.errors import SandboxError
from sandbox.host import Command, python_command
from sandbox.mesh import gateways
from sandbox.mesh import lifecycle as mesh
from sandbox.mesh.ejections import ejections, told
from sandbox.model_copy import SandboxCopy
from sandbox.moto import client
from sandbox.network import lifecycle as network
from sandbox.network import public_ca
from sandbox.network.names import DRILL_CLIENT
from sandbox.network.plan import RESOLVER, STRETCHING_RESOLVER, WORLD
from sandbox.paths import SandboxPaths
from sandbox.platform import platform_of
from sandbox.processes import Processes
from sandbox.replication import lifecycle as replication
from sandbox.state import SandboxState

_RESOLVERS = {Resolver.HONEST: RESOLVER, Resolver.STRETCHING: STRETCHING_RESOLVER}


class SandboxTraffic:
    """Traffic on a sandbox whose network is attached. Faults outlive this object, until `heal_all`."""

    def __init__(self, state: SandboxState) -> None:
        self._state = state
        self._paths = SandboxPaths.of(state.id)
        self._processes = Processes(self._paths)
        self._plan = network.plan(state)
        self._namespaces = network.namespaces(state)
        self._faults = network.faults(state)
        self._platform = platform_of(state)

    @property
    def service_host(self) -> str:
        return rule.entry_fqdn(self._platform)

    @property
    def remarks(self) -> Sequence[str]:
        round_trip, why = self._namespaces.distance()
        if why:
            return (f"no distance between the regions is in the latencies: {why}",)
        return (f"between two regions the kernel adds a round trip of {round_trip:g} ms",)

    def detection(self, region: str, resolver: Resolver = Resolver.HONEST) -> Detection:
        """Read back from moto: the entry's record of this region, and the health check that it names."""
        route53 = client("route53", self._state.moto_url)
        records = route53.get_paginator("list_resource_record_sets").paginate(
            HostedZoneId=self._state.hosted_zone
        )
        for record in (one for page in records for one in page["ResourceRecordSets"]):
            if record["Name"] == f"{self.service_host}." and record.get("SetIdentifier") == region:
                check = route53.get_health_check(HealthCheckId=record["HealthCheckId"])["HealthCheck"]
                settings = check["HealthCheckConfig"]
                return Detection(
                    interval_s=float(settings["RequestInterval"]),
                    failures=int(settings["FailureThreshold"]),
                    ttl_s=max(float(record["TTL"]), 0.0 if resolver is Resolver.HONEST else STRETCH_SECONDS),
                )
        raise SandboxError(
            f"{self.service_host} has no record for {region}",
            remedy=f"run `standfast up {region} --target sandbox`",
        )

    def models(self, region: str) -> ModelStore:
        bucket = rule.bucket_of(self._platform, Purpose.MODEL_REGISTRY, region)
        s3 = client("s3", self._state.moto_url, self._state.region(region).location)
        return _Store(s3, bucket, lambda: region not in self._faults.broken().regions)

    def backups(self, region: str) -> Sequence[Backup]:
        bucket = rule.bucket_of(self._platform, Purpose.VELERO, region)
        s3 = client("s3", self._state.moto_url, self._state.region(region).location)
        store = _Store(s3, bucket, lambda: region not in self._faults.broken().regions)
        return [one for of in self._state.regions for one in whole(store, of)]

    def copy(self) -> SandboxCopy:
        return SandboxCopy(self._state, self._platform)

    def start_client(self, options: ClientOptions) -> Client:
        self._processes.stop(DRILL_CLIENT)
        arguments = {
            "host": self.service_host,
            "resolver": _RESOLVERS[options.resolver],
            "ca": public_ca.ensure(self._paths).root,
            "rate": options.rate,
            "log": options.log,
            "seed": options.seed,
        }
        argv = python_command("drills.traffic.client", *(f"--{k}={v}" for k, v in arguments.items()))
        self._namespaces[WORLD].start(Command(name=DRILL_CLIENT, argv=argv))
        return _Calling(self._processes, options.log)

    def calls(self, since: float) -> Sequence[Call]:
        return request_logs.calls(self._state, self._platform, since)

    def noticed(self, since: float) -> Sequence[Noticed]:
        """What the health checkers concluded, and which endpoints the ingress gateways ejected."""
        found = self._ejected(since)
        for line in request_logs.lines(dns.health_events(self._paths)):
            if line["t"] >= since:
                kind = "recovered" if line["status"] == "healthy" else "detected"
                found.append(Noticed(t=line["t"], kind=kind, what=f"{line['fqdn']} is {line['status']}"))
        return sorted(found, key=lambda notice: notice.t)

    def _ejected(self, since: float) -> list[Noticed]:
        found: list[Noticed] = []
        for name, own in self._plan.regions.items():
            ingress, _ = gateways.gateways(own)
            log = request_logs.lines(gateways.ejection_log(self._paths, ingress))
            events = [one for one in ejections(log, self._plan, SERVICE) if one.t >= since]
            found += told(f"the gateway of {name}", events)
        return found

    def cut_region(self, region: str) -> None:
        self._faults.cut_region(region)
        self._replicate()

    def restore_region(self, region: str) -> None:
        self._faults.restore_region(region)
        self._replicate()

    def cut_zone(self, region: str, zone: str) -> None:
        self._faults.cut_zone(region, zone)

    def restore_zone(self, region: str, zone: str) -> None:
        self._faults.restore_zone(region, zone)

    def partition(self, a: str, b: str) -> None:
        self._faults.partition(a, b)

    def heal_partition(self, a: str, b: str) -> None:
        self._faults.heal_partition(a, b)

    def pod_faults(self, region: str, zone: str, faults: Mapping[str, PodFault]) -> None:
        self._faults.pod_faults(region, zone, faults)

    def stop_gateway(self, region: str) -> None:
        mesh.stop_gateway(self._state, self._plan, region)

    def start_gateway(self, region: str) -> None:
        mesh.start_gateway(self._state, self._plan, self._namespaces, region)

    def stop_api_server(self, region: str) -> None:
        """It hangs: connections are taken and nothing is answered."""
        self._processes.signal(f"kube-apiserver-{self._known(region)}", signal.SIGSTOP)

    def start_api_server(self, region: str) -> None:
        self._processes.signal(f"kube-apiserver-{self._known(region)}", signal.SIGCONT)

    def pause_replication(self, region: str) -> None:
        self._replicate(paused=self._paused() | {self._known(region)})

    def resume_replication(self, region: str) -> None:
        self._replicate(paused=self._paused() - {self._known(region)})

    def drain(self, region: str, node: str) -> None:
        nodes.drain(access(self._state, region).api(), node)

    def uncordon(self, region: str, node: str) -> None:
        nodes.uncordon(access(self._state, region).api(), node)

    def heal_all(self) -> None:
        for region in self._plan.regions:
            self.start_api_server(region)
        self._faults.heal_all()
        self._replicate(paused=frozenset())
        for region in self._plan.regions:
            self.start_gateway(region)
            nodes.uncordon_drained(access(self._state, region).api())

    def _known(self, region: str) -> str:
        return self._state.region(region).name

    def _paused(self) -> frozenset[str]:
        try:
            return frozenset(json.loads(replication.control_file(self._paths).read_bytes())["paused"])
        except FileNotFoundError:
            return frozenset()

    def _replicate(self, paused: frozenset[str] | None = None) -> None:
        """S3 of a region that is gone is gone with it."""
        chosen = self._paused() if paused is None else paused
        replication.write_control(self._paths, paused=chosen, down=self._faults.broken().regions)


class _Calling:
    """A client's process."""

    def __init__(self, processes: Processes, log: Path) -> None:
        self._processes = processes
        self._log = log

    @property
    def log(self) -> Path:
        return self._log

    def stop(self) -> None:
        self._processes.stop(DRILL_CLIENT)


class _Store:
    """A bucket of moto, which answers as long as `lives` says that its region does."""

    def __init__(self, s3: Any, bucket: str, lives: Callable[[], bool]) -> None:
        self._s3, self._bucket, self._lives = s3, bucket, lives

    def put(self, key: str, body: bytes) -> None:
        self._ask("put_object", Key=key, Body=body)

    def get(self, key: str) -> bytes | None:
        try:
            return self._ask("get_object", Key=key)["Body"].read()
        except self._s3.exceptions.NoSuchKey:
            return None

    def list(self, prefix: str) -> tuple[str, ...]:
        found: list[str] = []
        token: dict[str, str] = {}
        while True:
            answer = self._ask("list_objects_v2", Prefix=prefix, **token)
            found += [one["Key"] for one in answer.get("Contents", [])]
            if not answer.get("IsTruncated"):
                return tuple(sorted(found))
            token = {"ContinuationToken": answer["NextContinuationToken"]}

    def checksum(self, key: str) -> str | None:
        """Of the bytes themselves: what a bucket says of them may be what it was told."""
        body = self.get(key)
        return None if body is None else base64.b64encode(google_crc32c.Checksum(body).digest()).decode()

    def empty(self) -> None:
        marker: dict[str, str] = {}
        while True:
            page = self._ask("list_object_versions", **marker)
            found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            if found:
                objects = [{"Key": one["Key"], "VersionId": one["VersionId"]} for one in found]
                self._ask("delete_objects", Delete={"Objects": objects, "Quiet": True})
            if not page.get("IsTruncated"):
                return
            marker = {
                "KeyMarker": page["NextKeyMarker"],
                "VersionIdMarker": page.get("NextVersionIdMarker", ""),
            }

    def _ask(self, operation: str, **arguments: Any) -> Any:
        if not self._lives():
            raise StoreError(f"{self._bucket}: the region does not answer")
        try:
            return getattr(self._s3, operation)(Bucket=self._bucket, **arguments)
        except self._s3.exceptions.NoSuchKey:
            raise
        except (ClientError, BotoCoreError) as error:
            raise StoreError(f"{self._bucket}: {error}") from error
