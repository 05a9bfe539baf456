"""The budgets as a person reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import groupby

from rich.console import RenderableType
from rich.table import Table

from config.budgets.headroom import HOURS_A_MONTH, Loss, Warmth
from config.budgets.quotas import Grows, Quota
from config.budgets.rpo import Exposure
from config.budgets.rto import Recovery
from config.budgets.sheet import Sheet
from config.types import duration_text


def tables(sheet: Sheet) -> list[RenderableType]:
    """One table for each budget; regions with the same row share it."""
    return [
        _rto(sheet.recoveries),
        _rpo(sheet.exposures),
        _headroom(sheet.losses),
        _cost(sheet.warmths),
        _quotas(sheet.quotas),
        *_asked(sheet),
    ]


def promises(sheet: Sheet) -> list[RenderableType]:
    """What a preview begins with: the times that are promised, and what must be asked of AWS."""
    return [_rto(sheet.recoveries), _rpo(sheet.exposures), *_asked(sheet)]


def _asked(sheet: Sheet) -> list[str]:
    return [f"ask AWS: {warning}" for warning in sheet.warnings]


def _table(title: str, columns: Iterable[str]) -> Table:
    table = Table(title=title, title_justify="left")
    for position, column in enumerate(columns):
        table.add_column(column, overflow="fold", justify="left" if position < 2 else "right")
    return table


def _mark(holds: bool) -> str:
    return "holds" if holds else "[bold red]BROKEN[/]"


def _time(time: timedelta) -> str:
    return duration_text(time) if time else "-"


def _add(table: Table, rows: Iterable[tuple[str, Sequence[str]]]) -> None:
    """Rows by what they are of; those that say the same become one."""
    merged: dict[tuple[str, ...], list[str]] = {}
    for subject, cells in rows:
        merged.setdefault(tuple(cells), []).append(subject)
    for cells, subjects in merged.items():
        table.add_row(_names(subjects), *cells)


def _names(subjects: Sequence[str]) -> str:
    if len(subjects) > 4:
        return f"{', '.join(subjects[:3])} and {len(subjects) - 3} more"
    return ", ".join(subjects)


def _rto(recoveries: Sequence[Recovery]) -> Table:
    names = [term.name for term in recoveries[0].terms] if recoveries else []
    rto = duration_text(recoveries[0].rto) if recoveries else ""
    table = _table(
        f"RTO {rto}: until what must serve does", ("region", "lost", *names, "sum", "full strength", "RTO")
    )
    _add(
        table,
        (
            (
                recovery.region,
                (
                    str(recovery.failure),
                    *(_time(term.time) for term in recovery.terms),
                    _time(recovery.total),
                    _time(recovery.full),
                    _mark(recovery.holds),
                ),
            )
            for recovery in recoveries
        ),
    )
    return table


def _rpo(found: Sequence[Exposure]) -> Table:
    rpo = duration_text(found[0].rpo) if found else ""
    table = _table(f"RPO {rpo}: how old a copy elsewhere may be", ("what", "terms", "sum", "RPO"))
    for exposure in found:
        told = " + ".join(
            f"{term.name} {duration_text(term.time)}" + (f" ({term.how})" if len(exposure.terms) == 1 else "")
            for term in exposure.terms
        )
        what = (
            exposure.what
            if exposure.rpo == found[0].rpo
            else f"{exposure.what} (RPO {duration_text(exposure.rpo)})"
        )
        table.add_row(what, told, _time(exposure.total), _mark(exposure.holds))
    return table


def _headroom(found: Sequence[Loss]) -> Table:
    columns = ("region", "lost", "ready at once", "must be", "warm GPUs", "GPUs at most", "to carry", "")
    table = _table("Headroom: what is left", columns)
    rows: list[tuple[str, Sequence[str]]] = []
    for _, same in groupby(found, key=lambda loss: (loss.region, loss.replicas, loss.warm_gpus, loss.peak)):
        losses = list(same)
        loss = losses[0]
        numbers = (loss.replicas, loss.needed, loss.warm_gpus, loss.most_gpus, loss.peak)
        cells = (_names([each.lost for each in losses]), *map(str, numbers), _mark(loss.holds))
        rows.append((loss.region, cells))
    _add(table, rows)
    return table


def _cost(found: Sequence[Warmth]) -> Table:
    columns = ("region", "GPUs serving", "warm for a zone", "warm for a region", "cold for a region")
    table = _table(f"What the promise costs, in a month of {HOURS_A_MONTH} hours", columns)
    _add(
        table,
        (
            (
                warm.region,
                (
                    str(warm.serving),
                    _kept(warm, warm.for_zone),
                    _kept(warm, warm.for_region),
                    f"{warm.missing_for_region} to start" if warm.missing_for_region else "-",
                ),
            )
            for warm in found
        ),
    )
    return table


def _kept(warm: Warmth, gpus: int) -> str:
    money: Decimal | None = warm.money(gpus)
    price = f" = {money:,.2f}" if money is not None else ""
    return f"{gpus} GPUs, {warm.gpu_hours(gpus):,} GPU-hours{price}" if gpus else "-"


def _quotas(found: Sequence[Quota]) -> Table:
    table = _table(
        "Quotas: the most that is used of what AWS allows by default",
        ("quota", "for each", "used", "limit", "too many with", ""),
    )
    for quota in found:
        table.add_row(
            quota.name, quota.scope, str(quota.used), str(quota.limit), _breaks(quota), _state(quota)
        )
    return table


def _breaks(quota: Quota) -> str:
    if quota.breaks_at is None:
        return "-"
    return f"{quota.breaks_at} regions" + (" around one" if quota.grows is Grows.PEERS else "")


def _state(quota: Quota) -> str:
    if quota.holds:
        return "holds"
    return "[bold yellow]ask AWS[/]" if quota.can_be_raised else _mark(holds=False)
