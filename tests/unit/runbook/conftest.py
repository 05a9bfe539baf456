"""The platform of the project's own files, and larger ones."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from config.platform import Platform

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def platform() -> Platform:
    text = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    return Platform.model_validate(text["config"]["standfast:platform"]["value"])
