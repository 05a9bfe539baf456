"""Whole regions for tests of the program: their settings from the stack files, and recordings of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import pulumi
import yaml

from automation.mesh_ca import Root, issue, make_root
from config.mesh_ca import MeshCa
from config.platform import Platform
from config.region import Region
from config.settings import Settings
from region import build
from tests.program.recording import Recording, record
from tests.unit.conventions.source import ROOT

PLATFORM: dict[str, Any] = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]["standfast:platform"][
    "value"
]


@cache
def _root() -> Root:
    return make_root("standfast")


def region_text(name: str) -> dict[str, Any]:
    """What the stack file of a region says."""
    return yaml.safe_load((ROOT / f"Pulumi.{name}.yaml").read_text())["config"]["standfast:region"]


def settings(
    name: str, platform: Mapping[str, Any] = PLATFORM, region: Mapping[str, Any] | None = None
) -> Settings:
    """The settings of a region of ``platform``, with an authority of the tests' own root."""
    authority = issue(_root(), "standfast", name)
    return Settings(
        platform=Platform.model_validate(platform),
        name=name,
        region=Region.model_validate(region or region_text(name)),
        mesh_ca=MeshCa.model_validate(authority.public()),
        mesh_ca_key=pulumi.Output.secret(authority.ca_key),
    )


def outputs_of(recording: Recording) -> dict[str, Any]:
    """What a recorded region exports, as a StackReference of a peer would read it."""
    return dict(recording.exports)


def record_region(
    name: str,
    peers: Mapping[str, Mapping[str, Any]] | None = None,
    platform: Mapping[str, Any] = PLATFORM,
    region: Mapping[str, Any] | None = None,
    calls: Mapping[str, Any] | None = None,
) -> Recording:
    """A recording of one region; ``peers`` are the outputs of the stacks that came up before it."""
    return record(
        lambda: build(settings(name, platform, region)), stack=name, stacks=peers or {}, calls=calls
    )
