"""Telling provider resources apart.

One process serves every provider resource of every stack. The engine opens a connection of its own for each
of them (`dialPlugin` in sdk/go/common/resource/plugin/plugin.go makes a new client each time), begins it with
Handshake and Attach, and configures it once; no later request says which provider resource it is for. So the
address at the other end of the connection is what tells them apart.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Generic

import grpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

from sandbox.providers.base.errors import ProviderError
from sandbox.providers.base.model import InstanceT

_log = logging.getLogger(__name__)

# Connections are not announced when they end, so the oldest are forgotten; an engine holds a handful.
_REMEMBERED = 1024


@dataclass(kw_only=True)
class Connection(Generic[InstanceT]):
    """One engine's connection for one provider resource."""

    instance: InstanceT | None = None
    engine_address: str = ""
    cancelled: threading.Event = field(default_factory=threading.Event)
    engine: EngineLog | None = None

    def log(self, urn: str, message: str, *, warning: bool) -> None:
        """Show `message` beside the resource; a status that vanishes unless it is a warning."""
        if self.engine is None and self.engine_address:
            self.engine = EngineLog(self.engine_address)
        if self.engine is not None:
            self.engine.write(urn, message, warning=warning)


class EngineLog:
    """The engine's own log service, at the address it gave in its handshake."""

    def __init__(self, address: str) -> None:
        self._stub = engine_pb2_grpc.EngineStub(grpc.insecure_channel(address))

    def write(self, urn: str, message: str, *, warning: bool) -> None:
        """Send one message; that the engine is gone is no reason to fail the work."""
        severity = engine_pb2.WARNING if warning else engine_pb2.INFO
        request = engine_pb2.LogRequest(severity=severity, message=message, urn=urn, ephemeral=not warning)
        try:
            self._stub.Log(request, timeout=2)
        except grpc.RpcError as error:
            _log.debug("engine log at %s: %s", urn, error)


class Connections(Generic[InstanceT]):
    """The connections of now, by the address of their other end."""

    def __init__(self) -> None:
        self._by_peer: OrderedDict[str, Connection[InstanceT]] = OrderedDict()
        self._lock = threading.Lock()

    def opened(self, peer: str, engine_address: str) -> None:
        """A handshake: whatever was known of this address belonged to a connection that has ended."""
        with self._lock:
            self._by_peer.pop(peer, None)
            self._by_peer[peer] = Connection(engine_address=engine_address)
            while len(self._by_peer) > _REMEMBERED:
                self._by_peer.popitem(last=False)

    def get(self, peer: str) -> Connection[InstanceT]:
        """The connection from `peer`, made anew for one that did not begin with a handshake."""
        with self._lock:
            return self._by_peer.setdefault(peer, Connection())

    def configured(self, peer: str, provider: str) -> tuple[Connection[InstanceT], InstanceT]:
        """The connection from `peer` and its configured instance."""
        connection = self.get(peer)
        if connection.instance is None:
            raise ProviderError(
                f"the {provider} provider was asked over a connection that was never configured "
                "(it was restarted, or the connection was lost, in the middle of an update): run it again"
            )
        return connection, connection.instance

    def all(self) -> list[Connection[InstanceT]]:
        """Every connection that is remembered."""
        with self._lock:
            return list(self._by_peer.values())
