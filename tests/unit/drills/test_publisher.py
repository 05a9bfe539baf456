"""What is published, what is acknowledged, and what is whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from drills.errors import StoreError
from drills.traffic.copies import Copies
from drills.traffic.publisher import CURRENT, Ledger, Publisher, complete, manifest_key, model_key


class Bucket:
    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.order: list[str] = []
        self.room = 1_000

    def put(self, key: str, body: bytes) -> None:
        if len(self.order) >= self.room:
            raise StoreError("no answer")
        self.order.append(key)
        self.objects[key] = body

    def get(self, key: str) -> bytes | None:
        return self.objects.get(key)

    def list(self, prefix: str) -> tuple[str, ...]:
        return tuple(sorted(key for key in self.objects if key.startswith(prefix)))


def test_a_version_is_named_current_after_all_of_it_is_there(tmp_path: Path) -> None:
    bucket, ledger = Bucket(), Ledger(tmp_path / "ledger")
    entry = Publisher(bucket, ledger).publish()
    assert bucket.order == [model_key("00000001"), manifest_key("00000001"), CURRENT]
    assert json.loads(bucket.objects[CURRENT]) == {"version": "00000001"}
    assert complete(bucket, "00000001")
    assert ledger.read() == [entry]


@pytest.mark.parametrize("room", [0, 1, 2])
def test_what_was_not_written_to_its_end_was_not_acknowledged(tmp_path: Path, room: int) -> None:
    bucket, ledger = Bucket(), Ledger(tmp_path / "ledger")
    bucket.room = room
    publisher = Publisher(bucket, ledger)
    with pytest.raises(StoreError):
        publisher.publish()
    assert ledger.read() == []
    bucket.room = 1_000
    assert publisher.publish().version == "00000002"


def test_versions_go_on_after_those_that_are_there(tmp_path: Path) -> None:
    bucket = Bucket()
    Publisher(bucket, Ledger(tmp_path / "ledger")).publish()
    assert Publisher(bucket, Ledger(tmp_path / "ledger")).publish().version == "00000002"


def test_one_version_is_published_in_each_interval(tmp_path: Path) -> None:
    now, ledger = [100.0], Ledger(tmp_path / "ledger")
    publisher = Publisher(Bucket(), ledger, interval_s=3.0, clock=lambda: now[0])
    for _ in range(20):
        publisher.tick()
        now[0] += 0.5
    assert [entry.acknowledged_at for entry in ledger.read()] == [100, 103, 106, 109]


def test_a_bucket_that_gives_no_answer_is_tried_again_later(tmp_path: Path) -> None:
    now, bucket, ledger = [100.0], Bucket(), Ledger(tmp_path / "ledger")
    publisher = Publisher(bucket, ledger, clock=lambda: now[0])
    bucket.room = 0
    publisher.tick()
    bucket.room, now[0] = 1_000, 104.0
    publisher.tick()
    assert [entry.version for entry in ledger.read()] == ["00000002"]


def test_a_truncated_version_is_whole_nowhere_and_promised_to_nobody(tmp_path: Path) -> None:
    bucket, ledger = Bucket(), Ledger(tmp_path / "ledger")
    torn = Publisher(bucket, ledger).publish(truncated=True)
    assert not complete(bucket, torn.version)
    assert ledger.read() == []


def test_a_rollback_names_an_older_version(tmp_path: Path) -> None:
    bucket = Bucket()
    publisher = Publisher(bucket, Ledger(tmp_path / "ledger"))
    first, second = publisher.publish(), publisher.publish()
    publisher.roll_back(first.version)
    assert json.loads(bucket.objects[CURRENT]) == {"version": first.version}
    assert publisher.last == second.version


def test_copies_are_whole_from_the_look_that_finds_them_so(tmp_path: Path) -> None:
    here, there, now = Bucket(), Bucket(), [50.0]
    publisher = Publisher(here, Ledger(tmp_path / "ledger"))
    first = publisher.publish().version
    copies = Copies({"us-east": here, "eu-west": there}, lambda: now[0])
    assert copies.completed == {"us-east": {first: 0.0}, "eu-west": {}}
    second = publisher.publish()
    there.put(manifest_key(second.version), here.objects[manifest_key(second.version)])
    copies.look()
    assert second.version not in copies.completed["eu-west"]
    there.put(model_key(second.version), here.objects[model_key(second.version)])
    now[0] = 60.0
    copies.look(unreachable={"us-east"})
    assert copies.completed["eu-west"] == {second.version: 60.0}
    assert copies.missing([second]) == {}
