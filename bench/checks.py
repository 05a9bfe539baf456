"""How long `standfast check` takes, and how that grows from 2 to 24 regions.

`python -m bench.checks` measures it alone and writes its section of docs/benchmarks.md.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from automation.mesh_ca import issue, make_root
from automation.project import check_sheet
from automation.targets import checkout
from bench.command import STANDFAST
from bench.sections import write
from config.checks import MAX_REGIONS

TITLE = "`standfast check` from 2 to 24 regions"
COUNTS = (2, 6, 12, 18, MAX_REGIONS)
AIM = 3.0
_RUNS = 3
_AREAS = ("us", "eu", "ap", "sa")


@dataclass(frozen=True)
class Took:
    """Seconds: of the whole command on the wall, and of the processor for its work once it has started."""

    wall: float
    work: float


def project(source: Path, count: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Pulumi.yaml and, by region, the stack files of a ring of ``count`` regions like those of ``source``."""
    whole = yaml.safe_load((source / "Pulumi.yaml").read_text(encoding="utf-8"))
    value = whole["config"]["standfast:platform"]["value"]
    pattern = yaml.safe_load((source / f"Pulumi.{value['primary']}.yaml").read_text(encoding="utf-8"))
    locations = [f"{area}-{side}-{n}" for area in _AREAS for side in ("east", "west") for n in (1, 2, 3)]
    names = [f"region-{number:02}" for number in range(count)]
    value["primary"] = names[0]
    value["regions"] = {
        name: {
            "cloud": "aws",
            "location": locations[number],
            "cidr": f"10.{number * 8}.0.0/16",
            "failoverTo": names[(number + 1) % count],
        }
        for number, name in enumerate(names)
    }
    root = make_root(value["name"])
    stacks: dict[str, Any] = {}
    for number, name in enumerate(names):
        stack = deepcopy(pattern)
        config = stack["config"]
        config["standfast:region"]["zones"] = [f"{locations[number]}{zone}" for zone in "abc"]
        authority = issue(root, value["name"], name)
        config["standfast:meshCa"], config["standfast:meshCaKey"] = authority.public(), authority.ca_key
        stacks[name] = stack
    return whole, stacks


def measure(counts: tuple[int, ...] = COUNTS) -> dict[int, Took]:
    """By number of regions the middle one of three runs. RuntimeError when the files are not sound."""
    found: dict[int, Took] = {}
    for count in counts:
        with tempfile.TemporaryDirectory(prefix="standfast-bench-") as folder:
            whole, stacks = project(checkout(), count)
            (Path(folder) / "Pulumi.yaml").write_text(yaml.safe_dump(whole), encoding="utf-8")
            for name, stack in stacks.items():
                (Path(folder) / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump(stack), encoding="utf-8")
            found[count] = Took(_middle(_command, folder), _middle(_work, folder))
    return found


def _middle(measured: Callable[[str], float], folder: str) -> float:
    return sorted(measured(folder) for _ in range(_RUNS))[_RUNS // 2]


def _command(folder: str) -> float:
    began = time.monotonic()
    done = subprocess.run(
        [str(STANDFAST), "check", "--directory", folder], stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"check refused the files that are measured:\n{done.stdout}")
    return time.monotonic() - began


def _work(folder: str) -> float:
    began = time.process_time()
    _, sheet = check_sheet(Path(folder))
    if sheet is None:
        raise RuntimeError("the files that are measured have no budgets")
    sheet.document()
    return time.process_time() - began


def off_the_line(found: Mapping[int, float]) -> float:
    """How far the farthest value is from the line through the first and the last, as a part of its own."""
    first, last = min(found), max(found)
    slope = (found[last] - found[first]) / (last - first)
    return max(abs(value / (found[first] + slope * (count - first)) - 1) for count, value in found.items())


def section(found: Mapping[int, Took]) -> str:
    """The section's text."""
    work = {count: took.work for count, took in found.items()}
    first, last = min(found), max(found)
    each = (work[last] - work[first]) / (last - first)
    lines = [
        "| regions | aim | the command | reading and adding up |",
        "| --- | --- | --- | --- |",
        *(
            f"| {count} | {f'{AIM:.0f} s' if count == last else ''} | {took.wall:.2f} s "
            f"| {took.work * 1000:.0f} ms |"
            for count, took in found.items()
        ),
    ]
    return "\n".join(lines) + (
        "\n\nThe middle one of three runs, on a ring of regions like our own, each with a mesh CA. The last "
        "column is the processor's time without the start of Python: one region more costs "
        f"{each * 1000:.1f} ms, and no value is more than {off_the_line(work):.0%} off the straight line "
        f"from {first} to {last} regions.\n"
    )


def main() -> None:
    """Measure, and write the section."""
    write(TITLE, section(measure()))


if __name__ == "__main__":
    main()
