"""`check`: the stack files by themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from automation.commands.common import JsonOption, emit_json, show
from automation.errors import Exit
from automation.project import problems
from automation.targets import checkout


def check(
    directory: Annotated[
        Path | None,
        typer.Option("--directory", "-C", help="Where Pulumi.yaml is; this project when left out."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Validate all stack files, with no cloud and no sandbox, and name every fault at once."""
    folder = directory or checkout()
    found = problems(folder)
    if as_json:
        emit_json(
            {
                "ok": not found,
                "problems": [{"key": p.key, "value": p.value, "remedy": p.remedy} for p in found],
            }
        )
    elif found:
        table = Table(title=f"{len(found)} faults in {folder}")
        for column in ("where", "what stands there", "what to do"):
            table.add_column(column, overflow="fold")
        for problem in found:
            table.add_row(problem.key, problem.value, problem.remedy)
        show(table)
    else:
        show("the stack files are sound")
    if found:
        raise typer.Exit(Exit.REFUSED)
