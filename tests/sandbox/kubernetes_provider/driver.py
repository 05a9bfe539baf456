"""The engine's side of the provider's protocol, over Python values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import grpc
from google.rpc import status_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from sandbox.control_plane import ClusterAccess
from sandbox.kube import Api
from sandbox.paths import SandboxPaths
from sandbox.providers.base import Properties
from sandbox.providers.base.values import from_struct, to_struct
from sandbox.tools import Tools


@dataclass(frozen=True)
class Region:
    """A running control plane."""

    access: ClusterAccess
    paths: SandboxPaths
    tools: Tools

    @property
    def api(self) -> Api:
        return self.access.api()

    @property
    def kubeconfig(self) -> str:
        return self.access.kubeconfig.read_text()


@dataclass(frozen=True)
class Kept:
    """A resource as the state keeps it, secrets in place."""

    token: str
    name: str
    id: str
    inputs: Properties
    outputs: Properties


class Failed(Exception):  # noqa: N818
    """What the engine is told when an operation fails; `kept` is the state of what exists nevertheless."""

    def __init__(self, message: str, kept: provider_pb2.ErrorResourceInitFailed | None) -> None:
        super().__init__(message)
        self.kept = kept


class Engine:
    """Asks the provider as the engine does, over a connection of its own."""

    def __init__(self, port: int, stack: str = "test", **config: Any) -> None:
        self.stack = stack
        self.channel = grpc.insecure_channel(
            f"127.0.0.1:{port}", options=[("grpc.use_local_subchannel_pool", 1)]
        )
        self.stub = provider_pb2_grpc.ResourceProviderStub(self.channel)
        self.stub.Handshake(provider_pb2.ProviderHandshakeRequest(engine_address="127.0.0.1:1"))
        self.config = config

    def configure(self) -> Engine:
        self.ask(self.stub.Configure, provider_pb2.ConfigureRequest(args=to_struct(self.config)))
        return self

    def ask(self, method: Any, request: Any) -> Any:
        try:
            return method(request)
        except grpc.RpcError as error:
            trailing: dict[str, Any] = {item.key: item.value for item in error.trailing_metadata() or ()}
            kept = None
            if "grpc-status-details-bin" in trailing:
                status = status_pb2.Status.FromString(trailing["grpc-status-details-bin"])
                kept = provider_pb2.ErrorResourceInitFailed()
                assert status.details[0].Unpack(kept)
            raise Failed(str(error.details()), kept) from error

    def urn(self, token: str, name: str) -> str:
        return f"urn:pulumi:{self.stack}::standfast::{token}::{name}"

    def check(self, token: str, inputs: Properties, name: str = "it") -> Properties:
        """Inputs as checked, secrets in place; raises Failed with the first refusal."""
        request = provider_pb2.CheckRequest(urn=self.urn(token, name), news=to_struct(inputs))
        response = self.ask(self.stub.Check, request)
        if response.failures:
            raise Failed("; ".join(each.reason for each in response.failures), None)
        return from_struct(response.inputs)

    def create(
        self, token: str, inputs: Properties, name: str = "it", *, preview: bool = False, timeout: float = 0
    ) -> Kept:
        """Check, then create."""
        checked = self.check(token, inputs, name)
        request = provider_pb2.CreateRequest(
            urn=self.urn(token, name), properties=to_struct(checked), preview=preview, timeout=timeout
        )
        response = self.ask(self.stub.Create, request)
        return Kept(token, name, response.id, checked, from_struct(response.properties))

    def diff(self, kept: Kept, new: Properties) -> provider_pb2.DiffResponse:
        request = provider_pb2.DiffRequest(
            id=kept.id,
            urn=self.urn(kept.token, kept.name),
            old_inputs=to_struct(kept.inputs),
            olds=to_struct(kept.outputs),
            news=to_struct(self.check(kept.token, new, kept.name)),
        )
        return self.ask(self.stub.Diff, request)

    def update(
        self,
        kept: Kept,
        new: Properties,
        *,
        preview: bool = False,
        timeout: float = 0,
        ignore: tuple[str, ...] = (),
    ) -> Kept:
        checked = self.check(kept.token, new, kept.name)
        request = provider_pb2.UpdateRequest(
            id=kept.id,
            urn=self.urn(kept.token, kept.name),
            old_inputs=to_struct(kept.inputs),
            olds=to_struct(kept.outputs),
            news=to_struct(checked),
            preview=preview,
            timeout=timeout,
            ignoreChanges=ignore,
        )
        outputs = from_struct(self.ask(self.stub.Update, request).properties)
        return replace(kept, inputs=checked, outputs=outputs)

    def read(self, kept: Kept) -> Kept | None:
        """Refresh; None when it is gone."""
        request = provider_pb2.ReadRequest(
            id=kept.id,
            urn=self.urn(kept.token, kept.name),
            inputs=to_struct(kept.inputs),
            properties=to_struct(kept.outputs),
        )
        response = self.ask(self.stub.Read, request)
        if not response.id:
            return None
        found = from_struct(response.inputs), from_struct(response.properties)
        return Kept(kept.token, kept.name, response.id, *found)

    def find(self, token: str, id: str, name: str = "it") -> Kept | None:
        """As an import reads."""
        return self.read(Kept(token, name, id, {}, {}))

    def delete(self, kept: Kept, timeout: float = 0) -> None:
        request = provider_pb2.DeleteRequest(
            id=kept.id,
            urn=self.urn(kept.token, kept.name),
            properties=to_struct(kept.outputs),
            old_inputs=to_struct(kept.inputs),
            timeout=timeout,
        )
        self.ask(self.stub.Delete, request)
