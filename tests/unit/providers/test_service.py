from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2
from google.rpc import status_pb2
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from sandbox.providers.base import (
    UNKNOWN,
    Call,
    Checked,
    Created,
    Diff,
    Failure,
    InitFailedError,
    Live,
    Properties,
    Provider,
    ProviderError,
    Secret,
    Served,
    State,
    as_bool,
    compare,
    serve,
    with_replacements,
)
from sandbox.providers.base.values import from_struct, to_struct

URN = "urn:pulumi:us-east::standfast::standfast:x:Y$test:index:Box::my::box"


@dataclass(frozen=True)
class Place:
    name: str


class Boxes(Provider[Place]):
    """Keeps boxes in memory, by place and id."""

    name = "test"
    version = "1.2.3"

    def __init__(self) -> None:
        self.boxes: dict[tuple[str, str], Properties] = {}
        self.calls: list[Call[Place]] = []

    def check_config(self, config: Properties) -> list[Failure]:
        return [Failure(property=key, reason=f"unknown setting {key}") for key in config if key != "place"]

    def configure(self, config: Properties) -> Place:
        return Place(config["place"])

    def check(self, call: Call[Place], old: Properties, new: Properties) -> Checked:
        self.calls.append(call)
        failures = [Failure(property="colour", reason="colour must be given")] if "colour" not in new else []
        return Checked(inputs={"size": 1, **new}, failures=failures)

    def diff(self, call: Call[Place], id: str, old: State, new: Properties) -> Diff:
        changes = with_replacements(compare(old.inputs, new), ["colour"])
        return Diff(changes=changes, delete_before_replace=True)

    def create(self, call: Call[Place], inputs: Properties) -> Created:
        if call.preview:
            return Created(id="", outputs={**inputs, "serial": UNKNOWN})
        if inputs["colour"] == "none":
            raise ProviderError("box my::box: there is no colour 'none'; name one")
        if inputs["colour"] == "slow":
            raise InitFailedError(["box is not dry after 1 s"], id="b1", outputs={**inputs, "serial": 1})
        if inputs["colour"] == "bug":
            raise KeyError("oops")
        self.boxes[call.instance.name, "b1"] = inputs
        return Created(id="b1", outputs={**inputs, "serial": 1, "key": Secret("k")})

    def read(self, call: Call[Place], id: str, old: State) -> Live | None:
        box = self.boxes.get((call.instance.name, id))
        return Live(id=id, inputs=box, outputs=box) if box else None

    def update(self, call: Call[Place], id: str, old: State, new: Properties) -> Properties:
        self.boxes[call.instance.name, id] = new
        return new

    def delete(self, call: Call[Place], id: str, old: State) -> None:
        self.boxes.pop((call.instance.name, id), None)


@pytest.fixture
def served() -> Iterator[Served]:
    served = serve(Boxes())
    yield served
    served.stop(0)


class Engine:
    """One connection, begun as the engine begins it."""

    def __init__(self, served: Served, place: str | None) -> None:
        self.channel = grpc.insecure_channel(
            f"127.0.0.1:{served.port}", options=[("grpc.use_local_subchannel_pool", 1)]
        )
        self.stub = provider_pb2_grpc.ResourceProviderStub(self.channel)
        self.stub.Handshake(provider_pb2.ProviderHandshakeRequest(engine_address="127.0.0.1:1"))
        if place is not None:
            self.stub.Configure(provider_pb2.ConfigureRequest(args=to_struct({"place": place})))

    def create(self, preview: bool = False, **inputs: Any) -> provider_pb2.CreateResponse:
        request = provider_pb2.CreateRequest(
            urn=URN, properties=to_struct(inputs), preview=preview, timeout=7
        )
        return self.stub.Create(request)

    def read(self, **kept: Any) -> provider_pb2.ReadResponse:
        bag = to_struct(kept)
        return self.stub.Read(provider_pb2.ReadRequest(id="b1", urn=URN, properties=bag, inputs=bag))


def test_instances_are_told_apart_by_their_connections(served: Served) -> None:
    one, other = Engine(served, "here"), Engine(served, "there")
    one.create(colour="red")
    assert other.read().id == ""
    assert one.read().id == "b1"
    again = Engine(served, "here")
    assert again.read().id == "b1"


def test_an_unconfigured_connection_says_so(served: Served) -> None:
    with pytest.raises(grpc.RpcError) as failed:
        Engine(served, None).read()
    assert failed.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert "never configured" in str(failed.value.details())


def test_outputs_are_secret_where_inputs_were(served: Served) -> None:
    engine = Engine(served, "here")
    created = engine.create(colour=Secret("red"), size=2)
    assert from_struct(created.properties) == {
        "colour": Secret("red"),
        "size": 2,
        "serial": 1,
        "key": Secret("k"),
    }
    read = engine.read(colour=Secret("blue"))
    assert from_struct(read.properties)["colour"] == Secret("red")
    assert from_struct(read.inputs)["colour"] == Secret("red")


def test_a_preview_may_answer_with_unknowns(served: Served) -> None:
    created = Engine(served, "here").create(preview=True, colour=UNKNOWN)
    assert created.id == ""
    assert from_struct(created.properties) == {"colour": UNKNOWN, "serial": UNKNOWN}
    assert Engine(served, "here").read().id == ""


def test_check_completes_and_refuses(served: Served) -> None:
    engine = Engine(served, "here")
    request = provider_pb2.CheckRequest(urn=URN, news=to_struct({"weight": Secret(3)}))
    response = engine.stub.Check(request)
    assert from_struct(response.inputs) == {"size": 1, "weight": Secret(3)}
    assert [(each.property, each.reason) for each in response.failures] == [
        ("colour", "colour must be given")
    ]
    assert isinstance(served.service.provider, Boxes)
    call = served.service.provider.calls[-1]
    assert (call.stack, call.project, call.type, call.name) == (
        "us-east",
        "standfast",
        "test:index:Box",
        "my::box",
    )


def test_a_refused_setting_is_named_and_engine_keys_are_not_shown_to_the_provider(served: Served) -> None:
    engine = Engine(served, None)
    news = to_struct({"place": "here", "version": "4.34.2", "colour": "red"})
    response = engine.stub.CheckConfig(provider_pb2.CheckRequest(urn=URN, news=news))
    assert [each.reason for each in response.failures] == ["unknown setting colour"]
    assert response.inputs == news


def test_diff_names_places_and_replacement(served: Served) -> None:
    engine = Engine(served, "here")

    def diff(old: Properties, new: Properties) -> provider_pb2.DiffResponse:
        request = provider_pb2.DiffRequest(
            id="b1", urn=URN, old_inputs=to_struct(old), olds=to_struct(old), news=to_struct(new)
        )
        return engine.stub.Diff(request)

    changed = diff({"colour": "red", "tags": {"a/b": 1}}, {"colour": "blue", "tags": {}})
    assert changed.changes == provider_pb2.DiffResponse.DIFF_SOME
    assert changed.deleteBeforeReplace
    assert list(changed.replaces) == ["colour"]
    assert {place: each.kind for place, each in changed.detailedDiff.items()} == {
        "colour": provider_pb2.PropertyDiff.UPDATE_REPLACE,
        'tags["a/b"]': provider_pb2.PropertyDiff.DELETE,
    }
    same = diff({"colour": Secret("red")}, {"colour": "red"})
    assert same.changes == provider_pb2.DiffResponse.DIFF_NONE


def test_a_domain_error_is_one_message(served: Served) -> None:
    with pytest.raises(grpc.RpcError) as failed:
        Engine(served, "here").create(colour="none")
    assert failed.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert failed.value.details() == "box my::box: there is no colour 'none'; name one"


def test_what_exists_but_is_not_ready_keeps_its_state_and_secrets(served: Served) -> None:
    with pytest.raises(grpc.RpcError) as failed:
        Engine(served, "here").create(colour="slow", password=Secret("p"))
    trailing: dict[str, Any] = {item.key: item.value for item in failed.value.trailing_metadata() or ()}
    status = status_pb2.Status.FromString(trailing["grpc-status-details-bin"])
    detail = provider_pb2.ErrorResourceInitFailed()
    assert status.details[0].Unpack(detail)
    assert (detail.id, list(detail.reasons)) == ("b1", ["box is not dry after 1 s"])
    assert from_struct(detail.properties) == {"colour": "slow", "password": Secret("p"), "serial": 1}


def test_a_defect_is_named_as_one(served: Served) -> None:
    with pytest.raises(grpc.RpcError) as failed:
        Engine(served, "here").create(colour="bug")
    assert failed.value.code() is grpc.StatusCode.INTERNAL
    assert "defect in the sandbox's test provider, in Create" in str(failed.value.details())


def test_cancel_reaches_the_calls_of_its_own_connection(served: Served) -> None:
    one, other = Engine(served, "here"), Engine(served, "there")
    one.stub.Cancel(empty_pb2.Empty())
    assert isinstance(served.service.provider, Boxes)
    for engine, cancelled in ((one, True), (other, False)):
        engine.stub.Check(provider_pb2.CheckRequest(urn=URN, news=to_struct({})))
        assert served.service.provider.calls[-1].cancelled.is_set() is cancelled


def test_an_unknown_function_is_named(served: Served) -> None:
    with pytest.raises(grpc.RpcError, match="test:index:getBox: the sandbox's test provider does not know"):
        Engine(served, "here").stub.Invoke(provider_pb2.InvokeRequest(tok="test:index:getBox"))


@pytest.mark.parametrize(("given", "meant"), [("true", True), ("False", False), (True, True)])
def test_settings_that_are_booleans(given: Any, meant: bool) -> None:
    assert as_bool(given, key="x") is meant


def test_a_setting_that_is_no_boolean_is_refused() -> None:
    with pytest.raises(ProviderError, match="provider setting x: 'yes' is neither"):
        as_bool("yes", key="x")


def test_as_a_process_it_prints_its_port_and_ends_on_sigterm() -> None:
    code = (
        "from sandbox.providers.base import run; import tests.unit.providers.test_service as t; "
        "raise SystemExit(run(t.Boxes(), []))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    assert process.stdout is not None
    try:
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = provider_pb2_grpc.ResourceProviderStub(channel)
            assert stub.GetPluginInfo(empty_pb2.Empty()).version == "1.2.3"
    finally:
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert rest == b""
