from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st
from pulumi.runtime import rpc

from sandbox.providers.base import (
    UNKNOWN,
    ProviderError,
    Secret,
    format_path,
    has_secret,
    has_unknown,
    mark_secrets,
    plain,
    unknown_paths,
)
from sandbox.providers.base.values import SECRET_SIGNATURE, SIGNATURE_KEY, from_struct, to_struct

scalars = st.one_of(
    st.booleans(), st.integers(-(2**53), 2**53), st.text(max_size=8), st.just(UNKNOWN), st.floats(0.1, 0.9)
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.text(max_size=6), inner, max_size=4),
        scalars.map(Secret),
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=6), values, max_size=5))
def test_properties_survive_the_wire(properties: dict[str, Any]) -> None:
    assert from_struct(to_struct(properties)) == properties


@given(st.dictionaries(st.text(max_size=6), values, max_size=5))
def test_marking_gives_back_what_stripping_took(properties: dict[str, Any]) -> None:
    assert mark_secrets(plain(properties), properties) == properties
    assert not has_secret(plain(properties))


def test_the_wire_is_the_sdk_s() -> None:
    sent = json_format.MessageToDict(to_struct({"password": Secret("hush"), "later": UNKNOWN}))
    signed = {SIGNATURE_KEY: SECRET_SIGNATURE, "value": "hush"}
    assert sent == {"password": signed, "later": rpc.UNKNOWN}
    assert rpc._special_secret_sig == SECRET_SIGNATURE  # pyright: ignore[reportPrivateUsage]


def test_output_values_lose_their_dependencies() -> None:
    output = {SIGNATURE_KEY: rpc._special_output_value_sig, "dependencies": ["urn"]}  # pyright: ignore[reportPrivateUsage]
    struct = to_struct(
        {"a": {**output, "value": 1}, "b": output, "c": {**output, "value": "x", "secret": True}}
    )
    assert from_struct(struct) == {"a": 1, "b": UNKNOWN, "c": Secret("x")}


def test_a_null_in_a_map_is_as_if_absent() -> None:
    assert from_struct(to_struct({"a": None, "b": {"c": None}, "d": [None]})) == {"b": {}, "d": [None]}


def test_an_asset_is_refused_with_its_place() -> None:
    struct = to_struct({"files": [{SIGNATURE_KEY: "c44067f5952c0a294b673a41bacd8c17", "text": "x"}]})
    with pytest.raises(ProviderError, match=r"files\[0\]: an asset is not accepted"):
        from_struct(struct)


def test_what_json_cannot_hold_is_refused_with_its_place() -> None:
    with pytest.raises(ProviderError, match=r"spec\.when: a object cannot be kept"):
        to_struct({"spec": {"when": object()}})


def test_a_list_that_changed_length_is_secret_as_a_whole() -> None:
    assert mark_secrets([1, 2, 3], [1, Secret(2)]) == Secret([1, 2, 3])
    assert mark_secrets([1, 2], [1, Secret(2)]) == [1, Secret(2)]


def test_unknowns_are_found_inside_secrets() -> None:
    value = {"a": [1, {"b": Secret({"c": UNKNOWN})}]}
    assert list(unknown_paths(value)) == [("a", 1, "b", "c")]
    assert has_unknown(value)


def test_paths_read_as_pulumi_writes_them() -> None:
    path = ("metadata", "annotations", "pulumi.com/skipAwait", 0, "x")
    assert format_path(path) == 'metadata.annotations["pulumi.com/skipAwait"][0].x'
