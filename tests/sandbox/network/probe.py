"""Asks and answers over TCP, run inside of namespaces: `probe.py serve ADDRESS:PORT…`, `probe.py ask …`."""

from __future__ import annotations

import socket
import sys
import time
from threading import Thread

TIMEOUT = 0.7


def address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


def serve(listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(listener.getsockname()[0].encode())


def ask(text: str) -> str:
    """The server's word, `refused` or `silent`."""
    try:
        with socket.create_connection(address(text), timeout=TIMEOUT) as connection:
            return connection.recv(64).decode()
    except TimeoutError:
        return "silent"
    except OSError:
        return "refused"


if __name__ == "__main__":
    if sys.argv[1] == "ask":
        sys.stdout.write("\n".join(ask(text) for text in sys.argv[2:]))
    else:
        for listener in [socket.create_server(address(text)) for text in sys.argv[2:]]:
            Thread(target=serve, args=(listener,), daemon=True).start()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        time.sleep(3600)
