"""`sandbox up|down|status|kubeconfig`."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table

from automation.commands.common import JsonOption, emit_json, progress, show, tell
from automation.project import demand_sound, platform
from automation.targets import checkout, lifecycle
from config.files import read_folder
from sandbox.progress import Progress

app = typer.Typer(
    help="Both regions on this machine: real engine, real Kubernetes API servers, moto.", no_args_is_help=True
)


@app.command()
def up() -> None:
    """Start the sandbox, or what is missing of it. The first time builds its tools, which takes minutes."""
    with progress() as display:
        state = start(display)
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
    found = lifecycle().status()
    if as_json:
        emit_json(found)
        return
    show(*_status_tables(found))


@app.command()
def kubeconfig(region: Annotated[str, typer.Argument(help="The region.")]) -> None:
    """Print where a region's kubeconfig is, for KUBECONFIG."""
    print(lifecycle().kubeconfig(region))  # noqa: T201 - the result of the command
