"""The platform as the stack files of a folder describe it, and what stands in the way of using them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from automation.errors import RefusedError, UnknownRegionError
from automation.joins import order
from config.budgets.sheet import Sheet, sheet
from config.files import read_folder
from config.platform import Platform
from config.problems import ConfigError, Problem, from_validation
from config.reading import MESH_CA, MESH_CA_KEY, PLATFORM


def problems(folder: Path, regions: Sequence[str] = ()) -> list[Problem]:
    """Every fault of the stack files; with `regions`, without those that only concern other stacks."""
    found = read_folder(folder).problems
    if not regions:
        return found
    return [problem for problem in found if _concerns(problem, regions)]


def check_sheet(folder: Path) -> tuple[list[Problem], Sheet | None]:
    """Every fault, and the budgets as far as the files can be read: faults do not hide them."""
    reading = read_folder(folder)
    return reading.problems, sheet(reading.shape, reading.regions) if reading.shape else None


def budgets(folder: Path, whole: Platform) -> Sheet:
    """The budgets of `whole` with the regions whose stack files can be read."""
    return sheet(whole, read_folder(folder).regions)


def _concerns(problem: Problem, regions: Sequence[str]) -> bool:
    stack, colon, _ = problem.key.partition(": ")
    return not colon or stack in regions


def demand_sound(folder: Path, regions: Sequence[str], *, mesh_ca: bool = True) -> None:
    """RefusedError with every fault at once; `mesh_ca=False` leaves the mesh's certificates aside."""
    found = problems(folder, regions)
    if not mesh_ca:
        found = [problem for problem in found if f": {MESH_CA}" not in f": {problem.key}"]
    if found:
        raise RefusedError(str(ConfigError(found)))


def platform(folder: Path) -> Platform:
    """The platform of Pulumi.yaml. RefusedError when it cannot be read."""
    path = folder / "Pulumi.yaml"
    try:
        document: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        value = document["config"][PLATFORM]
        return Platform.model_validate(value["value"] if set(value) == {"value"} else value)
    except ValidationError as error:
        raise RefusedError(str(ConfigError(from_validation(error, PLATFORM)))) from error
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        fault = Problem(str(path), "", f"has no readable {PLATFORM}; run this where the project's files are")
        raise RefusedError(str(ConfigError([fault]))) from error


def choose(platform: Platform, asked: Sequence[str]) -> list[str]:
    """The regions asked for, all of them when none are named, in the order in which they come up."""
    for name in asked:
        if name not in platform.regions:
            raise UnknownRegionError(name, tuple(platform.regions))
    return order(platform, asked)


__all__ = [
    "MESH_CA",
    "MESH_CA_KEY",
    "budgets",
    "check_sheet",
    "choose",
    "demand_sound",
    "platform",
    "problems",
]
