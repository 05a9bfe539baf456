"""`check`: the stack files by themselves, and what they promise."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from automation.commands.budget_tables import tables
from automation.commands.common import JsonOption, emit_json, show
from automation.errors import Exit
from automation.project import check_sheet
from automation.targets import checkout


def check(
    directory: Annotated[
        Path | None,
        typer.Option("--directory", "-C", help="Where Pulumi.yaml is; this project when left out."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Validate all stack files, with no cloud and no sandbox, and name every fault at once.

    The budgets are shown with what can be read, also when there are faults: how long until clients are served
    again, how much may be lost, what is left of the GPUs and what that costs, and AWS's quotas.
    """
    folder = directory or checkout()
    found, sheet = check_sheet(folder)
    if as_json:
        emit_json(
            {
                "ok": not found,
                "problems": [{"key": p.key, "value": p.value, "remedy": p.remedy} for p in found],
                "budgets": sheet.document() if sheet else None,
            }
        )
        raise typer.Exit(Exit.REFUSED if found else Exit.OK)
    if sheet:
        show(*tables(sheet))
    if found:
        table = Table(title=f"{len(found)} faults in {folder}")
        for column in ("where", "what stands there", "what to do"):
            table.add_column(column, overflow="fold")
        for problem in found:
            table.add_row(problem.key, problem.value, problem.remedy)
        show(table)
        raise typer.Exit(Exit.REFUSED)
    show("the stack files are sound")
