"""The tables' names are pulumi_aws's and pulumi_gcp's own: inputs, nested inputs and outputs."""

from __future__ import annotations

import importlib
import inspect
import re
import typing
from typing import Any

import pulumi
import pytest
from pulumi._types import input_type_types, is_input_type

from sandbox.providers.aws.table import ENTRIES as AWS
from sandbox.providers.base.table.checks import check
from sandbox.providers.base.table.entry import Entry
from sandbox.providers.base.table.fields import NESTED, Fields
from sandbox.providers.gcp.table import ENTRIES as GCP

ENTRIES: dict[str, Entry[Any]] = {**AWS, **GCP}

_INPUTS = re.compile(r"'((?:aws|gcp):[^']+)'")


def _class_of(token: str) -> type:
    package, path, name = token.split(":")
    return getattr(importlib.import_module(f"pulumi_{package}.{path.split('/')[0]}"), name)


def _args_of(resource: type) -> type:
    module, name = importlib.import_module(resource.__module__), resource.__name__
    # A name that a nested type has already taken gets another.
    found = getattr(module, f"{name}InitArgs", None) or getattr(module, f"{name}Args")
    assert isinstance(found, type)
    return found


def _nested(hint: Any) -> list[type]:
    if inspect.isclass(hint) and is_input_type(hint):
        return [hint]
    return [found for inner in typing.get_args(hint) for found in _nested(inner)]


def _assert_known(fields: Fields, args: type, where: str) -> None:
    hints = input_type_types(args)
    assert set(fields) <= set(hints), where
    for name, one in fields.items():
        if one.kind in NESTED:
            inner = [kind for kind in _nested(hints[name]) if kind.__name__.endswith("Args")]
            assert inner, f"{where}.{name}"
            _assert_known(one.fields, inner[0], f"{where}.{name}")


@pytest.mark.parametrize("token", ENTRIES)
def test_inputs_and_outputs_are_named_as_in_the_real_package(token: str) -> None:
    resource = _class_of(token)
    assert token in _INPUTS.findall(inspect.getsource(resource))
    _assert_known(ENTRIES[token].fields, _args_of(resource), token)
    outputs = {
        getattr(getter.fget, "_pulumi_name", name)
        for name, getter in vars(resource).items()
        if isinstance(getter, property)
    }
    camel = {re.sub(r"_(\w)", lambda found: found[1].upper(), name) for name in outputs}
    assert set(ENTRIES[token].outputs) <= camel
    assert issubclass(resource, pulumi.CustomResource)


@pytest.mark.parametrize("token", ENTRIES)
def test_an_unknown_input_is_refused_by_name_and_never_ignored(token: str) -> None:
    checked = check(ENTRIES[token], "some", {}, {"unheardOf": "x"})
    reasons = [failure.reason for failure in checked.failures if failure.property == "unheardOf"]
    assert len(reasons) == 1
    assert token in reasons[0]
    assert "'some'" in reasons[0]
    assert "unheardOf" in reasons[0]


@pytest.mark.parametrize("token", ENTRIES)
def test_an_unknown_nested_input_is_refused_at_its_path(token: str) -> None:
    for name, one in ENTRIES[token].fields.items():
        if one.kind not in NESTED:
            continue
        value: Any = {"unheardOf": 1} if one.kind.value == "an object" else [{"unheardOf": 1}]
        checked = check(ENTRIES[token], "some", {}, {name: value})
        index = "" if isinstance(value, dict) else "[0]"
        assert f"{name}{index}.unheardOf" in {failure.property for failure in checked.failures}
