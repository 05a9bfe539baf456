"""One pod's server: mutual TLS as its sidecar speaks it, and the inference protocols behind it.

Open Inference Protocol: https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md,
with its predecessor's `:predict`. The model is an identity, as Triton's identity backend: outputs are inputs.
"""

from __future__ import annotations

import contextlib
import json
import logging
import random
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

from sandbox.pods import http2
from sandbox.pods.faults import NONE, Fault
from sandbox.pods.identity import principal_of
from sandbox.pods.models import Model
from sandbox.pods.policies import Request
from sandbox.pods.probes import Answer

_log = logging.getLogger(__name__)

READY = "/v2/health/ready"
LIVE = "/v2/health/live"
MODEL_READY = "/v2/models/default/ready"
INFER = "/v2/models/default/infer"
PREDICT = "/v1/models/default:predict"
_HANDSHAKE_SECONDS = 10.0
_LARGEST_BODY = 8 * 1024 * 1024
Authorize = Callable[[Request], bool]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Who answers, and where."""

    pod: str
    zone: str
    region: str


class PodServer:
    """The containers of one pod. Nobody listens before the model is loaded, nor while the pod is dead."""

    def __init__(
        self, place: Place, address: tuple[str, int], context: ssl.SSLContext, authorize: Authorize
    ) -> None:
        self.place = place
        self.authorize = authorize
        self.model: Model | None = None
        self.fault: Fault = NONE
        self.address = address
        self._context = context
        self._listener: _Listener | None = None

    @property
    def listening(self) -> bool:
        return self._listener is not None

    def listen(self, wanted: bool) -> None:
        """Open, or close with all connections."""
        if wanted and self._listener is None:
            self._listener = _Listener(self.address, self, self._context)
        if not wanted and self._listener is not None:
            self._listener.end()
            self._listener = None

    def ask(self, path: str) -> Answer:
        """As the kubelet asks, past the mesh, as the sidecar's agent lets it."""
        return Answer(self.health(path).value if self.listening else None)

    def health(self, path: str) -> HTTPStatus:
        if path == LIVE:
            return HTTPStatus.OK
        if path in {READY, MODEL_READY}:
            ready = self.model is not None and not self.fault.fail_readiness
            return HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
        return HTTPStatus.NOT_FOUND

    def infer(self, path: str, body: bytes) -> tuple[HTTPStatus, dict[str, Any]]:
        """What an inference is answered, faults included."""
        model, fault = self.model, self.fault
        if fault.delay_s > 0:
            time.sleep(fault.delay_s)
        if random.random() < fault.error_rate:  # noqa: S311 - which request fails is no secret
            return HTTPStatus.INTERNAL_SERVER_ERROR, {"error": "the server has a fault"}
        if model is None:
            return HTTPStatus.SERVICE_UNAVAILABLE, {"error": "no model is loaded"}
        try:
            asked = json.loads(body)
            if path == PREDICT:
                return HTTPStatus.OK, {"predictions": list(asked["instances"])}
            fields = ("name", "shape", "datatype", "data")
            outputs = [{name: tensor[name] for name in fields} for tensor in asked["inputs"]]
        except (ValueError, KeyError, TypeError) as error:
            return HTTPStatus.BAD_REQUEST, {"error": f"this is no inference request: {error!r}"}
        answer: dict[str, Any] = {
            "model_name": "default",
            "model_version": model.version,
            "outputs": outputs,
            "parameters": self.named(model),
        }
        return HTTPStatus.OK, {**answer, "id": asked["id"]} if "id" in asked else answer

    def named(self, model: Model | None) -> dict[str, str]:
        """Where an answer comes from."""
        place = {"pod": self.place.pod, "zone": self.place.zone, "region": self.place.region}
        return {**place, "model_version": model.version} if model else place


def response(pod: PodServer, document: Any) -> tuple[dict[str, str], bytes]:
    """Headers and body of an answer, which says where it comes from."""
    body = document.encode() if isinstance(document, str) else json.dumps(document or {}).encode()
    named = pod.named(pod.model).items()
    headers = {f"x-standfast-{name.replace('_', '-')}": value for name, value in named}
    headers["Content-Type"] = "text/plain" if isinstance(document, str) else "application/json"
    headers["Content-Length"] = str(len(body))
    return headers, body


class _Listener(ThreadingHTTPServer):
    """A thread for each connection, which does the handshake too: a slow client keeps nobody waiting."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], pod: PodServer, context: ssl.SSLContext) -> None:
        self.pod = pod
        self._context = context
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        super().__init__(address, _Handler)
        Thread(target=self._accept, name=f"accept {address[0]}", daemon=True).start()

    def server_bind(self) -> None:
        """HTTPServer's own asks the resolver for this machine's name, which nobody here needs."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)  # pyright: ignore[reportArgumentType]
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def _accept(self) -> None:
        """Until the socket is shut, without the polling of serve_forever."""
        while True:
            try:
                connection, address = self.socket.accept()
            except OSError:
                return
            self.process_request(connection, address)

    def finish_request(self, request: Any, client_address: Any) -> None:
        request.settimeout(_HANDSHAKE_SECONDS)
        try:
            secured = self._context.wrap_socket(request, server_side=True)
        except OSError as error:
            # Plain text, no certificate, one of another root: whoever it is, there is no answer.
            _log.info("%s refused %s: %s", self.pod.place.pod, client_address[0], error)
            return
        with secured:
            secured.settimeout(None)
            secured.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open.add(secured)
            try:
                if secured.selected_alpn_protocol() == http2.PROTOCOL:
                    http2.serve(secured, _Streams(secured, self).answer)
                else:
                    _Handler(secured, client_address, self)
            except OSError:
                pass
            finally:
                with self._lock:
                    self._open.discard(secured)

    def end(self) -> None:
        """Close the listening socket and every connection."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.server_close()
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            with contextlib.suppress(OSError):
                # Not through TLS, whose goodbye a dead server does not say.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: _Listener  # pyright: ignore[reportIncompatibleVariableOverride]
    connection: ssl.SSLSocket  # pyright: ignore[reportIncompatibleVariableOverride]

    def setup(self) -> None:
        super().setup()
        self._principal = principal_of(self.connection.getpeercert())

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if self._authorized("GET", path):
            self._answer(self.server.pod.health(path))

    def do_POST(self) -> None:
        path = self.path.partition("?")[0]
        length = self.headers.get("Content-Length", "")
        chunked = "chunked" in self.headers.get("Transfer-Encoding", "")
        if not chunked and (not length.isdecimal() or int(length) > _LARGEST_BODY):
            self.close_connection = True
            self._answer(HTTPStatus.LENGTH_REQUIRED)
            return
        body = self._chunks() if chunked else self.rfile.read(int(length))
        if body is None:
            self.close_connection = True
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        elif not self._authorized("POST", path):
            pass
        elif path in {INFER, PREDICT}:
            self._answer(*self.server.pod.infer(path, body))
        else:
            self._answer(HTTPStatus.NOT_FOUND)

    def _chunks(self) -> bytes | None:
        """A chunked body (RFC 9112, 7.1), which a proxy sends when it does not know the length yet."""
        body = b""
        while True:
            size = int(self.rfile.readline(256).partition(b";")[0], 16)
            if size == 0:
                while self.rfile.readline(1024).strip():
                    continue
                return body
            if len(body) + size > _LARGEST_BODY:
                return None
            body += self.rfile.read(size)
            self.rfile.readline(8)

    def _authorized(self, method: str, path: str) -> bool:
        pod = self.server.pod
        port = int(self.server.server_address[1])
        if pod.authorize(Request(principal=self._principal, port=port, method=method, path=path)):
            return True
        # Envoy's own words.
        self._answer(HTTPStatus.FORBIDDEN, "RBAC: access denied")
        return False

    def _answer(self, status: HTTPStatus, document: Any = None) -> None:
        headers, body = response(self.server.pod, document)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Not each request: the client's log has them."""
        _log.debug(format, *args)


class _Streams:
    """Requests of one HTTP/2 connection."""

    def __init__(self, secured: ssl.SSLSocket, listener: _Listener) -> None:
        self._pod = listener.pod
        self._port = int(listener.server_address[1])
        self._principal = principal_of(secured.getpeercert())

    def answer(self, method: str, path: str, body: bytes) -> http2.Reply:
        path = path.partition("?")[0]
        request = Request(principal=self._principal, port=self._port, method=method, path=path)
        if not self._pod.authorize(request):
            return self._reply(HTTPStatus.FORBIDDEN, "RBAC: access denied")
        if method == "GET":
            return self._reply(self._pod.health(path))
        if method == "POST" and path in {INFER, PREDICT}:
            return self._reply(*self._pod.infer(path, body))
        return self._reply(HTTPStatus.NOT_FOUND)

    def _reply(self, status: HTTPStatus, document: Any = None) -> http2.Reply:
        headers, body = response(self._pod, document)
        return http2.Reply(status.value, {name.lower(): value for name, value in headers.items()}, body)
