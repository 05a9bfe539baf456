"""`preview`, `up`, `destroy` and `outputs` of the regions."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.table import Table

from automation.bring_up import bring_up
from automation.commands.budget_tables import promises
from automation.commands.common import (
    JsonOption,
    RegionsArgument,
    TargetOption,
    emit_json,
    folder_of,
    show,
    stacks,
    tell,
)
from automation.errors import AutomationError
from automation.project import budgets, choose, demand_sound, platform
from automation.stacks import Kept, Outcome
from automation.targets import TargetName, settle


def preview(regions: RegionsArgument = None, target: TargetOption = TargetName.CLOUD) -> None:
    """Show what is promised, and what `up` would change. Nothing is changed."""
    folder = folder_of(target)
    whole = platform(folder)
    chosen = choose(whole, regions or ())
    demand_sound(folder, chosen)
    show(*promises(budgets(folder, whole)))
    with stacks(target) as place:
        place.init(tuple(whole.regions))
        outcomes = [place.preview(region) for region in chosen]
    show(changes_table("preview", outcomes))


def up(regions: RegionsArgument = None, target: TargetOption = TargetName.CLOUD) -> None:
    """Bring regions up, the primary first; then again those that can now join a peer.

    A run that was killed is taken over: its lock is removed when its process is gone, what it left open is
    read again, and the rest is created.
    """
    folder = folder_of(target)
    whole = platform(folder)
    chosen = choose(whole, regions or ())
    demand_sound(folder, chosen)
    for warning in budgets(folder, whole).warnings:
        tell(warning)
    with stacks(target) as place:
        result = bring_up(place, whole, chosen)
    settle(target, sorted({outcome.region for outcome in result.outcomes}))
    show(changes_table("up", result.outcomes))
    for region, peers in result.unjoined.items():
        tell(f"{region} has not joined {', '.join(peers)}: run `standfast up {region} --target {target}`")


def destroy(
    regions: RegionsArgument = None,
    target: TargetOption = TargetName.CLOUD,
    also_protected: Annotated[
        bool,
        typer.Option("--also-protected", help="Remove protected data too: buckets with models and backups."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove regions, the primary last. Protected data is kept, and it is said what was kept."""
    folder = folder_of(target)
    chosen = list(reversed(choose(platform(folder), regions or ())))
    if not yes:
        _confirm(chosen, also_protected=also_protected)
    outcomes: list[Outcome] = []
    kept: dict[str, list[Kept]] = {}
    with stacks(target) as place:
        have = place.names()
        for region in (region for region in chosen if region in have):
            outcome, left = place.destroy(region, also_protected=also_protected)
            outcomes.append(outcome)
            kept[region] = left
    settle(target, list(kept))
    show(changes_table("destroy", outcomes))
    for region, left in kept.items():
        if left:
            tell(
                f"{region} keeps protected data: {_kept(left)}\n"
                f"to remove it deliberately: `standfast destroy {region} --target {target} --also-protected`"
            )


def _kept(left: list[Kept]) -> str:
    """What holds the data, by name; what guards it, by number."""
    holders = ("Bucket", "Key")
    kinds = [item.type.rpartition(":")[2] for item in left]
    names = [f"\n  {kind} {item.id}" for kind, item in zip(kinds, left, strict=True) if kind in holders]
    return f"{''.join(sorted(names))}\n  and {len(left) - len(names)} settings that guard them"


def _confirm(regions: list[str], *, also_protected: bool) -> None:
    if not sys.stdin.isatty():
        raise AutomationError("destroy asks before it removes anything; add --yes where nobody can answer")
    data = " with their protected data, for good" if also_protected else ""
    typer.confirm(f"Remove {', '.join(regions)}{data}?", abort=True, err=True)


def outputs(
    regions: RegionsArgument = None,
    target: TargetOption = TargetName.CLOUD,
    as_json: JsonOption = False,
) -> None:
    """Print the regions' outputs. Secrets are masked."""
    chosen = choose(platform(folder_of(target)), regions or ())
    with stacks(target) as place:
        found = {region: place.outputs(region) for region in chosen}
    if as_json:
        emit_json(found)
        return
    for region, values in found.items():
        table = Table(title=region, show_header=False)
        for name, value in values.items():
            table.add_row(name, str(value))
        show(table)


def changes_table(operation: str, outcomes: list[Outcome] | tuple[Outcome, ...]) -> Table:
    """One row for each run of an operation."""
    table = Table(title=operation)
    for column in ("region", "resources", "changes", "seconds"):
        table.add_column(column, justify="left" if column in {"region", "changes"} else "right")
    for outcome in outcomes:
        text = ", ".join(f"{count} {op}" for op, count in outcome.changed.items()) or "none"
        table.add_row(outcome.region, str(outcome.resources), text, f"{outcome.seconds:.0f}")
    return table
