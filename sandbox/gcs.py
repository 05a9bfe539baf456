"""fake-gcs-server, which stands in for Cloud Storage (https://github.com/fsouza/fake-gcs-server).

Its objects are in memory, as moto's are: what it keeps on a disk has no versions, which the program's bucket
asks for.
"""

from __future__ import annotations

import http.client
from pathlib import Path

from sandbox.control_plane import wait_until
from sandbox.host import Command, Host
from sandbox.paths import SandboxPaths
from sandbox.processes import Processes
from sandbox.tools import Tools

NAME = "fake-gcs-server"
ENDPOINT_VARIABLE = "STORAGE_EMULATOR_HOST"
"""Where Google's own storage libraries look for a server that asks for no credential."""


def start_gcs(paths: SandboxPaths, host: Host, tools: Tools, port: int) -> str:
    """Start it unless it runs, wait until it answers, and return its address."""
    processes = Processes(paths)
    if processes.find(NAME) is None:
        argv = arguments(tools.program(NAME), host.address, port)
        host.start(Command(name=NAME, argv=argv, port=port))
    wait_until(lambda: answers(host.address, port), f"{NAME} does not answer", processes, NAME, paths)
    return f"http://{host.address}:{port}"


def arguments(program: Path, address: str, port: int) -> list[str]:
    """The server's command line."""
    where = ["-scheme", "http", "-host", address, "-port", str(port)]
    # Uploads that go on in a second request are told where to by this name.
    public = ["-external-url", f"http://{address}:{port}", "-public-host", f"{address}:{port}"]
    return [str(program), *where, *public, "-backend", "memory", "-log-level", "warn"]


def answers(address: str, port: int) -> bool:
    """Whether the server is there."""
    connection = http.client.HTTPConnection(address, port, timeout=5.0)
    try:
        connection.request("GET", "/storage/v1/b?project=sandbox")
        return connection.getresponse().status == http.HTTPStatus.OK
    except http.client.HTTPException:
        return False
    finally:
        connection.close()
