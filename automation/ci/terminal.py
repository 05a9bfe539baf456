"""The verdict for a person at a terminal, or in a pipeline's log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table

from automation.ci.verdict import Change, Code, RegionVerdict, Verdict
from automation.ci.wording import COLUMNS, DRIFT, counts, level, loss, remarks, why

_COLOURS = {Code.NOTHING: "green", Code.CHANGES: "yellow", Code.REFUSED: "bold red", Code.ERROR: "bold red"}
_SHOWN = 30
"""Changes of a region that are listed by name; the document and the comment have all."""


def renderables(verdict: Verdict, budgets: Sequence[RenderableType]) -> Iterable[RenderableType]:
    """What loses data first, the headline last, where a log ends."""
    if verdict.lost:
        yield _lost(verdict)
    if verdict.problems:
        yield _problems(verdict)
    yield from budgets
    for region in verdict.regions:
        yield from _region(region)
    if verdict.regions:
        yield _overview(verdict)
    yield f"[{_COLOURS[verdict.code]}]{escape(verdict.headline)}[/]"


def _table(title: str, columns: Iterable[str], *, style: str = "") -> Table:
    table = Table(title=title, title_justify="left", title_style=style or None)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _row(table: Table, *cells: str) -> None:
    table.add_row(*(escape(cell) for cell in cells))


def _lost(verdict: Verdict) -> Table:
    table = _table("DATA WOULD BE LOST", ("region", "", "resource", "for", "what is lost"), style="bold red")
    for region, change in verdict.lost:
        _row(table, region, change.action, f"{change.type} {change.name}", why(change), loss(change))
    return table


def _problems(verdict: Verdict) -> Table:
    table = _table("The configuration is refused", ("where", "what stands there", "what to do"))
    for problem in verdict.problems:
        _row(table, problem.key, problem.value, problem.remedy)
    return table


def _overview(verdict: Verdict) -> Table:
    table = _table("Regions", COLUMNS)
    for region in verdict.regions:
        _row(table, *counts(region))
    return table


def _region(region: RegionVerdict) -> Iterable[RenderableType]:
    if region.error:
        yield f"[bold red]{escape(region.region)}[/]: {escape(region.error)}"
    for remark in remarks(region):
        yield escape(remark)
    if region.findings:
        table = _table(f"{region.region}: policies", ("policy", "level", "resource", "finding"))
        for finding in region.findings:
            _row(table, finding.policy, level(finding), finding.resource, finding.message)
        yield table
    if region.drift:
        table = _table(f"{region.region}: drift", ("resource", "", "properties"))
        for change in region.drift:
            _row(table, f"{change.type} {change.name}", DRIFT[change.action], why(change))
        yield table
    if region.changes:
        yield _changes(region.region, region.changes)


def _changes(region: str, changes: Sequence[Change]) -> Table:
    table = _table(f"{region}: changes", ("", "type", "name", "properties"))
    for change in changes[:_SHOWN]:
        _row(table, change.action, change.type, change.name, why(change))
    if len(changes) > _SHOWN:
        _row(table, "", "", f"and {len(changes) - _SHOWN} more", "")
    return table
