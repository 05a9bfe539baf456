"""`mesh-ca create|rotate`: the certificates with which the regions' meshes trust each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from automation.commands.common import RegionsArgument, TargetOption, folder_of, stacks, tell
from automation.errors import AutomationError
from automation.mesh_ca import Intermediate, MeshCaError, Root, issue, load_root, make_root, save_root
from automation.project import MESH_CA, MESH_CA_KEY, choose, demand_sound, platform
from automation.stacks import Stacks, Steps
from automation.targets import TargetName
from config.files import read_folder
from config.platform import Platform

STEP = "mesh CA"

app = typer.Typer(
    help="The mesh's authority: one root, whose key stays with you, and an intermediate a region.",
    no_args_is_help=True,
)
RootKeyOption = Annotated[
    Path,
    typer.Option("--root-key", help="The file with the root's certificate and key. Keep it off line."),
]


@app.command()
def create(root_key: RootKeyOption, *, target: TargetOption = TargetName.CLOUD) -> None:
    """Make the root, unless its file is there, and an intermediate for each region that has none."""
    folder = folder_of(target)
    whole = platform(folder)
    demand_sound(folder, (), mesh_ca=False)
    with stacks(target) as place:
        place.init(tuple(whole.regions))
        made = fill(place, folder, whole, root_key)
    tell(f"the root is in {root_key}: keep it off line, it is not needed to run anything")
    tell(f"new intermediates: {', '.join(made) or 'none was missing'}; `standfast up` brings them out")


def fill(place: Stacks, folder: Path, whole: Platform, root_key: Path) -> list[str]:
    """Intermediates for the regions that have none. MeshCaError when others are of another root."""
    present = read_folder(folder).mesh_cas
    if present and not root_key.exists():
        raise MeshCaError(
            f"{root_key} is not there, and {', '.join(present)} already have certificates of a root; name "
            "the file of that root, or go to a new one with `standfast mesh-ca rotate`"
        )
    root = _root(root_key, whole)
    strange = [name for name, ca in present.items() if root.certificate.strip() not in ca.root_cert]
    if strange:
        raise MeshCaError(
            f"{', '.join(strange)} have certificates of another root than {root_key}; name that root's file, "
            "or go to this one with `standfast mesh-ca rotate`"
        )
    missing = [region for region in whole.regions if region not in present]
    _set(place, missing, lambda region: issue(root, whole.name, region))
    return missing


def ensure(place: Stacks, folder: Path, whole: Platform, root_key: Path, steps: Steps) -> None:
    """As `create`, quietly: for a platform that nobody else trusts."""
    steps.start(STEP, "certificates for the mesh")
    try:
        made = fill(place, folder, whole, root_key)
    except BaseException:
        steps.fail(STEP)
        raise
    steps.done(STEP, f"made for {', '.join(made)}" if made else "there already")


@app.command()
def rotate(
    regions: RegionsArgument = None,
    *,
    root_key: RootKeyOption,
    new_root_key: Annotated[
        Path | None,
        typer.Option("--new-root-key", help="Go to another root, in three steps; made when it is missing."),
    ] = None,
    step: Annotated[
        int,
        typer.Option(
            min=1,
            max=3,
            help="With a new root: 1 trusts both, 2 signs with the new one, 3 trusts only that. All regions "
            "go one step (`standfast up`, then a day) before any goes the next.",
        ),
    ] = 1,
    target: TargetOption = TargetName.CLOUD,
) -> None:
    """Give regions new intermediates: of the same root, or on the way to another."""
    folder = folder_of(target)
    whole = platform(folder)
    chosen = choose(whole, regions or ())
    old = load_root(root_key)
    if new_root_key is None:
        sign = _of(old, whole)
    elif new_root_key == root_key:
        raise AutomationError("--new-root-key names the same file as --root-key; name another file")
    else:
        new = _root(new_root_key, whole)
        steps = {
            1: _of(old, whole, new.certificate),
            2: _of(new, whole, old.certificate),
            3: _of(new, whole),
        }
        sign = steps[step]
    with stacks(target) as place:
        place.init(tuple(whole.regions))
        _set(place, chosen, sign)
    tell(f"new intermediates: {', '.join(chosen)}; `standfast up` brings them out")


def _of(root: Root, whole: Platform, *also_trusted: str) -> Callable[[str], Intermediate]:
    return lambda region: issue(root, whole.name, region, also_trusted=also_trusted)


def _root(path: Path, whole: Platform) -> Root:
    if not path.exists():
        save_root(make_root(whole.name), path)
    return load_root(path)


def _set(place: Stacks, regions: Sequence[str], sign: Callable[[str], Intermediate]) -> None:
    for region in regions:
        authority = sign(region)
        place.set_config(region, MESH_CA, authority.public())
        place.set_secret(region, MESH_CA_KEY, authority.ca_key)
