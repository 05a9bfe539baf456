"""What takes long is no part of the quick check: what stands in for a cloud, and every mistake there is."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

SLOW = [Path(__file__).parent / folder for folder in ("sandbox", "policy")]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in SLOW):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def _loop() -> None:
    """A pulumi.Output asks for the current event loop, which asyncio.run of an earlier test took away."""
    try:
        asyncio.get_event_loop()
    except RuntimeError:
        asyncio.set_event_loop(asyncio.new_event_loop())
