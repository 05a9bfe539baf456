"""`ci preview` and `ci apply`: what a pipeline runs before a change, and to make it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from typer.core import TyperCommand

from automation.ci.budgets import broken
from automation.ci.document import document
from automation.ci.errors import CiError, own_codes
from automation.ci.markdown import markdown
from automation.ci.policies import pack, severity
from automation.ci.preview import preview as preview_regions
from automation.ci.terminal import renderables
from automation.ci.verdict import Verdict
from automation.commands.budget_tables import tables
from automation.commands.common import (
    JsonOption,
    RegionsArgument,
    TargetOption,
    emit_json,
    folder_of,
    show,
    stacks,
)
from automation.project import check_sheet, choose, problems
from automation.targets import TargetName
from config.files import read_folder


class OwnCodes(TyperCommand):
    """A command line that cannot be understood is an error too, and no verdict."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().make_context(*args, **kwargs)
        except typer.TyperException as error:
            raise CiError(f"{error.format_message()} See `standfast ci --help`.") from error


app = typer.Typer(
    help="What a pipeline runs: one verdict over all regions before a change, and the change itself.",
    no_args_is_help=True,
)


@app.command(cls=OwnCodes)
def preview(
    regions: RegionsArgument = None,
    target: TargetOption = TargetName.CLOUD,
    as_json: JsonOption = False,
    comment: Annotated[
        Path | None,
        typer.Option("--markdown", metavar="FILE", help="Write the verdict as a pull request's comment too."),
    ] = None,
) -> None:
    """Preview all regions side by side, with policies, budgets and drift, and give one verdict.

    What replaces or deletes anything that holds data is named first. A region that was never brought up
    counts as all creates; the stacks that are missing are initialised, and nothing else is changed.

    Ends with 0 when there is nothing to do, 2 when there are changes (or resources were changed outside, or
    a peer is to be joined), 3 when a mandatory policy, a budget or the protection of a resource refuses, and
    1 when there is no full verdict: a region could not be previewed, the configuration or the command line
    has a fault that is no broken budget, the stack is locked. The worst counts: 1, then 3, then 2, then 0.
    130 when interrupted.
    """
    with own_codes():
        verdict = judge(target, regions or ())
        told: list[RenderableType] = list(tables(verdict.budgets)) if verdict.budgets else []
        if comment is not None:
            _write(comment, markdown(verdict, told))
    if as_json:
        emit_json(document(verdict))
    else:
        show(*renderables(verdict, told))
    raise typer.Exit(int(verdict.code))


def judge(target: TargetName, asked: Sequence[str]) -> Verdict:
    """The verdict; with faults in the configuration nothing is asked of the engine."""
    folder = folder_of(target)
    reading = read_folder(folder)
    _, sheet = check_sheet(folder)
    if reading.shape is None:
        return Verdict(target=target, problems=tuple(reading.problems))
    whole = reading.shape
    chosen = choose(whole, asked)
    found = problems(folder, chosen)
    if found:
        return Verdict(target=target, budgets=sheet, problems=tuple(found), broken=broken(reading))
    with stacks(target) as place:
        judged = preview_regions(place, whole, chosen, pack(), severity)
    return Verdict(target=target, regions=judged, budgets=sheet)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CiError(f"{path} cannot be written ({error.strerror}); name another --markdown file") from error
