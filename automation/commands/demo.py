"""`demo`: everything at once, on this machine."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from rich.table import Table

from automation.bring_up import JOINED, BroughtUp, bring_up
from automation.commands import mesh_ca, sandbox
from automation.commands.common import JsonOption, emit_json, note_seconds, progress, show, tell
from automation.commands.drill import hold
from automation.errors import Exit
from automation.joins import order
from automation.project import demand_sound, platform
from automation.stacks import Outcome, Stacks
from automation.targets import TargetName, drill_target, lifecycle, settle, workspace_of
from config.platform import Platform
from drills.model import Options, Report, Verdict
from drills.target import Target
from drills.view import View, Workload
from sandbox.progress import Display

DRILL = "zone-loss"
SERVICE = Workload("inference-service", "ml-serving", {"app": "inference"})


@dataclass(frozen=True)
class Shown:
    """What the demo's table needs of one region; `ups` are the runs that brought it up, in order."""

    region: str
    ups: Sequence[Outcome]
    ready: Mapping[str, int]

    @property
    def outputs(self) -> Mapping[str, Any]:
        """The stack's outputs after its last run."""
        return self.ups[-1].outputs


def demo(
    *,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave everything up, and say how to reach it.")
    ] = False,
    as_in_the_lesson: Annotated[
        bool,
        typer.Option(
            "--as-in-the-lesson", help="Show the lesson's own service beside, which takes 8 minutes."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Bring both regions up on this machine, lose a zone, show the recovery, and stop everything again."""
    began = time.monotonic()
    try:
        with progress() as display:
            state = sandbox.start(display)
            started = time.monotonic() - began
            result, whole = _regions_up(display)
            up_after = time.monotonic() - began
            target = drill_target(TargetName.SANDBOX)
            report = hold(DRILL, target, Options(whole.primary, as_in_the_lesson=as_in_the_lesson), display)
            shown = [_shown(result, region, target) for region in whole.regions]
        seconds = {"sandboxUp": started, "regionsUp": up_after, "all": time.monotonic() - began}
        if as_json:
            emit_json(document(shown, report, seconds))
        else:
            show(regions_table(shown), report.table())
        tell(f"both regions were up after {up_after:.0f} s, all of it took {seconds['all']:.0f} s")
    except BaseException:
        if keep:
            tell("what came up stays up; `make down` stops it")
        else:
            _stop()
        raise
    if keep:
        _tell_how_to_reach(state, whole)
    else:
        _stop()
    if report.verdict is Verdict.BROKEN:
        raise typer.Exit(Exit.BROKEN)


def _regions_up(display: Display) -> tuple[BroughtUp, Platform]:
    place = workspace_of(TargetName.SANDBOX)
    whole = platform(place.folder)
    stacks = Stacks(place, display, note_every=note_seconds())
    stacks.init(tuple(whole.regions))
    mesh_ca.ensure(stacks, place.folder, whole, place.folder.parent / "mesh-root.pem", display)
    demand_sound(place.folder, ())
    result = bring_up(stacks, whole, order(whole))
    settle(TargetName.SANDBOX, tuple(whole.regions))
    return result, whole


def _shown(result: BroughtUp, region: str, target: Target) -> Shown:
    ups = [outcome for outcome in result.outcomes if outcome.region == region]
    cluster = target.cluster(region)
    view = View(SERVICE)
    for found in (*cluster.list("Node"), *cluster.list("Pod", SERVICE.namespace)):
        view.apply("ADDED", found)
    return Shown(region, ups, view.snapshot(0.0).ready)


def document(regions: Sequence[Shown], report: Report, seconds: Mapping[str, float]) -> dict[str, Any]:
    """The demo's result as JSON has it."""
    return {
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
        "regions": {
            shown.region: {
                "resources": shown.ups[-1].resources,
                "zones": _zones(shown),
                "readyReplicas": dict(shown.ready),
                "joinedPeers": list(shown.outputs.get(JOINED) or ()),
                "buckets": _buckets(shown),
                "endpoints": _endpoints(shown),
                "ups": [
                    {"seconds": round(up.seconds, 1), "resources": up.resources, "changes": up.changes}
                    for up in shown.ups
                ],
            }
            for shown in regions
        },
        "drill": report.document(),
    }


def regions_table(regions: Sequence[Shown]) -> Table:
    """The regions side by side, one row for each thing that a person asks about."""
    table = Table(title="both regions", show_lines=True)
    table.add_column("")
    for shown in regions:
        table.add_column(shown.region, overflow="fold")
    rows: dict[str, list[str]] = {
        "resources": [str(shown.ups[-1].resources) for shown in regions],
        "zones": [", ".join(_zones(shown)) for shown in regions],
        "ready replicas": [
            ", ".join(f"{zone[-1]} {shown.ready.get(zone, 0)}" for zone in _zones(shown)) for shown in regions
        ],
        "joined peers": [", ".join(shown.outputs.get(JOINED) or ()) for shown in regions],
        "buckets": ["\n".join(_buckets(shown)) for shown in regions],
        "endpoints": ["\n".join(_endpoints(shown)) for shown in regions],
    }
    for name, cells in rows.items():
        table.add_row(name, *cells)
    return table


def _zones(shown: Shown) -> list[str]:
    return list(shown.outputs.get("zones") or sorted(shown.ready))


def _buckets(shown: Shown) -> list[str]:
    return [str(bucket["name"]) for bucket in (shown.outputs.get("buckets") or {}).values()]


def _endpoints(shown: Shown) -> list[str]:
    named: Mapping[str, str] = shown.outputs.get("endpoints") or {}
    balancers: Mapping[str, str] = shown.outputs.get("loadBalancers") or {}
    cluster: Mapping[str, str] = shown.outputs.get("cluster") or {}
    found = [*named.values(), balancers.get("ingress"), cluster.get("endpoint")]
    return [str(endpoint) for endpoint in found if endpoint]


def _tell_how_to_reach(state: Any, whole: Platform) -> None:
    for region in whole.regions:
        tell(f"{region}: export KUBECONFIG={lifecycle().kubeconfig(region)}")
    tell(f"AWS APIs (moto): {state.moto_url}")
    tell("stop it with: make down")


def _stop() -> None:
    with progress() as display:
        lifecycle().down(display)
