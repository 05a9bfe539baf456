from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sandbox.providers.base import UNKNOWN, Change, ChangeKind, Diff, Secret, compare, with_replacements

json_values = st.recursive(
    st.one_of(st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=10,
)


def texts(changes: list[Change]) -> dict[str, ChangeKind]:
    return {change.text: change.kind for change in changes}


@given(json_values)
def test_nothing_differs_from_itself(value: Any) -> None:
    assert compare(value, value) == []
    assert compare(Secret(value), value) == []


@given(json_values, json_values)
def test_both_ways_name_the_same_places(old: Any, new: Any) -> None:
    there = texts(compare(old, new))
    back = texts(compare(new, old))
    assert there.keys() == back.keys()
    turned = {ChangeKind.ADD: ChangeKind.DELETE, ChangeKind.DELETE: ChangeKind.ADD}
    assert {place: turned.get(kind, kind) for place, kind in there.items()} == back


def test_the_deepest_place_is_named() -> None:
    old = {"spec": {"ports": [{"port": 80}], "gone": 1, "flag": True}, "same": [1]}
    new = {"spec": {"ports": [{"port": 81}, {"port": 82}], "flag": 1}, "same": [1]}
    assert texts(compare(old, new)) == {
        "spec.ports[0].port": ChangeKind.UPDATE,
        "spec.ports[1]": ChangeKind.ADD,
        "spec.gone": ChangeKind.DELETE,
        "spec.flag": ChangeKind.UPDATE,
    }


def test_null_is_absent_and_unknown_always_differs() -> None:
    assert compare({"a": None}, {}) == []
    assert texts(compare({"a": 1}, {"a": UNKNOWN})) == {"a": ChangeKind.UPDATE}


def test_replacement_is_marked_at_under_and_above_an_immutable_path() -> None:
    immutable = ["spec.selector", "spec.volumes.*.name"]
    old = {"spec": {"selector": {"app": "a"}, "volumes": [{"name": "v", "size": 1}], "replicas": 1}}
    new = {"spec": {"selector": {"app": "b"}, "volumes": [{"name": "w", "size": 2}], "replicas": 2}}
    marked = with_replacements(compare(old, new), immutable)
    assert {change.text for change in marked if change.replace} == {
        "spec.selector.app",
        "spec.volumes[0].name",
    }
    assert Diff(changes=marked).replaces
    whole = with_replacements(compare({"spec": old["spec"]}, {}), immutable)
    assert [change.replace for change in whole] == [True]
    beside = with_replacements(compare({"spec": {}}, {"spec": {"selectors": 1}}), immutable)
    assert not Diff(changes=beside).replaces
