"""Fixtures of the program tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pulumi.runtime import settings


@pytest.fixture(autouse=True)
def _fresh_runtime() -> Iterator[None]:
    """Leave no mocks behind: the SDK keeps its settings and its stack for the whole process."""
    yield
    settings.reset_options()
