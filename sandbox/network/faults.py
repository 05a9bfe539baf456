"""Breaks the network and mends it: regions, zones, and the way between two regions.

What is broken stands in a file before it is broken, so that another process can mend it when a drill was
killed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path

import psutil
from pydantic import BaseModel, ConfigDict, ValidationError

from drills.traffic.target import PodFault
from sandbox import zones
from sandbox.errors import SandboxError
from sandbox.locks import exclusive
from sandbox.network import names, relays, routes
from sandbox.network.namespaces import Namespaces
from sandbox.network.plan import NetworkPlan
from sandbox.paths import SandboxPaths, write_atomic
from sandbox.pods.faults import applied_file
from sandbox.processes import Processes

_SECONDS = 5.0
_LOCK_SECONDS = 30.0


class Broken(BaseModel):
    """What is broken. `zones` are (region, zone); `partitions` are pairs of regions, each in order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    regions: frozenset[str] = frozenset()
    zones: frozenset[tuple[str, str]] = frozenset()
    partitions: frozenset[tuple[str, str]] = frozenset()

    def apart(self, region: str) -> set[str]:
        """The regions that a partition hides from this one."""
        return {b if a == region else a for a, b in self.partitions if region in {a, b}}


class Seen(BaseModel):
    """What the kernel has in a region's namespace: its link, blocks that answer, ranges that lead nowhere."""

    link_up: bool
    alive: frozenset[str]
    void: frozenset[str]


def changes(plan: NetworkPlan, region: str, broken: Broken, seen: Seen) -> list[str]:
    """What `ip` has to do in a region's namespace, so that exactly `broken` is broken; nothing when it is."""
    own = plan.regions[region]
    lines: list[str] = []
    for zone, block in own.pods.items():
        if (region, zone) in broken.zones and block in seen.alive:
            lines.append(routes.gone(block))
        if (region, zone) not in broken.zones and block not in seen.alive:
            lines.append(routes.alive(block))
    hidden = {part for other in broken.apart(region) for part in routes.ranges(plan.regions[other])}
    known = seen.void - set(own.pods.values())
    lines += [f"route replace {part} dev {routes.VOID}" for part in sorted(hidden - known)]
    lines += [f"route del {part} dev {routes.VOID}" for part in sorted(known - hidden)]
    if region in broken.regions:
        lines += [f"link set {routes.UPLINK} down"] if seen.link_up else []
    elif not seen.link_up:
        lines += routes.uplink(plan, region)
    return lines


def blocks(plan: NetworkPlan, broken: Broken) -> dict[str, list[str]]:
    """Whose API server is out of whose reach: namespace → regions. Nobody is kept from its own."""
    table: dict[str, list[str]] = {}
    for region in plan.regions:
        gone = set(plan.regions) if region in broken.regions else broken.regions | broken.apart(region)
        table[region] = sorted(gone - {region})
    return table


def broken_file(paths: SandboxPaths) -> Path:
    """Where it stands what is broken."""
    return names.folder(paths) / "broken.json"


def read_broken(file: Path) -> Broken:
    """What the file says is broken; without one nothing is. Raises SandboxError."""
    try:
        return Broken.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return Broken()
    except ValidationError as error:
        raise SandboxError(
            f"{file} is not readable: {error}", remedy="take the network off and attach it again"
        ) from error


class NetworkFaults:
    """The network's faults of one sandbox. All can be set again, and mended when they are not there."""

    def __init__(self, paths: SandboxPaths, plan: NetworkPlan) -> None:
        self._paths = paths
        self._plan = plan
        self._namespaces = Namespaces(paths, plan)
        self._processes = Processes(paths)
        self._folder = names.folder(paths)
        self._file = broken_file(paths)

    def broken(self) -> Broken:
        """What is broken now."""
        return read_broken(self._file)

    def cut_region(self, region: str) -> None:
        """The region is gone, without a goodbye: its link is down, its API server silent to its peers."""
        self._demand(region)
        self._change(add={"regions": {region}})

    def restore_region(self, region: str) -> None:
        self._demand(region)
        self._change(remove={"regions": {region}})

    def cut_zone(self, region: str, zone: str) -> None:
        """The zone is gone: packets to its pods vanish, and its kubelets and pods say nothing."""
        self._demand(region, zone)
        self._change(add={"zones": {(region, zone)}})

    def restore_zone(self, region: str, zone: str) -> None:
        self._demand(region, zone)
        self._change(remove={"zones": {(region, zone)}})

    def partition(self, a: str, b: str) -> None:
        """Neither region reaches the other, nor the other's API server; `world` reaches both."""
        self._change(add={"partitions": {self._pair(a, b)}})

    def heal_partition(self, a: str, b: str) -> None:
        self._change(remove={"partitions": {self._pair(a, b)}})

    def pod_faults(self, region: str, zone: str, faults: Mapping[str, PodFault]) -> None:
        """From now on the zone's pods (by name, `*` is all of them) have these faults and no others."""
        self._demand(region, zone)
        self._give(region, zone, faults)

    def heal_all(self) -> None:
        """Mend everything, also what a killed drill has left half broken."""
        with self._locked():
            self._apply(Broken())
        for region, own in self._plan.regions.items():
            for zone in own.pods:
                self._give(region, zone, {})

    def _change(
        self,
        add: Mapping[str, Iterable[object]] | None = None,
        remove: Mapping[str, Iterable[object]] | None = None,
    ) -> None:
        with self._locked():
            fields = {name: set[object](value) for name, value in self.broken()}
            for name, values in (add or {}).items():
                fields[name] |= set(values)
            for name, values in (remove or {}).items():
                fields[name] -= set(values)
            self._apply(Broken.model_validate(fields))

    def _apply(self, wanted: Broken) -> None:
        """Make it so. First comes what a killed process could not tell any more: what is to be broken."""
        write_atomic(self._file, wanted.model_dump_json(indent=1))
        for region in self._plan.regions:
            self._namespaces[region].ip(changes(self._plan, region, wanted, self._seen(region)))
        relays.block(self._paths, blocks(self._plan, wanted))
        for region, own in self._plan.regions.items():
            for zone in own.pods:
                zones.freeze_zone(self._paths, region, zone, frozen=(region, zone) in wanted.zones)

    def _seen(self, region: str) -> Seen:
        namespace = self._namespaces[region]
        script = (
            f"ip -j link show dev {routes.UPLINK}; ip -j route show table local type local; "
            f"ip -j route show dev {routes.VOID}"
        )
        link, local, void = (
            json.loads(line) for line in namespace.run(["sh", "-ec", script]).splitlines() if line
        )
        return Seen(
            link_up="UP" in link[0]["flags"],
            alive=frozenset(route["dst"] for route in local),
            void=frozenset(route["dst"] for route in void),
        )

    def _give(self, region: str, zone: str, faults: Mapping[str, PodFault]) -> None:
        """Write a zone's faults and wait until its pods have them; a frozen zone takes them when it thaws."""
        name = zones.pods_name(region, zone)
        file = faults_file(self._paths, region, zone)
        text = json.dumps({"pods": {pod: asdict(fault) for pod, fault in sorted(faults.items())}})
        if not faults and not file.exists():
            return
        write_atomic(file, text)
        deadline = time.monotonic() + _SECONDS
        while (process := self._processes.find(name)) is not None:
            if process.status() == psutil.STATUS_STOPPED or _text(applied_file(file)) == text:
                return
            if time.monotonic() > deadline:
                raise SandboxError(f"{name} does not take its faults", where=str(self._paths.log(name)))
            time.sleep(0.02)

    def _demand(self, region: str, zone: str | None = None) -> None:
        if region not in self._plan.regions:
            raise SandboxError(
                f"the sandbox has no region {region!r}",
                remedy=f"its regions: {', '.join(self._plan.regions)}",
            )
        known = self._plan.regions[region].pods
        if zone is not None and zone not in known:
            raise SandboxError(
                f"the sandbox has no zone {zone!r} in {region!r}",
                remedy=f"its zones there: {', '.join(known)}",
            )

    def _pair(self, a: str, b: str) -> tuple[str, str]:
        self._demand(a)
        self._demand(b)
        if a == b:
            raise SandboxError(f"{a!r} cannot be parted from itself", remedy="name two regions")
        first, second = sorted((a, b))
        return first, second

    def _locked(self) -> AbstractContextManager[None]:
        return exclusive(self._folder / "faults.lock", timeout=_LOCK_SECONDS)


def faults_file(paths: SandboxPaths, region: str, zone: str) -> Path:
    """Where the faults of a zone's pods stand, for the process that answers for them."""
    return names.folder(paths) / f"{zones.pods_name(region, zone)}.faults.json"


def _text(file: Path) -> str | None:
    try:
        return file.read_text()
    except FileNotFoundError:
        return None
