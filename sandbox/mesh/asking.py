"""Asks a server inside of a network namespace over HTTP, from outside of it."""

from __future__ import annotations

import sys

from sandbox.errors import SandboxError
from sandbox.network.namespace import Namespace

_SCRIPT = """
import http.client, sys
connection = http.client.HTTPConnection(sys.argv[1], int(sys.argv[2]), timeout=3)
connection.request("GET", sys.argv[3])
answer = connection.getresponse()
print(answer.status)
sys.stdout.write(answer.read().decode(errors="replace"))
"""


def ask(namespace: Namespace, address: str, port: int, path: str) -> tuple[int, str]:
    """The status and body that a server answers. OSError when none does."""
    try:
        said = namespace.run([sys.executable, "-I", "-S", "-c", _SCRIPT, address, str(port), path])
    except SandboxError as error:
        raise OSError(str(error)) from error
    status, _, body = said.partition("\n")
    return int(status), body
