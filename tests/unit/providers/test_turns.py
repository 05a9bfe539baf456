"""Creations of one resource follow each other, also when the engine that asked first was killed."""

from __future__ import annotations

import threading
import time

from pulumi.runtime.proto import provider_pb2

from sandbox.providers.base import Call, Created, Properties, serve
from sandbox.providers.base.values import to_struct
from tests.unit.providers.test_service import URN, Boxes, Engine, Place


class Slow(Boxes):
    """Holds creations back, and counts those that are under way at once."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.go_on = threading.Event()
        self.under_way = 0
        self.most = 0

    def create(self, call: Call[Place], inputs: Properties) -> Created:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        self.entered.set()
        self.go_on.wait(10)
        self.under_way -= 1
        return super().create(call, inputs)


def create(urn: str) -> provider_pb2.CreateRequest:
    return provider_pb2.CreateRequest(urn=urn, properties=to_struct({"colour": "red"}))


def test_the_next_engine_waits_for_what_a_killed_one_began() -> None:
    boxes = Slow()
    served = serve(boxes)
    try:
        killed, following = Engine(served, "here"), Engine(served, "here")
        begun = killed.stub.Create.future(create(URN))
        assert boxes.entered.wait(10)
        begun.cancel()
        killed.channel.close()
        answer = following.stub.Create.future(create(URN))
        time.sleep(0.3)
        boxes.go_on.set()
        assert answer.result(timeout=10).id == "b1"
        assert boxes.most == 1
    finally:
        served.stop(0)


def test_different_resources_do_not_wait_for_each_other() -> None:
    boxes = Slow()
    served = serve(boxes)
    try:
        engine = Engine(served, "here")
        answers = [engine.stub.Create.future(create(f"{URN}-{number}")) for number in range(3)]
        deadline = time.monotonic() + 10
        while boxes.most < 3 and time.monotonic() < deadline:
            time.sleep(0.02)
        boxes.go_on.set()
        assert [answer.result(timeout=10).id for answer in answers] == ["b1"] * 3
        assert boxes.most == 3
    finally:
        served.stop(0)
