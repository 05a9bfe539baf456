from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.providers.aws.provider import AwsProvider
from tests.sandbox.aws_provider.driver import Driver
from tests.sandbox.aws_provider.inventory import inventory


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a moto server of these tests' own."""
    port = _free_port()
    log = (tmp_path_factory.mktemp("moto") / "moto.log").open("w")
    server = Path(sys.executable).parent / "moto_server"
    process = subprocess.Popen(
        [str(server), "-H", "127.0.0.1", "-p", str(port)],
        stdout=log,
        stderr=log,
        env={**os.environ, "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"},
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(10)
        log.close()


@pytest.fixture(scope="session")
def provider(moto: str, tmp_path_factory: pytest.TempPathFactory) -> AwsProvider:
    return AwsProvider(moto, tmp_path_factory.mktemp("sandbox"))


@pytest.fixture(scope="session")
def empty(provider: AwsProvider) -> dict[str, set[str]]:
    """What the account holds before any test."""
    return inventory(Driver(provider=provider, session=provider.configure({"region": "us-east-1"})))


@pytest.fixture
def driver(provider: AwsProvider) -> Iterator[Driver]:
    """An engine whose resources are gone after the test."""
    session = provider.configure(
        {"region": "us-east-1", "defaultTags": '{"tags": {"platform": "standfast"}}'}
    )
    driver = Driver(provider=provider, session=session)
    yield driver
    for resource in reversed(list(driver.made)):
        driver.delete(resource)
    route53 = driver.aws("route53")
    for zone in route53.list_hosted_zones()["HostedZones"]:
        route53.delete_hosted_zone(Id=zone["Id"])
