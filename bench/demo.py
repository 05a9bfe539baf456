"""What the demo takes, on an empty cache and again; memory, `check`, and an `up` that changes nothing.

`python -m bench.demo` measures it by itself and writes the head of docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from pulumi.automation import LocalWorkspace

from automation.commands.common import tell
from automation.project import platform as read_platform
from automation.stacks import Stacks
from automation.targets import TargetName, checkout, workspace_of
from automation.workspace import Workspace
from bench.command import STANDFAST, standfast
from bench.figures import Figures, Machine
from bench.memory import Peak
from bench.sections import write_head
from sandbox.paths import ID_VARIABLE, sandbox_id
from sandbox.progress import Silent

SKIP_FIRST = "--skip-first"


def measure(*, first: bool) -> Figures:
    """Everything; the sandbox stays up, for what else is to be measured on it, until `down`.

    `first`: also the demo on an empty cache.
    """
    primary = read_platform(checkout()).primary
    built = _first_demo() if first else None
    check = _seconds(["check"])
    with Peak(sandbox_id()) as peak:
        second = _demo({}, "--keep")
    unchanged = _unchanged(list(second["regions"]))
    trivial = _trivial(second["regions"][primary]["ups"][0]["resources"])
    return Figures(_machine(), built, second, primary, trivial, unchanged, peak.most, check)


def down() -> None:
    """Take the sandbox down, as far as it is up."""
    standfast("sandbox", "down")


def arguments(program: str, what: str | None) -> argparse.ArgumentParser:
    """The options of the command line."""
    parser = argparse.ArgumentParser(prog=program, description=what)
    parser.add_argument(SKIP_FIRST, action="store_true", help="leave the demo on an empty cache out")
    return parser


def _seconds(arguments: list[str]) -> float:
    """The middle one of three runs."""
    times: list[float] = []
    for _ in range(3):
        began = time.monotonic()
        subprocess.run([str(STANDFAST), *arguments], stdout=subprocess.DEVNULL, check=False)
        times.append(time.monotonic() - began)
    return sorted(times)[1]


def _demo(env: dict[str, str], *options: str) -> dict[str, Any]:
    return json.loads(standfast("demo", "--json", *options, env=env))


def _first_demo() -> dict[str, Any]:
    """The demo of someone who has never built the tools."""
    cache = Path(tempfile.mkdtemp(prefix="standfast-bench-"))
    names = {"XDG_CACHE_HOME": "cache", "GOCACHE": "go-build", "GOMODCACHE": "go-mod"}
    env = {variable: str(cache / folder) for variable, folder in names.items()}
    try:
        tell("the first demo, on an empty cache")
        return _demo({**env, ID_VARIABLE: "bench-first"})
    finally:
        _make_writable(cache)
        shutil.rmtree(cache)


def _make_writable(folder: Path) -> None:
    # Go keeps its modules read-only.
    for parent, _, _ in os.walk(folder):
        Path(parent).chmod(0o700)


def _unchanged(regions: list[str]) -> dict[str, float]:
    """An `up` of each region that finds all as it should be. RuntimeError when it changes something."""
    stacks = Stacks(workspace_of(TargetName.SANDBOX), Silent())
    times: dict[str, float] = {}
    for region in regions:
        outcome = stacks.up(region)
        if outcome.changed:
            raise RuntimeError(f"a second up of {region} changed {outcome.changes}")
        times[region] = outcome.seconds
    return times


def _trivial(count: int) -> float:
    """The time of as many resources that do nothing, on the same engine and backend."""
    place = workspace_of(TargetName.SANDBOX)
    source = Path(__file__).parent / "trivial"
    with tempfile.TemporaryDirectory(prefix="standfast-bench-") as folder:
        shutil.copytree(source, folder, dirs_exist_ok=True)
        env = {**place.env, "COUNT": str(count - 1)}
        bare = Workspace(Path(folder), env, place.pulumi, Path(folder), place.target)
        stacks = Stacks(bare, Silent())
        stacks.init(["trivial"])
        outcome = stacks.up("trivial")
        stacks.destroy("trivial")
        LocalWorkspace.remove_stack(bare.open(bare.engine()), "trivial")
    return outcome.seconds


def _machine() -> Machine:
    return Machine(
        cpu=_cpu(),
        cores=os.cpu_count() or 1,
        memory=psutil.virtual_memory().total,
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        day=datetime.now(UTC).date().isoformat(),
    )


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def main() -> None:
    """Measure, and write the head of the page."""
    chosen = arguments("python -m bench.demo", __doc__).parse_args()
    try:
        figures = measure(first=not chosen.skip_first)
    finally:
        down()
    write_head(figures.markdown())


if __name__ == "__main__":
    main()
