"""HTTP/2 on a pod's connection, which a mesh's proxies speak where `h2UpgradePolicy` says so.

One thread owns the connection, because a TLS connection is not to be read and written at once; each request
is answered by a thread of its own, so that a slow one keeps no other waiting.
"""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Thread

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, DataReceived, Event, RequestReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError

PROTOCOL = "h2"
_CHUNK = 65536


@dataclass(frozen=True)
class Reply:
    """An answer, with its headers by their lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class _Asked:
    """A request that is still arriving."""

    method: str
    path: str
    body: bytearray = field(default_factory=bytearray)


Answer = Callable[[str, str, bytes], Reply]
"""Method, path and body to an answer."""


def serve(secured: ssl.SSLSocket, answer: Answer) -> None:
    """Answer requests until the other side, or the pod, ends the connection. OSError when it breaks."""
    reading, waking = socket.socketpair()
    with reading, waking:
        _Connection(secured, answer, reading, waking).run()


class _Connection:
    def __init__(
        self, secured: ssl.SSLSocket, answer: Answer, reading: socket.socket, waking: socket.socket
    ) -> None:
        self._secured = secured
        self._answer = answer
        self._reading, self._waking = reading, waking
        self._replies: SimpleQueue[tuple[int, Reply]] = SimpleQueue()
        self._asked: dict[int, _Asked] = {}
        self._unsent: dict[int, bytes] = {}
        config = H2Configuration(client_side=False, header_encoding=False)
        self._h2 = H2Connection(config=config)

    def run(self) -> None:
        self._h2.initiate_connection()
        with contextlib.suppress(ProtocolError):
            while self._turn():
                continue
        self._flush()

    def _turn(self) -> bool:
        """Send what can be sent, then wait for the next thing to do; whether there will be another."""
        self._send_replies()
        self._send_bodies()
        self._flush()
        ready = [self._secured]
        if not self._secured.pending():
            ready, _, _ = select.select([self._secured, self._reading], [], [])
        if self._reading in ready:
            self._reading.recv(_CHUNK)
        if self._secured not in ready:
            return True
        data = self._secured.recv(_CHUNK)
        goes_on = bool(data)
        for event in self._h2.receive_data(data) if data else ():
            goes_on = self._handle(event) and goes_on
        return goes_on

    def _handle(self, event: Event) -> bool:
        """Whether the connection goes on after it."""
        if isinstance(event, RequestReceived):
            headers = dict(event.headers)
            self._asked[event.stream_id] = _Asked(headers[b":method"].decode(), headers[b":path"].decode())
        elif isinstance(event, DataReceived):
            self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            if event.stream_id in self._asked:
                self._asked[event.stream_id].body += event.data
        elif isinstance(event, StreamEnded):
            asked = self._asked.pop(event.stream_id, None)
            if asked is not None:
                Thread(target=self._work, args=(event.stream_id, asked), daemon=True).start()
        elif isinstance(event, StreamReset):
            self._asked.pop(event.stream_id, None)
            self._unsent.pop(event.stream_id, None)
        return not isinstance(event, ConnectionTerminated)

    def _work(self, stream: int, asked: _Asked) -> None:
        self._replies.put((stream, self._answer(asked.method, asked.path, bytes(asked.body))))
        with contextlib.suppress(OSError):  # the connection has ended
            self._waking.send(b"\0")

    def _send_replies(self) -> None:
        while True:
            try:
                stream, reply = self._replies.get_nowait()
            except Empty:
                return
            with contextlib.suppress(ProtocolError):  # the asker has given up
                headers = [(":status", str(reply.status)), *reply.headers.items()]
                self._h2.send_headers(stream, headers)
                self._unsent[stream] = reply.body

    def _send_bodies(self) -> None:
        """As much of each body as the other side has room for."""
        for stream, body in list(self._unsent.items()):
            try:
                rest = self._send_body(stream, body)
            except ProtocolError:
                rest = None
            if rest is None:
                del self._unsent[stream]
            else:
                self._unsent[stream] = rest

    def _send_body(self, stream: int, body: bytes) -> bytes | None:
        """What is left of it, None when it has been sent to the end."""
        while body:
            room = min(self._h2.local_flow_control_window(stream), self._h2.max_outbound_frame_size)
            if room <= 0:
                return body
            self._h2.send_data(stream, body[:room])
            body = body[room:]
        self._h2.end_stream(stream)
        return None

    def _flush(self) -> None:
        data = self._h2.data_to_send()
        if data:
            self._secured.sendall(data)
