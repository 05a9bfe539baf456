"""What every component keeps to, read from its source. See docs/architecture.md."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
from collections import Counter

import pytest

from tests.unit.conventions.source import (
    ROOT,
    ComponentSource,
    called_name,
    calls,
    component_sources,
    imported,
    modules,
)

SOURCES = component_sources()
EACH = pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.node.name)


def test_there_are_components_to_hold_to_it() -> None:
    assert {"Network", "Cluster", "GpuNodePools"} <= {source.node.name for source in SOURCES}


@EACH
def test_the_type_token_is_a_literal_of_folder_and_class(source: ComponentSource) -> None:
    assert source.type_token() == f"standfast:{source.module}:{source.node.name}", source.where


def test_no_two_classes_share_a_type_token() -> None:
    counted = Counter(source.type_token() for source in SOURCES)
    assert [token for token, count in counted.items() if count > 1] == []


@EACH
def test_it_takes_name_args_and_opts(source: ComponentSource) -> None:
    arguments = source.constructor.args
    assert [argument.arg for argument in arguments.args] == ["self", "name", "args", "opts"], source.where
    assert [ast.unparse(default) for default in arguments.defaults] == ["None"], source.where
    assert not arguments.kwonlyargs, source.where


@EACH
def test_its_args_are_a_frozen_dataclass_of_keywords(source: ComponentSource) -> None:
    module = importlib.import_module(".".join(source.path.relative_to(ROOT).with_suffix("").parts))
    signature = inspect.signature(getattr(module, source.node.name).__init__, eval_str=True)
    annotation = signature.parameters["args"].annotation
    assert annotation.__dataclass_params__.frozen, source.where
    assert all(field.kw_only for field in dataclasses.fields(annotation)), source.where


@EACH
def test_outputs_are_registered_once_and_last(source: ComponentSource) -> None:
    registers = [call for call in calls(source.node) if called_name(call) == "register_outputs"]
    assert len(registers) == 1, source.where
    last = source.constructor.body[-1]
    assert isinstance(last, ast.Expr), source.where
    assert last.value is registers[0], source.where


@EACH
def test_the_callers_options_go_to_the_component_alone(source: ComponentSource) -> None:
    uses = [
        node
        for node in ast.walk(source.constructor)
        if isinstance(node, ast.Name) and node.id == "opts" and isinstance(node.ctx, ast.Load)
    ]
    in_super = [
        node for node in ast.walk(source.super_call) if isinstance(node, ast.Name) and node.id == "opts"
    ]
    assert uses == in_super, source.where


def test_nothing_is_created_inside_apply() -> None:
    found: list[str] = []
    for path, tree in modules():
        for apply in (call for call in calls(tree) if called_name(call) == "apply"):
            created = [
                called_name(call)
                for argument in apply.args
                for call in calls(argument)
                if called_name(call)[:1].isupper() or called_name(call) == "register"
            ]
            found += [f"{path.relative_to(ROOT)}:{apply.lineno} {name}" for name in created]
    assert found == []


def test_providers_are_made_elsewhere_and_the_configuration_is_read_elsewhere() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{call.lineno} {ast.unparse(call.func)}"
        for path, tree in modules()
        for call in calls(tree)
        if ast.unparse(call.func) in {"pulumi.Config", "Config"}
        # What is trusted in a pool of identities is a provider in Google's word alone.
        or (called_name(call).endswith("Provider") and called_name(call) != "WorkloadIdentityPoolProvider")
    ]
    assert found == []


def test_only_one_module_reads_the_engines_configuration() -> None:
    readers = [
        path.relative_to(ROOT).as_posix()
        for folder in ("config", "components", "automation", "drills", "sandbox")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if any(ast.unparse(call.func) == "pulumi.Config" for call in calls(ast.parse(path.read_text())))
    ]
    assert readers == ["config/settings.py"]


@pytest.mark.parametrize(("sdk", "suffix"), [("pulumi_aws", "aws"), ("pulumi_gcp", "gcs")])
def test_what_is_of_one_cloud_alone_is_in_files_that_say_so(sdk: str, suffix: str) -> None:
    found = [
        path.relative_to(ROOT).as_posix()
        for path, tree in modules()
        if any(name.split(".")[0] == sdk for name in imported(tree))
        and not (path.stem == suffix or path.stem.endswith(f"_{suffix}"))
    ]
    assert found == []


def test_desired_state_is_pure() -> None:
    """No engine, no files, no network, no clock in what is thought out before anything is registered."""
    impure = {
        "pulumi_aws",
        "pulumi_gcp",
        "pulumi_kubernetes",
        "subprocess",
        "socket",
        "urllib",
        "time",
        "boto3",
    }
    found: list[str] = []
    for path, tree in modules():
        if path.stem != "desired":
            continue
        used = {name for name in imported(tree) if name.split(".")[0] in impure}
        used |= {
            ast.unparse(node)
            for node in ast.walk(tree)
            # The type of a value that may come later is no use of the engine.
            if isinstance(node, ast.Attribute)
            and ast.unparse(node.value) == "pulumi"
            and node.attr != "Input"
        }
        found += [f"{path.relative_to(ROOT)} uses {name}" for name in sorted(used)]
    assert found == []
