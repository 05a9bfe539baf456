from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox.providers.gcp.api import Session
from sandbox.providers.gcp.provider import GcpProvider
from tests.sandbox.driver import Driver
from tests.sandbox.gcs_server import serving


@pytest.fixture(scope="session")
def gcs() -> Iterator[str]:
    """The address of a fake-gcs-server of these tests' own."""
    with serving() as url:
        yield url


@pytest.fixture
def provider(gcs: str, tmp_path_factory: pytest.TempPathFactory) -> GcpProvider:
    """Whose store holds nothing."""
    return GcpProvider(gcs, tmp_path_factory.mktemp("sandbox"))


@pytest.fixture
def driver(provider: GcpProvider) -> Iterator[Driver[Session]]:
    """An engine whose resources are gone after the test."""
    labels = '{"platform": "standfast"}'
    session = provider.configure({"project": "standfast-models", "defaultLabels": labels})
    driver = Driver(provider=provider, session=session)
    yield driver
    for resource in reversed(list(driver.made)):
        driver.delete(resource)
    provider.api.close()
