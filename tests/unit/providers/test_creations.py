"""What becomes of a creation whose engine was killed before it could write it down."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.providers.base import Call, Created, InitFailedError, Properties, Served, serve
from sandbox.providers.base.values import to_struct
from tests.unit.providers.test_service import URN, Boxes, Engine, Place


class Counted(Boxes):
    """Boxes with an id of their own each; `slow` holds a creation back, `damp` fails it half way."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.entered = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()
        self.damp = False

    def create(self, call: Call[Place], inputs: Properties) -> Created:
        self.entered.set()
        self.go_on.wait(10)
        self.count += 1
        id = f"b{self.count}"
        self.boxes[call.instance.name, id] = inputs
        if self.damp:
            raise InitFailedError(["box is not dry"], id=id, outputs=dict(inputs))
        return Created(id=id, outputs=dict(inputs))

    @property
    def ids(self) -> list[str]:
        return [id for _, id in self.boxes]


@pytest.fixture
def boxes() -> Counted:
    return Counted()


@pytest.fixture
def served(boxes: Counted) -> Iterator[Served]:
    served = serve(boxes)
    yield served
    served.stop(0)


def test_the_next_engine_is_given_what_the_killed_one_had_made(served: Served, boxes: Counted) -> None:
    first = Engine(served, "here").create(colour="red")
    second = Engine(served, "here").create(colour="red")
    assert (first.id, second.id, boxes.ids) == ("b1", "b1", ["b1"])
    assert Engine(served, "here").create(colour="red").id == "b1"


def test_with_other_inputs_it_is_made_anew_and_the_first_is_taken_away(
    served: Served, boxes: Counted
) -> None:
    Engine(served, "here").create(colour="red")
    assert Engine(served, "here").create(colour="blue").id == "b2"
    assert boxes.ids == ["b2"]


def test_one_that_failed_half_way_is_made_anew(served: Served, boxes: Counted) -> None:
    boxes.damp = True
    with pytest.raises(Exception, match="not dry"):
        Engine(served, "here").create(colour="red")
    boxes.damp = False
    assert Engine(served, "here").create(colour="red").id == "b2"
    assert boxes.ids == ["b2"]


def test_a_resource_that_an_engine_knows_stays_beside_its_replacement(served: Served, boxes: Counted) -> None:
    Engine(served, "here").create(colour="red")
    next_update = Engine(served, "here")
    bag = to_struct({"colour": "red"})
    next_update.stub.Diff(
        provider_pb2.DiffRequest(
            id="b1", urn=URN, olds=bag, old_inputs=bag, news=to_struct({"colour": "blue"})
        )
    )
    assert next_update.create(colour="blue").id == "b2"
    assert boxes.ids == ["b1", "b2"]


def test_two_creations_by_one_engine_are_two(served: Served, boxes: Counted) -> None:
    engine = Engine(served, "here")
    engine.create(colour="red")
    engine.create(colour="red")
    assert boxes.ids == ["b1", "b2"]


def test_one_that_is_gone_since_is_made_anew(served: Served, boxes: Counted) -> None:
    Engine(served, "here").create(colour="red")
    boxes.boxes.clear()
    assert Engine(served, "here").create(colour="red").id == "b2"


def test_a_creation_still_under_way_is_waited_for(served: Served, boxes: Counted) -> None:
    boxes.go_on.clear()
    killed, following = Engine(served, "here"), Engine(served, "here")
    request = provider_pb2.CreateRequest(urn=URN, properties=to_struct({"colour": "red"}))
    under_way = killed.stub.Create.future(request)
    assert boxes.entered.wait(10)
    under_way.cancel()
    killed.channel.close()
    answer = following.stub.Create.future(request)
    boxes.go_on.set()
    assert answer.result(timeout=10).id == "b1"
    assert boxes.ids == ["b1"]


def test_a_preview_remembers_nothing(served: Served) -> None:
    Engine(served, "here").create(preview=True, colour="red")
    assert Engine(served, "here").create(colour="red").id != ""
