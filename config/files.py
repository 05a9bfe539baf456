"""The configuration as it stands in a folder: Pulumi.yaml and one Pulumi.<region>.yaml for each region."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from config.problems import Problem
from config.reading import MESH_CA, MESH_CA_KEY, PLATFORM, REGION, Reading, StackText, read

_SECRET = "secure"  # noqa: S105 - the key under which Pulumi writes an encrypted value


def read_folder(folder: Path) -> Reading:
    """Reads all stack files of ``folder`` and checks them together; needs neither a cloud nor an engine."""
    problems: list[Problem] = []
    project = _config(folder / "Pulumi.yaml", problems)
    platform = project.get(PLATFORM)
    if isinstance(platform, dict) and set(platform) == {"value"}:
        platform = platform["value"]
    stacks: dict[str, StackText] = {}
    for path in sorted(folder.glob("Pulumi.*.yaml")):
        values = _config(path, problems)
        stacks[path.name.removeprefix("Pulumi.").removesuffix(".yaml")] = StackText(
            region=values.get(REGION), mesh_ca=values.get(MESH_CA), mesh_ca_key=_key(values.get(MESH_CA_KEY))
        )
    reading = read(platform, stacks)
    regions = platform.get("regions") if isinstance(platform, dict) else None
    for name in regions if isinstance(regions, dict) else ():
        if name not in stacks:
            problems.append(
                Problem(f"{PLATFORM}.regions.{name}", "", f"has no stack file; write Pulumi.{name}.yaml")
            )
    return Reading(
        None if problems else reading.platform,
        reading.regions,
        reading.mesh_cas,
        sorted({*reading.problems, *problems}),
        reading.shape,
    )


def _key(value: Any) -> str | bool | None:
    """The key when it is plain text (it should not be), True when it is encrypted."""
    if isinstance(value, dict):
        return _SECRET in value
    return value if isinstance(value, str) else None


def _config(path: Path, problems: list[Problem]) -> dict[str, Any]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        problems.append(Problem(path.name, "", "is missing; run this where the project's files are"))
        return {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else ""
        problems.append(Problem(path.name, where, f"is not YAML: {getattr(error, 'problem', error)}"))
        return {}
    config = document.get("config") if isinstance(document, dict) else None
    return config if isinstance(config, dict) else {}
