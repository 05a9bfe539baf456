"""Drills with traffic, ten times each: what docs/benchmarks.md says of RTO and RPO.

`python -m bench.drills` holds them on a sandbox whose regions are up, and writes a section for each;
`--only NAME` one of them.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass

from automation.commands.common import folder_of, tell
from automation.project import platform
from automation.targets import TargetName, drill_target, lifecycle
from bench.lesson_rule import default_retries, lesson_rule
from bench.sections import write
from drills.model import Options
from drills.scenarios import SCENARIOS
from drills.target import Target
from drills.traffic.measure import between
from drills.traffic.promises import FLOOR_SHARE, PODS_FAILING_S, RPO_S, ZONE_ERRORS_S
from drills.traffic.result import Summary, TrafficReport, seconds, summaries
from drills.traffic.run import run
from drills.traffic.target import traffic_of
from sandbox.state import SandboxState

Change = Callable[[SandboxState], AbstractContextManager[None]]
RUNS = 10
FAILING_S = 10.0
"""Seconds after the fault over which the share of failed requests is told."""


@dataclass(frozen=True)
class Row:
    """One line of a section's table."""

    what: str
    aim: str
    median: str
    worst: str
    kept: str

    def __str__(self) -> str:
        return f"| {self.what} | {self.aim} | {self.median} | {self.worst} | {self.kept} |"


def table(rows: Sequence[Row]) -> str:
    """The rows under their heading."""
    head = "| what | aim | median | worst | kept |\n| --- | --- | --- | --- | --- |\n"
    return head + "\n".join(map(str, rows)) + "\n"


def found(report: TrafficReport, name: str) -> Summary:
    """A promise over all runs."""
    return next(summary for summary in summaries(report.runs) if summary.promise.name == name)


def row(what: str, aim: str, summary: Summary) -> Row:
    """A promise in seconds."""
    kept = f"{summary.kept} of {summary.runs}"
    return Row(what, aim, seconds(summary.median_s), seconds(summary.worst_s), kept)


def invariants(report: TrafficReport) -> str:
    """Whether what must hold did hold, in words."""
    fallen = [f"seed {r.seed}: {i.name} ({i.why})" for r in report.runs for i in r.invariants if not i.held]
    count = sum(len(one.invariants) for one in report.runs)
    return "; ".join(fallen) or f"All {count} invariants of these {len(report.runs)} runs held."


def _share(value: float | None, floor: float) -> str:
    return "never" if value is None else f"{value / floor:.2f}"


def region_loss(report: TrafficReport) -> str:
    """The section's text."""
    loss, lag = found(report, "region-loss"), found(report, "rpo-models")
    floor = loss.promise.floor_s or 0.0
    kept = f"{loss.kept} of {loss.runs}"
    above = f"the same over the floor of {floor:g} s"
    rows = [
        row("clients at 99 % success again", f"{FLOOR_SHARE * floor:g} s", loss),
        Row(above, f"{FLOOR_SHARE:g}", _share(loss.median_s, floor), _share(loss.worst_s, floor), kept),
        row("RPO: age of the oldest acknowledged version that the survivor lacked", f"{RPO_S:g} s", lag),
    ]
    return table(rows) + (
        f"\n{len(report.runs)} runs of `drill run region-loss`, with a version published every 3 s. The "
        "floor is the deployed health check's interval by failures, and the deployed record's TTL. Checkers, "
        "name servers and replication are stand-ins at the real pace; clients, mesh and pods are real. "
        f"{invariants(report)} {_load()}\n"
    )


def zone_loss(report: TrafficReport) -> str:
    """The section's text."""
    whole = found(report, "zone-loss-full-capacity")
    rows = [
        row(
            "errors end: every second at 99 % success",
            f"{ZONE_ERRORS_S:g} s",
            found(report, "zone-loss-errors-end"),
        ),
        row(
            f"as many pods ready as before, {report.runs[0].evidence.nodes} nodes in the zone",
            f"{whole.promise.budget_s:g} s",
            whole,
        ),
    ]
    missed = any(one.kept < one.runs for one in summaries(report.runs))
    return table(rows) + (
        f"\n{_MISSED_ZONE if missed else ''}{len(report.runs)} runs of `drill run zone-loss` with clients: "
        f"packets to the zone's pods vanish, and its nodes fall silent. {invariants(report)} {_load()}\n"
    )


_MISSED_ZONE = """\
Why an aim is missed: until all pods are ready, Kubernetes' one node every 10 s is what counts. The alert \
chain, which drains a lost zone's nodes at once, is what would be needed.

"""


def _load() -> str:
    return f"The machine's load was {os.getloadavg()[2]:.0f}, on {os.cpu_count()} cores."


def failing(report: TrafficReport) -> str:
    """Which share of the requests failed in the first seconds, over all runs."""
    seen = [
        request
        for one in report.runs
        for request in between(one.evidence.requests, one.evidence.fault, one.evidence.fault + FAILING_S)
    ]
    return f"{sum(not request.ok for request in seen) / len(seen):.1%}" if seen else "nothing was asked"


def pods_dead(ours: TrafficReport, rule: TrafficReport, lesson: TrafficReport) -> str:
    """The section's text."""
    name = "pods-failing-errors-end"
    held = {
        "errors end, as deployed": ours,
        "errors end, with the lesson's DestinationRule and the deployed retries": rule,
        "errors end, with the lesson's DestinationRule and Istio's own retries": lesson,
    }
    rows = [
        row(what, f"{PODS_FAILING_S:g} s" if report is ours else "", found(report, name))
        for what, report in held.items()
    ]
    return table(rows) + (
        f"\nOf the requests in the first {FAILING_S:g} s, {failing(ours)}, {failing(rule)} and "
        f"{failing(lesson)} failed. {len(ours.runs)}, {len(rule.runs)} and {len(lesson.runs)} runs of "
        "`drill run pods-dead`: every pod of the region refuses connections, before any probe has noticed. "
        "The lesson has no routes of its own, so that Istio's retries are what it has: they stay among the "
        f"dead pods. {invariants(ours)} {_load()}\n"
    )


def _held(target: Target, name: str, runs: int, *changes: Change) -> TrafficReport:
    """Hold a drill, with so much of the mesh changed as long as it lasts."""
    primary = platform(folder_of(TargetName.SANDBOX)).primary
    with ExitStack() as stack:
        for change in changes:
            stack.enter_context(change(lifecycle().load()))
        return run(SCENARIOS[name], target, Options(region=primary, runs=runs), _say)


def _say(text: str, *, passing: bool = False) -> None:
    if not passing:
        tell(text)


def _pods_dead(target: Target, runs: int) -> str:
    return pods_dead(
        _held(target, "pods-dead", runs),
        _held(target, "pods-dead", runs, lesson_rule),
        _held(target, "pods-dead", runs, lesson_rule, default_retries),
    )


SECTIONS: dict[str, tuple[str, Callable[[Target, int], str]]] = {
    "region-loss": ("A lost region", lambda target, runs: region_loss(_held(target, "region-loss", runs))),
    "zone-loss": (
        "A lost zone, with clients",
        lambda target, runs: zone_loss(_held(target, "zone-loss", runs)),
    ),
    "pods-dead": ("Pods that die, beside the lesson's rule", _pods_dead),
}
"""By name: the section's title, and what holds its drills on a target and gives its text."""


def measure(names: Sequence[str], runs: int = RUNS) -> dict[str, str]:
    """Hold the drills of these sections; their texts by title."""
    target = drill_target(TargetName.SANDBOX)
    # Attached once for all of them.
    with traffic_of(target):
        return {SECTIONS[name][0]: SECTIONS[name][1](target, runs) for name in names}


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench.drills", description=__doc__)
    parser.add_argument("--only", choices=SECTIONS, action="append", help="this section, and no other")
    parser.add_argument("--runs", type=int, default=RUNS, help="how many of each")
    arguments = parser.parse_args()
    if arguments.runs < 1:
        sys.exit("--runs: at least one run is needed")
    for name in arguments.only or SECTIONS:
        for title, text in measure([name], arguments.runs).items():
            write(title, text)


if __name__ == "__main__":
    main()
