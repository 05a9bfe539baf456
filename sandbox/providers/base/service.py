"""The gRPC face of a `Provider`: the engine's `ResourceProvider` service."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Generic, NoReturn, TypeVar, cast

import grpc
from google.protobuf import any_pb2, empty_pb2, struct_pb2
from google.rpc import status_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from sandbox.providers.base.diffs import Change, ChangeKind, Diff
from sandbox.providers.base.errors import InitFailedError, ProviderError
from sandbox.providers.base.instances import Connections
from sandbox.providers.base.model import Call, Failure, InstanceT, Provider, State
from sandbox.providers.base.turns import Turns
from sandbox.providers.base.values import Properties, from_struct, mark_secrets, plain, to_struct

_log = logging.getLogger(__name__)

# What the engine and the SDK add to a provider's own configuration.
_ENGINE_KEYS = frozenset({"version", "pluginDownloadURL", "__internal"})
_KINDS = {
    (ChangeKind.ADD, False): provider_pb2.PropertyDiff.ADD,
    (ChangeKind.ADD, True): provider_pb2.PropertyDiff.ADD_REPLACE,
    (ChangeKind.DELETE, False): provider_pb2.PropertyDiff.DELETE,
    (ChangeKind.DELETE, True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    (ChangeKind.UPDATE, False): provider_pb2.PropertyDiff.UPDATE,
    (ChangeKind.UPDATE, True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}

_MethodT = TypeVar("_MethodT", bound=Callable[..., Any])


def _answered(method: _MethodT) -> _MethodT:
    """Turn what `method` raises into a gRPC status with one clear message, and log how long it took."""

    @functools.wraps(method)
    def answer(self: Service[Any], request: Any, context: grpc.ServicerContext) -> Any:
        began = time.monotonic()
        subject = getattr(request, "urn", "") or getattr(request, "tok", "")
        try:
            return method(self, request, context)
        except InitFailedError as error:
            _abort_partial(context, error)
        except ProviderError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        except Exception as error:
            _log.exception("%s %s", method.__name__, subject)
            kind = type(error).__name__
            context.abort(
                grpc.StatusCode.INTERNAL,
                f"defect in the sandbox's {self.provider.name} provider, in {method.__name__} "
                f"(its log has the traceback): {kind}: {error}",
            )
        finally:
            _log.info("%s %s %.0f ms", method.__name__, subject, (time.monotonic() - began) * 1000)

    return cast(_MethodT, answer)


def _abort_partial(context: grpc.ServicerContext, error: InitFailedError) -> NoReturn:
    detail = provider_pb2.ErrorResourceInitFailed(
        id=error.id,
        properties=to_struct(error.outputs),
        reasons=list(error.reasons),
        inputs=to_struct(error.inputs),
    )
    packed = any_pb2.Any()
    packed.Pack(detail)
    code = grpc.StatusCode.UNKNOWN
    status = status_pb2.Status(code=code.value[0], message=str(error), details=[packed])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(code, str(error))
    raise AssertionError("abort returned")


class Service(provider_pb2_grpc.ResourceProviderServicer, Generic[InstanceT]):
    """Serves one `Provider` to any number of engines at once."""

    def __init__(self, provider: Provider[InstanceT]) -> None:
        self.provider = provider
        self.connections: Connections[InstanceT] = Connections()
        self._creations = Turns()

    # How a connection begins and ends

    @_answered
    def Handshake(  # noqa: N802
        self, request: provider_pb2.ProviderHandshakeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ProviderHandshakeResponse:
        self.connections.opened(context.peer(), request.engine_address)
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    @_answered
    def Attach(self, request: plugin_pb2.PluginAttach, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        self.connections.get(context.peer()).engine_address = request.address
        return empty_pb2.Empty()

    @_answered
    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:  # noqa: N802, ARG002
        return plugin_pb2.PluginInfo(version=self.provider.version)

    @_answered
    def GetSchema(  # noqa: N802
        self,
        request: provider_pb2.GetSchemaRequest,  # noqa: ARG002
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> provider_pb2.GetSchemaResponse:
        # The SDK in the program has the types; the engine asks only for YAML programs and `pulumi import`.
        return provider_pb2.GetSchemaResponse(
            schema=f'{{"name": "{self.provider.name}", "version": "{self.provider.version}"}}'
        )

    @_answered
    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802, ARG002
        self.connections.get(context.peer()).cancelled.set()
        return empty_pb2.Empty()

    # The provider resource itself

    @_answered
    def CheckConfig(  # noqa: N802
        self,
        request: provider_pb2.CheckRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> provider_pb2.CheckResponse:
        failures = self.provider.check_config(_config(request.news))
        return provider_pb2.CheckResponse(inputs=request.news, failures=_failures(failures))

    @_answered
    def DiffConfig(  # noqa: N802
        self,
        request: provider_pb2.DiffRequest,
        context: grpc.ServicerContext,  # noqa: ARG002
    ) -> provider_pb2.DiffResponse:
        old = request.old_inputs if request.HasField("old_inputs") else request.olds
        return _diff_response(self.provider.diff_config(_config(old), _config(request.news)))

    @_answered
    def Configure(  # noqa: N802
        self, request: provider_pb2.ConfigureRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ConfigureResponse:
        connection = self.connections.get(context.peer())
        connection.instance = self.provider.configure(_config(request.args))
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True)

    # Resources

    @_answered
    def Check(  # noqa: N802
        self, request: provider_pb2.CheckRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CheckResponse:
        new = from_struct(request.news)
        call = self._call(request, context)
        checked = self.provider.check(call, plain(from_struct(request.olds)), plain(new))
        return provider_pb2.CheckResponse(
            inputs=to_struct(mark_secrets(checked.inputs, new)),
            failures=_failures(checked.failures),
        )

    @_answered
    def Diff(  # noqa: N802
        self, request: provider_pb2.DiffRequest, context: grpc.ServicerContext
    ) -> provider_pb2.DiffResponse:
        call = self._call(request, context)
        old = _state(request.old_inputs, request.olds)
        return _diff_response(self.provider.diff(call, request.id, old, plain(from_struct(request.news))))

    @_answered
    def Create(  # noqa: N802
        self, request: provider_pb2.CreateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.CreateResponse:
        inputs = from_struct(request.properties)
        call = self._call(request, context)
        with self._creations.of(call.urn), _outputs_secret_like(inputs):
            created = self.provider.create(call, plain(inputs))
        return provider_pb2.CreateResponse(
            id=created.id, properties=to_struct(mark_secrets(created.outputs, inputs))
        )

    @_answered
    def Read(  # noqa: N802
        self, request: provider_pb2.ReadRequest, context: grpc.ServicerContext
    ) -> provider_pb2.ReadResponse:
        inputs, outputs = from_struct(request.inputs), from_struct(request.properties)
        old = State(inputs=plain(inputs), outputs=plain(outputs))
        with _outputs_secret_like(outputs, inputs):
            live = self.provider.read(self._call(request, context), request.id, old)
        if live is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(
            id=live.id,
            properties=to_struct(mark_secrets(live.outputs, outputs)),
            inputs=to_struct(mark_secrets(live.inputs, inputs)),
        )

    @_answered
    def Update(  # noqa: N802
        self, request: provider_pb2.UpdateRequest, context: grpc.ServicerContext
    ) -> provider_pb2.UpdateResponse:
        new = from_struct(request.news)
        old = _state(request.old_inputs, request.olds)
        with _outputs_secret_like(new):
            outputs = self.provider.update(self._call(request, context), request.id, old, plain(new))
        return provider_pb2.UpdateResponse(properties=to_struct(mark_secrets(outputs, new)))

    @_answered
    def Delete(self, request: provider_pb2.DeleteRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:  # noqa: N802
        old = _state(request.old_inputs, request.properties)
        self.provider.delete(self._call(request, context), request.id, old)
        return empty_pb2.Empty()

    @_answered
    def Invoke(  # noqa: N802
        self, request: provider_pb2.InvokeRequest, context: grpc.ServicerContext
    ) -> provider_pb2.InvokeResponse:
        call = self._call(request, context)
        answer = self.provider.invoke(call, request.tok, plain(from_struct(request.args)))
        response = provider_pb2.InvokeResponse()
        getattr(response, "return").CopyFrom(to_struct(answer))
        return response

    def _call(self, request: Any, context: grpc.ServicerContext) -> Call[InstanceT]:
        connection, instance = self.connections.configured(context.peer(), self.provider.name)
        urn: str = getattr(request, "urn", "")
        return Call(
            instance=instance,
            urn=urn,
            preview=bool(getattr(request, "preview", False)),
            timeout=float(getattr(request, "timeout", 0)) or None,
            ignore_changes=tuple(getattr(request, "ignoreChanges", ())),
            cancelled=connection.cancelled,
            status=lambda message: connection.log(urn, message, warning=False),
            warn=lambda message: connection.log(urn, message, warning=True),
        )


class _outputs_secret_like:  # noqa: N801 (used as a statement)
    """Carries secrecy over to what a half-finished operation leaves behind."""

    def __init__(self, outputs: Properties, inputs: Properties | None = None) -> None:
        self._outputs = outputs
        self._inputs = inputs or {}

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, InitFailedError):
            error.outputs = mark_secrets(error.outputs, self._outputs)
            error.inputs = mark_secrets(error.inputs, self._inputs)


def _config(struct: struct_pb2.Struct) -> Properties:
    config = plain(from_struct(struct))
    return {key: value for key, value in config.items() if key not in _ENGINE_KEYS}


def _state(inputs: struct_pb2.Struct, outputs: struct_pb2.Struct) -> State:
    return State(inputs=plain(from_struct(inputs)), outputs=plain(from_struct(outputs)))


def _failures(failures: Sequence[Failure]) -> list[provider_pb2.CheckFailure]:
    return [provider_pb2.CheckFailure(property=each.property, reason=each.reason) for each in failures]


def _diff_response(diff: Diff) -> provider_pb2.DiffResponse:
    response = provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME if diff.changes else provider_pb2.DiffResponse.DIFF_NONE,
        diffs=_top_keys(diff.changes),
        replaces=_top_keys(tuple(change for change in diff.changes if change.replace)),
        deleteBeforeReplace=diff.delete_before_replace,
        hasDetailedDiff=True,
    )
    for change in diff.changes:
        response.detailedDiff[change.text].kind = _KINDS[change.kind, change.replace]
        response.detailedDiff[change.text].inputDiff = change.from_inputs
    return response


def _top_keys(changes: tuple[Change, ...]) -> list[str]:
    return sorted({str(change.path[0]) for change in changes if change.path})
