"""Brings a sandbox up and takes it down. Both can be called again at any time, also after a kill half way."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from sandbox import descheduler, zones
from sandbox.bringup import BringUp, access
from sandbox.engine import prepare_workspace
from sandbox.errors import SandboxError
from sandbox.host import Machine
from sandbox.kube import Api
from sandbox.locks import exclusive
from sandbox.paths import SandboxPaths, checkout_root
from sandbox.processes import Processes
from sandbox.progress import Progress, Silent
from sandbox.state import RegionSpec, SandboxState, read
from sandbox.status import SandboxStatus, status
from sandbox.tools import ensure, real_pulumi

__all__ = [
    "RegionSpec",
    "SandboxState",
    "SandboxStatus",
    "api",
    "attach_descheduler",
    "down",
    "kubeconfig",
    "load",
    "refresh_workspace",
    "start_zone",
    "status",
    "stop_zone",
    "up",
]

_UNITS = ("kubernetes", "etcd", "crds", "fake-gcs-server")
_UP_SECONDS = 600.0
_DOWN_SECONDS = 60.0


def up(
    regions: Mapping[str, RegionSpec],
    domain: str,
    checkout: Path | None = None,
    progress: Progress | None = None,
    *,
    identity: str | None = None,
) -> SandboxState:
    """Start whatever does not run yet of the sandbox, and return its state once all of it answers.

    On a healthy sandbox this changes nothing; on a half-started one it finishes the job, and zones that were
    stopped run again. Ports, tokens and certificates stay those of the first time. Raises SandboxError.
    """
    if not regions:
        raise SandboxError("a sandbox needs at least one region", remedy="name one that has a stack file")
    shown = progress or Silent()
    paths = SandboxPaths.of(identity)
    released = real_pulumi()
    tools = ensure([*_UNITS, *([] if released else ["pulumi"])], shown)
    with exclusive(paths.lock, timeout=_UP_SECONDS, on_wait=_waiting(shown)):
        root = (checkout or checkout_root()).resolve()
        return BringUp(paths, tools, released, shown).run(regions, domain, root)


def down(progress: Progress | None = None, *, identity: str | None = None) -> bool:
    """Stop every process that carries the sandbox's marker and remove its folder; whether there was anything.

    The logs of this sandbox are kept under `<cache>/logs/<id>`, until the next one of its id goes down.
    """
    shown = progress or Silent()
    paths = SandboxPaths.of(identity)
    with exclusive(paths.lock, timeout=_DOWN_SECONDS, on_wait=_waiting(shown)):
        shown.start("stop", f"sandbox {paths.id}")
        existed = paths.root.exists()
        stopped = Processes(paths).stop_all()
        if paths.logs.is_dir():
            shutil.rmtree(paths.kept_logs, ignore_errors=True)
            paths.kept_logs.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(paths.logs, paths.kept_logs)
        shutil.rmtree(paths.root, ignore_errors=True)
        found = existed or stopped > 0
        shown.done("stop", f"{stopped} processes; logs: {paths.kept_logs}" if found else "nothing ran")
    return found


def load(*, identity: str | None = None) -> SandboxState:
    """The state of a sandbox that has come up. SandboxError when there is none, or `up` did not end."""
    paths = SandboxPaths.of(identity)
    state = read(paths)
    if state is None or not state.ready:
        what = "is not up" if state is None else "came up only half way"
        raise SandboxError(f"sandbox {paths.id} {what}", remedy="run `standfast sandbox up`")
    return state


def refresh_workspace(*, identity: str | None = None) -> Path:
    """Bring the copies of Pulumi.yaml and the stack files up to date; the folder to run the engine in.

    To be called before each run of the engine, so that an edited file counts.
    """
    state = load(identity=identity)
    return prepare_workspace(SandboxPaths.of(state.id), state.checkout)


def kubeconfig(region: str, *, identity: str | None = None) -> Path:
    """The kubeconfig file of a region; its one context has the region's name."""
    return load(identity=identity).region(region).kubeconfig


def api(region: str, *, identity: str | None = None) -> Api:
    """A client of a region's API server, as admin."""
    return access(load(identity=identity), region).api()


def attach_descheduler(region: str, *, identity: str | None = None) -> bool:
    """Make the region's descheduler process agree with the release that is deployed there.

    To be called after each `up` and `destroy` of the region's stack; whether it runs afterwards.
    """
    state = load(identity=identity)
    paths = SandboxPaths.of(state.id)
    tools = ensure(["kubernetes"])
    with exclusive(paths.lock, timeout=_UP_SECONDS):
        return descheduler.attach(region, access(state, region).api(), paths, Machine(paths), tools)


def stop_zone(region: str, zone: str, *, identity: str | None = None) -> None:
    """All nodes of a zone stop answering, without a goodbye."""
    zones.stop_zone(SandboxPaths.of(load(identity=identity).id), region, zone)


def start_zone(region: str, zone: str, *, identity: str | None = None) -> None:
    """The nodes of a zone answer again."""
    zones.start_zone(SandboxPaths.of(load(identity=identity).id), region, zone)


def _waiting(progress: Progress) -> Callable[[], None]:
    def tell() -> None:
        progress.start("wait", "another command works on this sandbox")

    return tell
