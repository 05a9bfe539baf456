"""`drill list`, `drill run` and `drill soak`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from typer.core import TyperCommand

from automation.commands.common import (
    JsonOption,
    TargetOption,
    emit_json,
    folder_of,
    note_seconds,
    progress,
    show,
    tell,
)
from automation.errors import Exit
from automation.project import choose, platform
from automation.stacks import Stacks
from automation.targets import TargetName, drill_target, workspace_of
from config.files import read_folder
from config.platform import Platform
from drills import report as pages
from drills.catalogue import DRILLS, find
from drills.cloud.plan import plan
from drills.errors import DrillError
from drills.model import Options, Report, Verdict
from drills.soak import NAME as SOAK
from drills.soak import soak as hold_soak
from drills.target import Target
from drills.traffic.result import TrafficReport
from sandbox.progress import Display

app = typer.Typer(help="Break something on purpose, and measure the recovery.", no_args_is_help=True)

JsonFileOption = Annotated[
    str,
    typer.Option(
        "--json", metavar="[FILE]", help="Write the result as JSON; without a file to stdout, and only that."
    ),
]
ReportOption = Annotated[
    Path | None, typer.Option("--report", metavar="DIR", help="Write an HTML page, and the JSON beside it.")
]
SeedOption = Annotated[int, typer.Option(help="What is drawn at random is drawn from it.")]
RateOption = Annotated[float, typer.Option(min=1.0, help="Requests a second.")]
LimitOption = Annotated[float, typer.Option(help="Seconds that each recovery may take.")]
Holding = Callable[[Target, Options, Callable[..., None]], Report]


class _FileMayBeLeftOut(TyperCommand):
    """`--json` by itself means `--json -`, as it does in other commands."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        told = [
            "--json=-" if arg == "--json" and after.startswith("--") else arg
            for arg, after in pairwise([*args, "--"])
        ]
        return super().parse_args(ctx, told)


@app.command("list")
def list_drills(as_json: JsonOption = False) -> None:
    """List the drills."""
    if as_json:
        emit_json([{"name": drill.name, "breaks": drill.breaks} for drill in DRILLS.values()])
        return
    table = Table()
    table.add_column("drill")
    table.add_column("what breaks")
    for drill in DRILLS.values():
        table.add_row(drill.name, drill.breaks)
    show(table)


@app.command(cls=_FileMayBeLeftOut)
def run(
    name: Annotated[str, typer.Argument(help="The drill, see `drill list`.")],
    *,
    region: Annotated[str, typer.Option(help="Where to hold it; the primary when left out.")] = "",
    zone: Annotated[str, typer.Option(help="The zone to break; one is chosen when left out.")] = "",
    runs: Annotated[int, typer.Option(min=1, help="How many times, each with the next seed.")] = 1,
    seed: SeedOption = 0,
    rate: RateOption = Options.rate,
    limit: LimitOption = Options.limit,
    traffic: Annotated[
        bool, typer.Option("--traffic", help="Let clients call also where the drill can do without.")
    ] = False,
    as_in_the_lesson: Annotated[
        bool, typer.Option("--as-in-the-lesson", help="Deploy the lesson's own service beside, and compare.")
    ] = False,
    target: TargetOption = TargetName.CLOUD,
    json_file: JsonFileOption = "",
    report_folder: ReportOption = None,
) -> None:
    """Hold a drill; in a cloud account, show what it would be. Ends with 3 when a promise is broken.

    What was broken is always mended.
    """
    find(name)
    whole = platform(folder_of(target))
    chosen = choose(whole, [region] if region else [whole.primary])[0]
    if target is TargetName.CLOUD:
        _show_plan(name, whole, chosen, zone, json_file)
        return
    options = Options(
        region=chosen,
        zone=zone,
        limit=limit,
        as_in_the_lesson=as_in_the_lesson,
        traffic=traffic or runs > 1 or report_folder is not None,
        runs=runs,
        seed=seed,
        rate=rate,
    )
    _finish(_held(name, find(name).run, whole, options), json_file, report_folder)


@app.command(cls=_FileMayBeLeftOut)
def soak(
    *,
    runs: Annotated[int, typer.Option(min=1, help="How many drills, each drawn from the next seed.")] = 10,
    seed: SeedOption = 0,
    rate: RateOption = Options.rate,
    limit: LimitOption = Options.limit,
    target: TargetOption = TargetName.CLOUD,
    json_file: JsonFileOption = "",
    report_folder: ReportOption = None,
) -> None:
    """Hold random drills one after another. A failing one is held again by its own seed and one run."""
    if target is TargetName.CLOUD:
        raise DrillError(
            "a soak breaks one thing after another, and only the sandbox is there for that; "
            "add --target sandbox"
        )
    whole = platform(folder_of(target))
    options = Options(region=whole.primary, limit=limit, runs=runs, seed=seed, rate=rate)
    report = _held(SOAK, hold_soak, whole, options)
    for failed in [run for run in report.runs if run.reasons] if isinstance(report, TrafficReport) else []:
        tell(f"again: standfast drill soak --seed {failed.seed} --runs 1 --target {target}")
    _finish(report, json_file, report_folder)


def _held(name: str, holding: Holding, whole: Platform, options: Options) -> Report:
    with progress() as display:
        target = drill_target(TargetName.SANDBOX, display)
        place = workspace_of(TargetName.SANDBOX)
        stacks = Stacks(place, display, note_every=note_seconds())

        def changes() -> Mapping[str, int]:
            return {region: sum(stacks.preview(region).changed.values()) for region in whole.regions}

        return hold(name, target, replace(options, changes=changes), display, holding)


def hold(
    name: str, target: Target, options: Options, display: Display, holding: Holding | None = None
) -> Report:
    """Hold a drill with its progress shown."""
    step = f"drill {name}"
    told = 0.0

    def say(text: str, *, passing: bool = False) -> None:
        nonlocal told
        if not passing or time.monotonic() - told >= note_seconds():
            told = time.monotonic()
            display.note(step, text)

    display.start(step, f"in {options.region}", target.logs(options.region))
    try:
        report = (holding or find(name).run)(target, options, say)
    except BaseException:
        display.fail(step)
        raise
    if report.verdict is Verdict.KEPT:
        display.done(step, "the promise is kept")
    else:
        display.fail(step, "; ".join(report.reasons))
    sys.stderr.flush()
    return report


def _finish(report: Report, json_file: str, report_folder: Path | None) -> None:
    if report_folder is not None and isinstance(report, TrafficReport):
        tell(f"the report is {pages.write(report, report_folder)}")
    if _emitted(report.document(), json_file):
        show(report.table())
    if report.verdict is Verdict.BROKEN:
        raise typer.Exit(Exit.BROKEN)


def _emitted(document: Any, json_file: str) -> bool:
    """Write the document where it is wanted; whether stdout is still free."""
    if json_file == "-":
        emit_json(document)
        return False
    if json_file:
        Path(json_file).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return True


def _show_plan(name: str, whole: Platform, region: str, zone: str, json_file: str) -> None:
    """What the drill would be in the account; nothing is run."""
    zones = read_folder(folder_of(TargetName.CLOUD)).regions[region].zones
    if zone and zone not in zones:
        raise DrillError(f"{zone} is no zone of {region}; its zones are {', '.join(zones)}")
    found = plan(name, whole, region, zone or zones[0])
    if _emitted(found.document(), json_file):
        show(found.table())
        tell("this is a plan, and nothing was broken; add --target sandbox to hold the drill there")
