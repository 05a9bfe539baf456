"""The lesson's own manifests, unchanged: what a test of a mended fault must see fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


def manifest(name: str) -> dict[str, Any]:
    """The lesson's manifest ``<name>.yaml``, for example ``deployment``."""
    return yaml.safe_load((Path(__file__).parent / f"{name}.yaml").read_text())
