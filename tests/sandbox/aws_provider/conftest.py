from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.providers.aws.provider import AwsProvider
from tests.sandbox.aws_provider.driver import Driver


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
    process = subprocess.Popen([str(server), "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{url}/moto-api/data.json", timeout=5).close()
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(10)
        log.close()


@pytest.fixture(scope="session")
def provider(moto: str, tmp_path_factory: pytest.TempPathFactory) -> AwsProvider:
    return AwsProvider(moto, tmp_path_factory.mktemp("sandbox"))


@pytest.fixture
def driver(provider: AwsProvider, moto: str) -> Driver:
    """A fresh account: moto is emptied, and so is what is kept beside it."""
    request = urllib.request.Request(f"{moto}/moto-api/reset", method="POST")
    urllib.request.urlopen(request, timeout=30).close()
    tags = '{"tags": {"platform": "standfast"}}'
    session = provider.configure({"region": "us-east-1", "defaultTags": tags})
    for kind, region, key in session.clients.store.everything():
        session.clients.store.drop(kind, region, *key.split("\n"))
    return Driver(provider=provider, session=session)
