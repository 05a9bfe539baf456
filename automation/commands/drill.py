"""`drill list` and `drill run`."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer
from rich.table import Table

from automation.commands.common import (
    JsonOption,
    TargetOption,
    emit_json,
    folder_of,
    note_seconds,
    progress,
    show,
)
from automation.errors import Exit
from automation.project import choose, platform
from automation.targets import TargetName, drill_target
from drills.catalogue import DRILLS, find
from drills.model import Options, Report, Verdict
from drills.target import Target
from sandbox.progress import Display

app = typer.Typer(help="Break something on purpose, and measure the recovery.", no_args_is_help=True)


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


@app.command()
def run(
    name: Annotated[str, typer.Argument(help="The drill, see `drill list`.")],
    *,
    region: Annotated[str, typer.Option(help="Where to hold it; the primary when left out.")] = "",
    zone: Annotated[str, typer.Option(help="The zone to break; the fullest when left out.")] = "",
    limit: Annotated[float, typer.Option(help="Seconds that each recovery may take.")] = Options.limit,
    as_in_the_lesson: Annotated[
        bool, typer.Option("--as-in-the-lesson", help="Deploy the lesson's own service beside, and compare.")
    ] = False,
    target: TargetOption = TargetName.CLOUD,
    as_json: JsonOption = False,
) -> None:
    """Hold a drill. Ends with 3 when the recovery does not come. What was broken is always mended."""
    find(name)
    whole = platform(folder_of(target))
    chosen = choose(whole, [region] if region else [whole.primary])[0]
    options = Options(chosen, zone, limit, as_in_the_lesson)
    with progress() as display:
        report = hold(name, drill_target(target), options, display)
    if as_json:
        emit_json(report.document())
    else:
        show(report.table())
    if report.verdict is Verdict.BROKEN:
        raise typer.Exit(Exit.BROKEN)


def hold(name: str, target: Target, options: Options, display: Display) -> Report:
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
        report = find(name).run(target, options, say)
    except BaseException:
        display.fail(step)
        raise
    if report.verdict is Verdict.KEPT:
        display.done(step, "the promise is kept")
    else:
        display.fail(step, "; ".join(report.reasons))
    sys.stderr.flush()
    return report
