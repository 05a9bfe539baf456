"""The verdict as a comment on a pull request, in GitHub's Markdown.

https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from automation.ci.verdict import Code, RegionVerdict, Verdict
from automation.ci.wording import COLUMNS, DRIFT, counts, level, loss, remarks, why

MOST = 65_536
"""Characters that GitHub takes in a comment: https://github.com/orgs/community/discussions/27190."""

_OPEN = 10
"""Rows that are shown without being asked for."""

_CUT = "\n\nThe rest is cut: a comment holds no more. `--json` has all of it.\n"
_ICONS = {Code.NOTHING: "✅", Code.CHANGES: "🟡", Code.REFUSED: "⛔", Code.ERROR: "❌"}


def markdown(verdict: Verdict, budgets: Sequence[RenderableType]) -> str:
    """The comment: what loses data first, long lists folded, cut between blocks to what GitHub takes."""
    text = f"## {_ICONS[verdict.code]} {verdict.headline}\n"
    for block in _blocks(verdict, budgets):
        if len(text) + len(block) + len(_CUT) > MOST:
            return text + _CUT
        text += f"\n{block}\n"
    return text


def _blocks(verdict: Verdict, budgets: Sequence[RenderableType]) -> Iterator[str]:
    if verdict.lost:
        yield "### ⚠️ Data would be lost"
        yield from _table(
            ("region", "", "resource", "for", "what is lost"),
            [
                (region, change.action, f"{change.type} {change.name}", why(change), loss(change))
                for region, change in verdict.lost
            ],
        )
    if verdict.problems:
        yield "### The configuration is refused"
        yield from _table(
            ("where", "what stands there", "what to do"),
            [(problem.key, problem.value, problem.remedy) for problem in verdict.problems],
        )
    if verdict.regions:
        yield from _table(COLUMNS, [counts(region) for region in verdict.regions])
    for region in verdict.regions:
        yield from _region(region)
    if budgets:
        whole = "\n\n".join(_plain(each) for each in budgets)
        held = verdict.budgets is not None and verdict.budgets.holds
        yield _folded("Budgets hold" if held else "**A budget is broken**", whole, unfolded=not held)


def _region(region: RegionVerdict) -> Iterator[str]:
    if not (region.error or region.changes or region.findings or region.drift or remarks(region)):
        return
    yield f"### {region.region}"
    if region.error:
        yield f"```text\n{region.error.replace('```', chr(39) * 3)}\n```"
    yield from remarks(region)
    columns = ("policy", "level", "resource", "finding")
    for mandatory, title in ((True, "Refused by policy"), (False, "Advised by policy")):
        rows = [
            (f.policy, level(f), f.resource, f.message) for f in region.findings if f.mandatory is mandatory
        ]
        yield from _titled(title, columns, rows, unfolded=mandatory)
    drift = [(f"{c.type} {c.name}", DRIFT[c.action], why(c)) for c in region.drift]
    yield from _titled("Changed outside", ("resource", "", "properties"), drift, unfolded=True)
    changes = [(c.action, c.type, c.name, why(c)) for c in region.changes]
    yield from _titled("Changes", ("", "type", "name", "properties"), changes, unfolded=len(changes) <= _OPEN)


def _titled(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, unfolded: bool
) -> Iterator[str]:
    if rows:
        body = "\n".join(_table(columns, rows))
        yield _folded(f"{title} ({len(rows)})", body, unfolded=unfolded)


def _folded(title: str, body: str, *, unfolded: bool) -> str:
    return f"<details{' open' if unfolded else ''}><summary>{title}</summary>\n\n{body}\n\n</details>"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    lines = [columns, ["---"] * len(columns), *rows]
    yield "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    """Text as GitHub shows it in a cell: what would end the cell, or be taken for a tag, is written out."""
    safe = text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace(">", "&gt;")
    return "<br>".join(line.strip() for line in safe.splitlines()) or " "


def _plain(renderable: RenderableType) -> str:
    if not isinstance(renderable, Table):
        return Text.from_markup(str(renderable)).plain
    columns = [str(column.header) for column in renderable.columns]
    cells = [[Text.from_markup(str(cell)).plain for cell in column.cells] for column in renderable.columns]
    return f"**{renderable.title}**\n\n" + "\n".join(_table(columns, list(zip(*cells, strict=True))))
