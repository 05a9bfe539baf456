"""`ci preview` and `ci apply`: what a pipeline runs before a change, and to make it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.table import Table
from typer.core import TyperCommand

from automation.ci.apply import Apply, Rollout, failover_safe
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
    note_seconds,
    progress,
    show,
    tell,
)
from automation.project import check_sheet, choose, demand_sound, platform, problems
from automation.stacks import Stacks
from automation.targets import TargetName, reach, settle, workspace_of
from config.files import read_folder

_DRIFT_PATIENCE = 300.0
"""Seconds to wait for the lock that looking for drift takes: previews of several changes meet there."""


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
    counts as all creates; the stacks that are missing are initialised, and nothing else is changed. Looking
    for drift takes each stack's lock for a while: one that another run holds is waited for, up to 5 minutes.

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


@app.command(cls=OwnCodes)
def apply(
    regions: RegionsArgument = None,
    target: TargetOption = TargetName.CLOUD,
    timeout: Annotated[
        float, typer.Option(min=0, help="Seconds that each region may take until it is healthy.")
    ] = 1800.0,
) -> None:
    """Bring regions up one at a time, each after the region that it fails over to, never two at once.

    Before a region is changed, the region it fails over to must be healthy; after it, the region itself must
    be within the timeout, or the others stay untouched. Healthy is: all replicas of the inference service
    available and of the present version, its disruption budget kept, a ready GPU node in each zone (asked of
    the region's API server), and its health check in DNS passed (asked of Route 53). At the end those that
    have a peer to join are brought up again, in the same order. Run again, it goes on from where it stopped.

    Ends with 0 when all regions are up and healthy, 1 otherwise, 130 when interrupted.
    """
    # boto3 takes a while to import, and only this asks it.
    from automation.ci.asking import Doctor  # noqa: PLC0415

    with own_codes():
        folder = folder_of(target)
        whole = platform(folder)
        chosen = failover_safe(whole, choose(whole, regions or ()))
        demand_sound(folder, chosen)
        place = workspace_of(target)
        with progress() as display:
            result = Apply(
                stacks=Stacks(place, display, note_every=note_seconds()),
                doctor=Doctor(whole, reach(target)),
                platform=whole,
                steps=display,
                timeout=timeout,
                target=target,
                policy_packs=[str(pack())],
                settle=lambda updated: settle(target, updated),
            ).run(chosen)
    show(_rollout(result))
    for region, peers in result.unjoined.items():
        tell(
            f"{region} has not joined {', '.join(peers)}: run `standfast ci apply {region} --target {target}`"
        )


def _rollout(result: Rollout) -> Table:
    table = Table(title="ci apply", title_justify="left")
    for column in ("region", "changes", "seconds", "healthy meanwhile", "DNS"):
        table.add_column(column, overflow="fold")
    for one in result.applied:
        changes = ", ".join(f"{count} {op}" for op, count in one.outcome.changed.items()) or "none"
        seconds = f"{one.outcome.seconds:.0f}"
        table.add_row(one.outcome.region, changes, seconds, one.guard or "none is up yet", one.health.dns)
    return table


@contextmanager
def stacks(target: TargetName) -> Generator[Stacks]:
    """The stacks of a target, with their progress shown, and with the patience that a pipeline has."""
    place = workspace_of(target)
    with progress() as display:
        yield Stacks(place, display, note_every=note_seconds(), lock_patience=_DRIFT_PATIENCE)


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
