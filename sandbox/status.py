"""What a sandbox is doing now: its processes, its memory, and which add-ons are real and which recorded."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import psutil
from pydantic import BaseModel, ConfigDict

from sandbox import descheduler
from sandbox.bringup import access, expected, optional
from sandbox.errors import SandboxError
from sandbox.paths import SandboxPaths
from sandbox.processes import Processes
from sandbox.releases import Release, releases
from sandbox.state import SandboxState, read

_MIB = 1024 * 1024


class ProcessState(StrEnum):
    """STOPPED is a process halted by a signal, as a lost zone is."""

    RUNNING = "running"
    STOPPED = "stopped"
    DEAD = "dead"


class AddonKind(StrEnum):
    """REAL: the program itself runs here. RECORDED: the release is written down, nothing runs."""

    REAL = "real process"
    RECORDED = "recorded release"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class ProcessStatus(_Frozen):
    name: str
    state: ProcessState
    pid: int | None
    port: int | None
    memory_mib: int
    log: Path


class AddonStatus(_Frozen):
    region: str
    namespace: str
    release: str
    chart: str
    version: str
    kind: AddonKind


class RegionStatus(_Frozen):
    """`reachable` says whether the API server answered; without it the region's add-ons are unknown."""

    name: str
    location: str
    zones: tuple[str, ...]
    endpoint: str
    kubeconfig: Path
    reachable: bool


class SandboxStatus(_Frozen):
    """`up`: every process that should run does. `exists`: there is a folder, or a process with the marker."""

    id: str
    exists: bool
    up: bool
    root: Path
    moto_url: str
    memory_mib: int
    processes: tuple[ProcessStatus, ...]
    regions: tuple[RegionStatus, ...]
    addons: tuple[AddonStatus, ...]


def status(*, identity: str | None = None) -> SandboxStatus:
    """Look, without changing anything. Answers for a sandbox that does not exist, too."""
    paths = SandboxPaths.of(identity)
    state = read(paths)
    marked = Processes(paths).all_marked()
    rows = _processes(paths, state)
    regions, addons = _regions(state, paths) if state is not None else ([], [])
    complete = bool(rows) and all(row.state is not ProcessState.DEAD for row in rows)
    return SandboxStatus(
        id=paths.id,
        exists=state is not None or bool(marked),
        up=state is not None and state.ready and complete,
        root=paths.root,
        moto_url=state.moto_url if state is not None else "",
        memory_mib=sum(_memory(process) for process in marked),
        processes=tuple(rows),
        regions=tuple(regions),
        addons=tuple(addons),
    )


def _processes(paths: SandboxPaths, state: SandboxState | None) -> list[ProcessStatus]:
    processes = Processes(paths)
    recorded = {record.name: record for record in processes.records()}
    wanted = expected(state) if state is not None else set[str]()
    extra = optional(state) & set(recorded) if state is not None else set(recorded)
    rows: list[ProcessStatus] = []
    for name in sorted(wanted | extra):
        record, running = recorded.get(name), processes.find(name)
        port = record.port if record is not None else None
        if state is not None and name.startswith("provider-"):
            port = state.providers.get(name.removeprefix("provider-"), port)
        rows.append(
            ProcessStatus(
                name=name,
                state=_state(running),
                pid=running.pid if running is not None else None,
                port=port,
                memory_mib=_memory(running) if running is not None else 0,
                log=paths.log(name),
            )
        )
    return rows


def _regions(state: SandboxState, paths: SandboxPaths) -> tuple[list[RegionStatus], list[AddonStatus]]:
    regions: list[RegionStatus] = []
    addons: list[AddonStatus] = []
    for name, region in state.regions.items():
        found: list[Release] | None = None
        if region.endpoint:
            try:
                found = releases(access(state, name).api())
            except (OSError, SandboxError):
                found = None
        regions.append(
            RegionStatus(
                name=name,
                location=region.location,
                zones=region.zones,
                endpoint=region.endpoint,
                kubeconfig=region.kubeconfig,
                reachable=found is not None,
            )
        )
        addons += [_addon(name, release, Processes(paths)) for release in found or []]
    return regions, addons


def _addon(region: str, release: Release, processes: Processes) -> AddonStatus:
    attached = descheduler.is_descheduler(release)
    real = attached and processes.find(descheduler.process_name(region)) is not None
    return AddonStatus(
        region=region,
        namespace=release.namespace,
        release=release.name,
        chart=release.chart,
        version=release.chart_version,
        kind=AddonKind.REAL if real else AddonKind.RECORDED,
    )


def _state(process: psutil.Process | None) -> ProcessState:
    if process is None:
        return ProcessState.DEAD
    try:
        halted = process.status() == psutil.STATUS_STOPPED
    except psutil.Error:
        return ProcessState.DEAD
    return ProcessState.STOPPED if halted else ProcessState.RUNNING


def _memory(process: psutil.Process) -> int:
    """Resident set in MiB; pages shared between processes count in each."""
    try:
        return process.memory_info().rss // _MIB
    except psutil.Error:
        return 0
