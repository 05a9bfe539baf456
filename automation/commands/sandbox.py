"""`sandbox up|down|status|kubeconfig|exec`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import RenderableType
from rich.table import Table

from automation.commands.common import JsonOption, emit_json, progress, show, tell
from automation.project import demand_sound, platform
from automation.targets import checkout, lifecycle
from config.files import read_folder
from sandbox.progress import Progress

if TYPE_CHECKING:
    from sandbox.status import SandboxStatus

app = typer.Typer(
    help="Both regions on this machine: real engine, real Kubernetes API servers, moto.", no_args_is_help=True
)


NetworkOption = Annotated[
    bool, typer.Option("--network", help="Regions as network namespaces too, so that traffic is real.")
]


@app.command()
def up(network: NetworkOption = False) -> None:
    """Start the sandbox, or what is missing of it. The first time builds its tools, which takes minutes."""
    with progress() as display:
        state = start(display)
        if network:
            from sandbox.network.lifecycle import attach  # noqa: PLC0415 - only a sandbox user has what it needs

            attach(state, display)
    tell(f"sandbox {state.id} is up; `standfast up --target sandbox` brings the regions up on it")


def start(shown: Progress) -> Any:
    """Start the sandbox that the stack files describe; its state."""
    folder, sandbox = checkout(), lifecycle()
    demand_sound(folder, (), mesh_ca=False)
    whole, regions = platform(folder), read_folder(folder).regions
    specs = {
        name: sandbox.RegionSpec(entry.location, regions[name].zones) for name, entry in whole.regions.items()
    }
    return sandbox.up(specs, whole.hosted_zone, folder, shown)


@app.command()
def down() -> None:
    """Stop all of the sandbox, also what a killed command left, and remove its state. Logs are kept."""
    with progress() as display:
        lifecycle().down(display)


@app.command()
def status(as_json: JsonOption = False) -> None:
    """Show what runs, where it answers, and which add-ons are real processes or only recorded."""
    lifecycle()
    from sandbox.status import status as look  # noqa: PLC0415 - only a sandbox user has what it needs

    found = look()
    if as_json:
        emit_json(found.model_dump(mode="json"))
    else:
        show(*status_tables(found))


def status_tables(found: SandboxStatus) -> list[RenderableType]:
    """The sandbox as a person sees it."""
    if not found.exists:
        return [f"sandbox {found.id} is not up; `standfast sandbox up` starts it"]
    processes = Table(title="processes")
    for column in ("process", "state", "pid", "port", "MiB"):
        processes.add_column(column, justify="left" if column in {"process", "state"} else "right")
    for row in found.processes:
        numbers = ("" if value is None else str(value) for value in (row.pid, row.port, row.memory_mib))
        processes.add_row(row.name, str(row.state), *numbers)
    regions = Table(title="regions")
    for column in ("region", "location", "zones", "API server", "kubeconfig"):
        regions.add_column(column, overflow="fold")
    for region in found.regions:
        answers = region.endpoint if region.reachable else f"{region.endpoint} does not answer"
        zones = ", ".join(zone[-1] for zone in region.zones)
        regions.add_row(region.name, region.location, zones, answers, str(region.kubeconfig))
    addons = Table(title="add-ons")
    for column in ("region", "release", "chart", "what stands here"):
        addons.add_column(column)
    for addon in found.addons:
        addons.add_row(addon.region, addon.release, f"{addon.chart} {addon.version}", str(addon.kind))
    state = "up" if found.up else "not whole; `standfast sandbox up` finishes it"
    summary = (
        f"sandbox {found.id} is {state}; {found.memory_mib} MiB; moto: {found.moto_url}; state: {found.root}"
    )
    return [processes, regions, addons, summary]


@app.command(name="exec")
def execute(
    namespace: Annotated[str, typer.Argument(help="`world`, where clients are, or a region.")],
    command: Annotated[list[str], typer.Argument(help="The command; `--` goes before it.")],
) -> None:
    """Run a command inside of a network namespace, in this folder and with this terminal."""
    state = lifecycle().load()
    from sandbox.network.lifecycle import namespaces  # noqa: PLC0415 - only a sandbox user has what it needs

    argv = namespaces(state)[namespace].entering(command, Path.cwd())
    os.execvp(argv[0], argv)  # noqa: S606 - the user's own command, which takes this process's place


@app.command()
def kubeconfig(region: Annotated[str, typer.Argument(help="The region.")]) -> None:
    """Print where a region's kubeconfig is, for KUBECONFIG."""
    print(lifecycle().kubeconfig(region))  # noqa: T201 - the result of the command
