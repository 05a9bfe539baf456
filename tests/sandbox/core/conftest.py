"""Sandboxes of the tests' own: their folders in a cache that the built tools are shared with."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator

import pytest

from sandbox.tools import Tools, ensure
from tests.sandbox.core.leftovers import forget

NewIdentity = Callable[[], str]


@pytest.fixture(scope="session")
def tools() -> Tools:
    return ensure(["kubernetes", "etcd", "crds"])


@pytest.fixture
def identity() -> Iterator[NewIdentity]:
    """Gives ids of sandboxes that are gone after the test, with their logs."""
    made: list[str] = []

    def new() -> str:
        made.append(f"test-{os.getpid()}-{uuid.uuid4().hex[:6]}")
        return made[-1]

    yield new
    for name in made:
        forget(name)
