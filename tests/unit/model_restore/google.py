"""A Cloud Storage that answers what the script asks, by HTTP, and notes how it was asked."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

_POLYNOMIAL = 0x82F63B78


def crc32c(data: bytes) -> str:
    """The checksum as both stores write it: https://www.rfc-editor.org/rfc/rfc3720#appendix-B.4"""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
    return base64.b64encode(struct.pack(">I", value ^ 0xFFFFFFFF)).decode()


@dataclass
class Google:
    """``versions`` are (name, generation, bytes); ``page`` is how many a listing gives at once."""

    versions: list[tuple[str, int, bytes]]
    page: int = 1000
    token: str = ""
    address: str = ""
    asked: list[str] = field(default_factory=list[str])
    exchanged: list[dict[str, str]] = field(default_factory=list[dict[str, str]])

    def listed(self, start: int) -> dict[str, Any]:
        """One page of the listing."""
        items = [
            {
                "name": name,
                "generation": str(generation),
                "size": str(len(data)),
                "crc32c": crc32c(data),
                "contentType": "application/x-weights",
                "metadata": {"made-by": "training"},
                "timeCreated": "2026-11-25T12:00:00Z",
                "customTime": f"2026-11-25T11:00:{generation % 60:02d}Z",
            }
            for name, generation, data in self.versions[start : start + self.page]
        ]
        end = start + self.page
        return {"items": items, **({"nextPageToken": str(end)} if end < len(self.versions) else {})}

    def data(self, name: str, generation: int) -> bytes:
        """The bytes of one version."""
        return next(data for known, number, data in self.versions if (known, number) == (name, generation))


@contextmanager
def serving(google: Google) -> Generator[Google]:
    """The store at an address of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(url.query).items()}
            google.asked.append(self.path)
            if google.token and self.headers["Authorization"] != f"Bearer {google.token}":
                self.send_error(401)
                return
            if url.path.startswith("/download/"):
                name = unquote(url.path.rpartition("/o/")[2])
                self._answer(self._ranged(google.data(name, int(query["generation"]))))
                return
            assert query["versions"] == "true"
            self._answer(json.dumps(google.listed(int(query.get("pageToken", 0)))).encode())

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            google.exchanged.append({key: values[0] for key, values in form.items()})
            self._answer(json.dumps({"access_token": google.token, "expires_in": 3600}).encode())

        def _ranged(self, data: bytes) -> bytes:
            asked = self.headers["Range"]
            if not asked:
                return data
            start, _, end = asked.removeprefix("bytes=").partition("-")
            return data[int(start) : int(end) + 1]

        def _answer(self, data: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    google.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield google
    finally:
        server.shutdown()
        server.server_close()
