"""What the copy on Google Cloud Storage costs: `up` with it and without it, and how old it is in a drill.

`python -m bench.copies` measures it on sandboxes of its own, each of which it takes down again, and writes
its section of docs/benchmarks.md. The rate at which the sandbox copies is no figure of the program's.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from automation.commands.common import folder_of, tell
from automation.project import platform
from automation.stacks import Stacks
from automation.targets import TargetName, drill_target, workspace_of
from automation.workspace import Workspace
from bench.command import standfast
from bench.sections import write
from drills.model import Options
from drills.scenarios import SCENARIOS
from drills.traffic.result import Summary, TrafficReport, seconds, summaries
from drills.traffic.run import run
from sandbox.progress import Silent

TITLE = "Models on Google Cloud Storage"
RUNS = 3


@dataclass(frozen=True)
class Up:
    """The first `up` of every region, one after the other: seconds, and the resources that there are then."""

    seconds: float
    resources: int


@dataclass(frozen=True)
class Found:
    """What was measured. `drill` is held where the copy is."""

    without: Up
    beside: Up
    drill: TrafficReport


def without_copy(project: Mapping[str, Any]) -> dict[str, Any]:
    """A Pulumi.yaml without the entry `models.stores`."""
    config: dict[str, Any] = dict(project["config"])
    platform = dict(config["standfast:platform"]["value"])
    platform["models"] = {key: value for key, value in platform["models"].items() if key != "stores"}
    config["standfast:platform"] = {"value": platform}
    return {**project, "config": config}


def measure() -> Found:
    """Both platforms, one after the other. SystemExit when a command fails."""
    try:
        without = _up(copy=False)
    finally:
        standfast("sandbox", "down")
    try:
        beside = _up(copy=True)
        drill = _drill()
    finally:
        standfast("sandbox", "down")
    return Found(without, beside, drill)


def _up(*, copy: bool) -> Up:
    """On a sandbox of its own; the first `up` of each region, in the order in which they are joined."""
    standfast("sandbox", "up")
    with tempfile.TemporaryDirectory(prefix="standfast-bench-") as folder:
        key = Path(folder) / "root.pem"
        standfast("mesh-ca", "create", "--root-key", str(key), "--target", "sandbox")
    place = workspace_of(TargetName.SANDBOX)
    if not copy:
        _rewrite(place)
    stacks = Stacks(place, Silent())
    regions = list(platform(place.folder).regions)
    stacks.init(regions)
    outcomes = [stacks.up(region) for region in regions]
    return Up(sum(one.seconds for one in outcomes), sum(one.resources for one in outcomes))


def _rewrite(place: Workspace) -> None:
    """The sandbox's own copy of the project; the checkout's stays as it is."""
    file = place.folder / "Pulumi.yaml"
    project = yaml.safe_load(file.read_text(encoding="utf-8"))
    file.write_text(yaml.safe_dump(without_copy(project), sort_keys=False), encoding="utf-8")


def _drill() -> TrafficReport:
    # The region that was first lacks what it makes for the other one.
    standfast("up", "--target", "sandbox")
    primary = platform(folder_of(TargetName.SANDBOX)).primary
    target = drill_target(TargetName.SANDBOX)
    return run(SCENARIOS["bucket-loss"], target, Options(region=primary, runs=RUNS), _say)


def _say(text: str, *, passing: bool = False) -> None:
    if not passing:
        tell(text)


def section(found: Found) -> str:
    """The section's text."""
    added = found.beside.resources - found.without.resources
    share = found.beside.seconds / found.without.seconds
    rows = [
        ("first `up` of every region, without the copy", "", _up_text(found.without)),
        ("the same with it", "", _up_text(found.beside)),
        ("resources added, and the one time over the other", "", f"{added}, {share:.2f}"),
        *(_promise(what, summary) for what, summary in _promises(found.drill)),
    ]
    lines = ["| what | aim | measured |", "| --- | --- | --- |"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines) + (
        "\n\nTimes are sums over the regions, one `up` after the other, each platform on a sandbox of its "
        f"own. {len(found.drill.runs)} runs of `drill run bucket-loss`, median and worst: the age is that "
        "of the newest version that the copy had when every bucket was emptied, ten seconds after the last "
        "one was published. What Google takes to begin a transfer and to replicate is not in it, and the "
        "budget allows for it.\n"
    )


def _up_text(up: Up) -> str:
    return f"{up.seconds:.0f} s, {up.resources} resources"


def _promises(report: TrafficReport) -> Sequence[tuple[str, Summary]]:
    known = {summary.promise.name: summary for summary in summaries(report.runs)}
    return (
        ("age of the newest copy when all buckets were lost", known["rpo-copy"]),
        ("all versions back in every region, to the byte", known["models-back-from-copy"]),
    )


def _promise(what: str, summary: Summary) -> tuple[str, str, str]:
    told = f"{seconds(summary.median_s)}, {seconds(summary.worst_s)} ({summary.kept} of {summary.runs} kept)"
    return what, f"{summary.promise.budget_s:g} s", told


def main() -> None:
    """Measure, and write the section."""
    write(TITLE, section(measure()))


if __name__ == "__main__":
    main()
