"""What the commands share: options, progress on stderr, results on stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console, RenderableType

from automation.stacks import Stacks
from automation.targets import TargetName, checkout, workspace_of
from sandbox.progress import Display

_TERMINAL_SECONDS = 0.5
_PLAIN_SECONDS = 15.0

TargetOption = Annotated[
    TargetName,
    typer.Option(
        "--target", help="Where the regions are: in a cloud account, or in the sandbox on this machine."
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout, and nothing else there.")
]
RegionsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[REGION…]", help="Regions by name; all of them when none is named."),
]


def folder_of(target: TargetName) -> Path:
    """The folder whose stack files count."""
    return workspace_of(target).folder if target is TargetName.SANDBOX else checkout()


@contextmanager
def progress() -> Generator[Display]:
    """Where long work shows how far it is."""
    with Display(sys.stderr) as display:
        yield display


@contextmanager
def stacks(target: TargetName) -> Generator[Stacks]:
    """The stacks of a target, with their progress shown."""
    place = workspace_of(target)
    with progress() as display:
        yield Stacks(place, display, note_every=note_seconds())


def note_seconds() -> float:
    """How often a running step tells how far it is: a log should stay readable."""
    return _TERMINAL_SECONDS if sys.stderr.isatty() else _PLAIN_SECONDS


def emit_json(document: Any) -> None:
    """The one JSON document of a command."""
    sys.stdout.write(json.dumps(document, indent=2, sort_keys=False) + "\n")


def show(*renderables: RenderableType) -> None:
    """A command's result for a person, on stdout; where that is no terminal, tables are not cut."""
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 140)
    for renderable in renderables:
        console.print(renderable)


def tell(text: str) -> None:
    """A remark for a person, on stderr."""
    Console(file=sys.stderr, soft_wrap=True, highlight=False).print(text, markup=False)
