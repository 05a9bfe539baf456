"""What takes long is no part of the quick check: what stands in for a cloud, and every mistake there is."""

from __future__ import annotations

from pathlib import Path

import pytest

SLOW = [Path(__file__).parent / folder for folder in ("sandbox", "policy")]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in SLOW):
            item.add_marker(pytest.mark.slow)
