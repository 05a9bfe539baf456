"""A platform in virtual time: it fails over as deployed ones do, and its client writes a real log."""

from __future__ import annotations

import hashlib
import heapq
import math
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from drills.errors import StoreError
from drills.model import Options, Verdict
from drills.scenarios import SCENARIOS
from drills.traffic import run as runner
from drills.traffic.log import TIMEOUT_S, Request
from drills.traffic.result import TrafficReport
from drills.traffic.stage import Clock
from drills.traffic.target import Backup, Call, ClientOptions, Detection, Noticed, PodFault, Resolver
from tests.drills.test_zone_loss import MemoryCluster, MemoryTarget, deployed, spread

REGIONS = {
    "us-east": ("us-east-1a", "us-east-1b", "us-east-1c"),
    "eu-west": ("eu-west-1a", "eu-west-1b", "eu-west-1c"),
}
ADDRESSES = {"us-east": "100.64.0.10", "eu-west": "100.64.1.10"}
START = 1_800_000_000.0
BACKUP_SECONDS = 30.0


class Time:
    """A clock that moves when somebody sleeps, and runs what was due on the way."""

    def __init__(self) -> None:
        self.now = START
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._number = 0

    def at(self, moment: float, act: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._due, (moment, self._number, act))

    def sleep(self, seconds: float) -> None:
        end = self.now + seconds
        while self._due and self._due[0][0] <= end:
            moment, _, act = heapq.heappop(self._due)
            self.now = max(self.now, moment)
            act()
        self.now = end


@dataclass
class Rules:
    """How the platform behaves; the defaults are a good one.

    Its backups began three intervals before START, and end `backups_end` seconds after it. With no `copy_s`
    nothing reaches the copy.
    """

    detection: Detection = field(default_factory=lambda: Detection(interval_s=10.0, failures=3, ttl_s=30.0))
    ejection_s: float = 1.5
    reschedule_s: float = 55.0
    replication_s: float = 4.0
    fails_over: bool = True
    serves_torn_models: bool = False
    loses_versions: bool = False
    calls_route53: bool = False
    unhealable: bool = False
    backup_s: float = 600.0
    backups_end: float = math.inf
    copy_s: float | None = 1.0
    restores_damaged: bool = False


class Store:
    """A bucket whose objects reach the peers after a while."""

    def __init__(self, platform: Platform, region: str) -> None:
        self.platform = platform
        self.region = region
        self.objects: dict[str, bytes] = {}

    def put(self, key: str, body: bytes) -> None:
        self._demand()
        self.objects[key] = body
        self.platform.replicate(self.region, key, body)

    def get(self, key: str) -> bytes | None:
        self._demand()
        return self.objects.get(key)

    def list(self, prefix: str) -> tuple[str, ...]:
        self._demand()
        return tuple(sorted(key for key in self.objects if key.startswith(prefix)))

    def checksum(self, key: str) -> str | None:
        self._demand()
        return checksum(self.objects.get(key))

    def empty(self) -> None:
        self._demand()
        self.platform.done.append(f"empty {self.region}")
        self.objects.clear()

    def _demand(self) -> None:
        if self.region in self.platform.cut:
            raise StoreError(f"the bucket of {self.region} gives no answer")


def checksum(body: bytes | None) -> str | None:
    """Of these bytes and no others; which one it is does not matter here."""
    return None if body is None else hashlib.sha256(body).hexdigest()


class Copy:
    """The copy in the other cloud, which objects reach after a while, and the way back."""

    rpo_s = 7200.0

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.objects: dict[str, bytes] = {}

    def checksum(self, key: str) -> str | None:
        return checksum(self.objects.get(key))

    def restore(self) -> None:
        self.platform.done.append("restore the copy")
        store = self.platform.stores["us-east"]
        for key, body in self.objects.items():
            if key not in store.objects:
                damaged = self.platform.rules.restores_damaged and key.endswith("model.bin")
                store.put(key, body[:-1] if damaged else body)


class Caller:
    """The client: open load, one address at a time, kept for the TTL."""

    def __init__(self, platform: Platform, options: ClientOptions) -> None:
        self.platform = platform
        self.log = options.log
        self._gap = 1 / options.rate
        self._address = platform.answer()
        self._keeps = platform.detection("us-east", options.resolver).ttl_s
        self._until = platform.time.now + self._keeps
        self._on = True
        platform.time.at(platform.time.now, self._call)

    def stop(self) -> None:
        self._on = False

    def _call(self) -> None:
        if not self._on:
            return
        now = self.platform.time.now
        if now >= self._until:
            self._address = self.platform.answer()
            self._until = now + self._keeps
        request = self.platform.serve(self._address, now)
        self.platform.time.at(now + request.latency_s, lambda: self._write(request))
        self.platform.time.at(now + self._gap, self._call)

    def _write(self, request: Request) -> None:
        with self.log.open("a", encoding="utf-8") as stream:
            stream.write(request.line())


class Platform:
    """Target and traffic at once."""

    def __init__(self, folder: Path, rules: Rules | None = None) -> None:
        self.rules = rules or Rules()
        self.time = Time()
        self.folder = folder
        self.regions = tuple(REGIONS)
        self.has_traffic = True
        self.service_host = "inference.example.com"
        self.remarks = ("the regions are as near as two processes",)
        self.memory = deployed(MemoryTarget(on_stop=_nothing, on_start=_nothing)).memory
        self.stores = {region: Store(self, region) for region in REGIONS}
        self.copied = Copy(self)
        self.loaded: dict[str, str] = {}
        self.cut: dict[str, float] = {}
        self.gateways_down: dict[str, float] = {}
        self.zones_cut: dict[str, float] = {}
        self.faults: dict[str, tuple[float, Mapping[str, PodFault]]] = {}
        self.partitioned = False
        self.paused: set[str] = set()
        self.waiting: list[tuple[str, str, bytes]] = []
        self.done: list[str] = []
        self.back: dict[str, float] = {}
        self.changes: list[tuple[float, str]] = []

    def zones(self, region: str) -> tuple[str, ...]:
        return REGIONS[region]

    def cluster(self, region: str) -> MemoryCluster:
        return self.memory

    def stop_zone(self, region: str, zone: str) -> None: ...

    def start_zone(self, region: str, zone: str) -> None: ...

    def logs(self, region: str) -> Path:
        return self.folder

    @contextmanager
    def attach_traffic(self) -> Generator[Platform]:
        yield self

    def detection(self, region: str, resolver: Resolver = Resolver.HONEST) -> Detection:
        stretched = replace(self.rules.detection, ttl_s=120.0)
        return self.rules.detection if resolver is Resolver.HONEST else stretched

    def models(self, region: str) -> Store:
        return self.stores[region]

    def backups(self, region: str) -> Sequence[Backup]:
        """Each takes BACKUP_SECONDS, and the peers have it when it is replicated, but for what was cut."""
        every, last = self.rules.backup_s, START + self.rules.backups_end
        found: list[Backup] = []
        for of in REGIONS:
            delay = BACKUP_SECONDS + (0.0 if of == region else self.rules.replication_s)
            end = min(self.time.now, self.cut.get(of, math.inf))
            started = START - 3 * every
            while started <= last and started + delay <= end:
                completed = started + BACKUP_SECONDS
                name = f"state-{started:.0f}"
                found.append(Backup(name=name, of=of, schedule="state", started=started, completed=completed))
                started += every
        return found

    def copy(self) -> Copy:
        return self.copied

    def start_client(self, options: ClientOptions) -> Caller:
        return Caller(self, options)

    def calls(self, since: float) -> Sequence[Call]:
        made = [
            Call(t=t, to="route53", origin="eu-west", what="ChangeResourceRecordSets") for t in self._cuts
        ]
        return made if self.rules.calls_route53 else []

    _cuts: tuple[float, ...] = ()

    def noticed(self, since: float) -> Sequence[Noticed]:
        seen = [*self.changes, *((t + 30.0, "us-east is held unhealthy") for t in self._cuts)]
        return [Noticed(t=t, kind="detected", what=what) for t, what in seen if since <= t <= self.time.now]

    def cut_region(self, region: str) -> None:
        self.done.append(f"cut {region}")
        self.cut[region] = self.time.now
        self._cuts = (*self._cuts, self.time.now)

    def restore_region(self, region: str) -> None:
        self.done.append(f"restore {region}")
        if self.rules.unhealable:
            raise RuntimeError("the link does not come up")
        if self.cut.pop(region, None) is not None:
            self._returned(region)

    def cut_zone(self, region: str, zone: str) -> None:
        self.zones_cut[zone] = self.time.now
        if zone in REGIONS["us-east"]:
            counts = [0 if name == zone else 3 for name in REGIONS["us-east"]]
            lost = [0 if name == zone else 2 for name in REGIONS["us-east"]]
            self.time.at(self.time.now + 45.0, lambda: spread(self.memory, *lost, lost=zone))
            after = self.time.now + self.rules.reschedule_s
            self.time.at(after, lambda: spread(self.memory, *counts, lost=zone))

    def restore_zone(self, region: str, zone: str) -> None:
        self.zones_cut.pop(zone, None)
        spread(self.memory, 2, 2, 2)

    def partition(self, a: str, b: str) -> None:
        self.partitioned = True

    def heal_partition(self, a: str, b: str) -> None:
        self.partitioned = False
        self._flush()

    def pod_faults(self, region: str, zone: str, faults: Mapping[str, PodFault]) -> None:
        self.faults[zone] = (self.time.now, faults)

    def stop_gateway(self, region: str) -> None:
        self.gateways_down[region] = self.time.now

    def start_gateway(self, region: str) -> None:
        if self.gateways_down.pop(region, None) is not None:
            self._returned(region)

    def stop_api_server(self, region: str) -> None:
        self.done.append(f"stop API server {region}")

    def start_api_server(self, region: str) -> None:
        self.done.append(f"start API server {region}")

    def pause_replication(self, region: str) -> None:
        self.paused.add(region)

    def resume_replication(self, region: str) -> None:
        self.paused.discard(region)
        self._flush()

    def drain(self, region: str, node: str) -> None:
        self.done.append(f"drain {node}")

    def uncordon(self, region: str, node: str) -> None:
        self.done.append(f"uncordon {node}")

    def heal_all(self) -> None:
        self.done.append("heal all")

    def replicate(self, region: str, key: str, body: bytes) -> None:
        if self.rules.copy_s is not None:
            self.time.at(self.time.now + self.rules.copy_s, lambda: self.copied.objects.update({key: body}))
        if self.rules.loses_versions and key.endswith("4/model.bin"):
            return
        self.time.at(self.time.now + self.rules.replication_s, lambda: self._arrive(region, key, body))

    def _arrive(self, region: str, key: str, body: bytes) -> None:
        if region in self.cut or region in self.paused or self.partitioned:
            self.waiting.append((region, key, body))
            return
        for peer, store in self.stores.items():
            if peer != region:
                store.objects[key] = body

    def _flush(self) -> None:
        waiting, self.waiting = self.waiting, []
        for region, key, body in waiting:
            self.replicate(region, key, body)

    def _returned(self, region: str) -> None:
        self.back[region] = self.time.now
        self._flush()

    def _healthy(self, region: str) -> bool:
        """By health checks: so many answers in a row decide either way."""
        steady = self.rules.detection.interval_s * self.rules.detection.failures
        down = [moments[region] for moments in (self.cut, self.gateways_down) if region in moments]
        if down:
            return self.time.now - min(down) < steady or not self.rules.fails_over
        # One that was never held unhealthy needs no time to be held healthy again.
        out = self.back.get(region, 0.0) - max(self._cuts, default=0.0)
        return region not in self.back or out < steady or self.time.now - self.back[region] >= steady

    def answer(self) -> str:
        """The nearest healthy region's address; the nearest of all when none is healthy, as Route 53 does."""
        return ADDRESSES[next((region for region in REGIONS if self._healthy(region)), "us-east")]

    def serve(self, address: str, now: float) -> Request:
        region = next(name for name, known in ADDRESSES.items() if known == address)
        if region in self.cut or region in self.gateways_down:
            error = f"no answer within {TIMEOUT_S:g} s"
            return Request(t=now, latency_s=TIMEOUT_S, ok=False, error=error, resolved=address)
        number = int(now * 1000) % 3
        zone = REGIONS[region][number]
        broken = [self.zones_cut.get(zone), self._fault_since(zone)]
        since = max((moment for moment in broken if moment is not None), default=None)
        if since is not None and now - since < self.rules.ejection_s:
            return Request(t=now, latency_s=0.01, ok=False, status=503, error="status 503", resolved=address)
        living = [name for name in REGIONS[region] if not self._out(name)]
        if not living:
            region = next(name for name in REGIONS if name != region)
            living = list(REGIONS[region])
        chosen = zone if zone in living else living[number % len(living)]
        return Request(
            t=now,
            latency_s=0.01 if region == "us-east" else 0.09,
            ok=True,
            status=200,
            resolved=address,
            region=region,
            zone=chosen,
            pod=f"inference-{chosen[-1]}",
            model_version=self._version(region),
        )

    def _fault_since(self, zone: str) -> float | None:
        since, faults = self.faults.get(zone, (0.0, {}))
        return since if faults else None

    def _out(self, zone: str) -> bool:
        return zone in self.zones_cut or self._fault_since(zone) is not None

    def _version(self, region: str) -> str | None:
        """What the pods serve: they keep what they have loaded where the bucket has nothing to load."""
        found = self._newest(region)
        if found is not None:
            self.loaded[region] = found
        return self.loaded.get(region)

    def _newest(self, region: str) -> str | None:
        objects = self.stores[region].objects
        current = objects.get("models/default/current.json")
        if current is None:
            return None
        limit = current.decode().split('"')[3]
        whole = [
            key.split("/")[2]
            for key, body in objects.items()
            if key.endswith("model.bin") and key.split("/")[2] <= limit and self._whole(region, key, body)
        ]
        return max(whole, default=None)

    def _whole(self, region: str, key: str, body: bytes) -> bool:
        manifest = self.stores[region].objects.get(key.replace("model.bin", "manifest.json"))
        if self.rules.serves_torn_models:
            return manifest is not None
        return manifest is not None and len(body) == 64 * 1024


def _nothing(cluster: MemoryCluster, zone: str) -> None: ...


def say(text: str, *, passing: bool = False) -> None:
    """Nobody listens."""


def hold(name: str, platform: Platform, **options: object) -> TrafficReport:
    """Hold a drill on it, with ten requests a second."""
    chosen = Options(**{"region": "us-east", "rate": 10.0, "seed": 7, **options})  # pyright: ignore[reportArgumentType]
    clock = Clock(lambda: platform.time.now, platform.time.sleep)
    return runner.run(SCENARIOS[name], platform, chosen, say, clock)


def kept(report: TrafficReport) -> bool:
    return report.verdict is Verdict.KEPT
