"""fake-gcs-server for tests."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager

from sandbox.gcs import NAME, answers, arguments
from sandbox.tools import ensure


@contextmanager
def serving() -> Generator[str]:
    """The address of a server that holds nothing, until the context is left."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    program = ensure([NAME]).program(NAME)
    server = subprocess.Popen(arguments(program, "127.0.0.1", port), stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 20.0
        while not _is_up(port):
            assert server.poll() is None and time.monotonic() < deadline, "fake-gcs-server does not answer"
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def _is_up(port: int) -> bool:
    try:
        return answers("127.0.0.1", port)
    except OSError:
        return False
