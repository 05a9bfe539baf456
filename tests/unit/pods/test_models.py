"""Which model is served: for any order in which a version's parts arrive."""

from __future__ import annotations

import hashlib
import json

from hypothesis import given
from hypothesis import strategies as st

from sandbox.pods.models import CURRENT, PREFIX, Model, Registry, UnreadableError, kept


class Memory:
    """A bucket in memory."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self.objects = objects
        self.broken = False
        self.asked: list[str] = []

    def get(self, key: str) -> bytes | None:
        self.asked.append(key)
        if self.broken:
            raise UnreadableError("gone")
        return self.objects.get(key)

    def keys(self, prefix: str) -> list[str]:
        return [key for key in self.objects if key.startswith(prefix)]


def version(number: int, data: bytes | None = None) -> dict[str, bytes]:
    name, model = f"{number:08d}", f"model {number}".encode()
    manifest = {"version": name, "size": len(model), "sha256": hashlib.sha256(model).hexdigest()}
    return {
        f"{PREFIX}{name}/model.bin": model if data is None else data,
        f"{PREFIX}{name}/manifest.json": json.dumps(manifest).encode(),
    }


def current(number: int) -> dict[str, bytes]:
    return {CURRENT: json.dumps({"version": f"{number:08d}"}).encode()}


def served(objects: dict[str, bytes]) -> str | None:
    model = Registry(Memory(objects)).newest()
    return model.version if model else None


def test_the_current_version_is_served_and_a_rollback_is_followed():
    objects = {**version(1), **version(2), **current(2)}
    assert served(objects) == "00000002"
    assert served({**objects, **current(1)}) == "00000001"


def test_a_truncated_model_is_never_served():
    assert served({**version(1), **version(2, b"mod"), **current(2)}) == "00000001"
    assert served({**version(2, b"mod"), **current(2)}) is None


def test_nothing_above_current_and_nothing_without_it():
    assert served({**version(1), **version(3), **current(2)}) == "00000001"
    assert served(version(1)) is None
    assert served({**version(1), CURRENT: b"{"}) is None


def test_a_whole_version_is_read_once():
    bucket = Memory({**version(1), **current(1)})
    registry = Registry(bucket)
    registry.newest()
    bucket.asked.clear()
    assert registry.newest() == Model("00000001", hashlib.sha256(b"model 1").hexdigest())
    assert bucket.asked == [CURRENT]


def test_what_was_served_is_kept_while_the_bucket_is_silent_or_half_written():
    bucket = Memory({**version(1), **current(1)})
    registry, said = Registry(bucket), list[str]()
    first = kept(registry, None, said.append)
    bucket.broken = True
    assert kept(registry, first, said.append) == first
    assert kept(registry, None, said.append) is None
    assert said == ["gone", "gone"]
    bucket.broken, bucket.objects = False, {}
    assert kept(registry, first, said.append) == first


@given(st.permutations([*version(1), *version(2), *version(3), "current"]), st.integers(0, 7))
def test_at_every_moment_only_whole_versions_up_to_current_are_served(order: list[str], count: int):
    whole = {**version(1), **version(2), **version(3)}
    objects = {key: whole[key] for key in order[:count] if key != "current"}
    if "current" in order[:count]:
        objects |= current(2)
    complete = [
        number for number in (1, 2) if all(key in objects for key in version(number)) and CURRENT in objects
    ]
    assert served(objects) == (f"{max(complete):08d}" if complete else None)
