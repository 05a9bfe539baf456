"""Values that are not known yet, and values of shapes that no rule expects."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policy.promises.model import Resource, Stack
from policy.promises.values import UNKNOWN, walk
from tests.policy.changes import bad_ground
from tests.policy.stacks import PEERS, REQUIRED, Draft, alone, joined, refused

ODD = [None, "", 0, -1, 0.5, True, [], {}, "x", ["a"], [{}], [None], {"a": None}, [["a"]], UNKNOWN]


def unmade(stack: Stack) -> Stack:
    """The stack as the preview of a new region sees it: nothing at AWS has an id or a document yet."""

    def seen(resource: Resource) -> Resource:
        if not resource.type.startswith("aws:"):
            return resource
        made = {key for key, urns in resource.depends.items() if any("aws:" in urn for urn in urns)}
        return replace(
            resource, props={key: UNKNOWN if key in made else value for key, value in resource.props.items()}
        )

    return Stack(tuple(seen(resource) for resource in stack.resources), stack.promise)


@pytest.mark.parametrize("region", PEERS)
def test_what_a_first_preview_does_not_know_is_not_refused(region: str) -> None:
    for stack in (unmade(alone(region)), unmade(joined(region))):
        assert sum(value is UNKNOWN for r in stack.resources for value in r.props.values()) > 50
        assert refused(stack) == []


def test_what_it_does_know_is_refused_all_the_same() -> None:
    caught = 0
    for change in bad_ground.BAD:
        draft = Draft(joined("us-east"))
        change.apply(draft)
        caught += change.rule in {rule for rule, _ in refused(unmade(draft.stack()))}
    assert caught > len(bad_ground.BAD) // 2


def put(props: Any, path: tuple[str, ...], value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(dict(props))
    container: Any = changed
    for key in path[:-1]:
        container = container[int(key)] if isinstance(container, list) else container[key]
    container[int(path[-1]) if isinstance(container, list) else path[-1]] = value
    return changed


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_shape_ends_the_pack(data: st.DataObject) -> None:
    stack = joined("us-east")
    judged = [i for i, each in enumerate(stack.resources) if each.type.startswith(("aws:", "kubernetes:"))]
    index = data.draw(st.sampled_from(judged))
    resource = stack.resources[index]
    path = data.draw(st.sampled_from([path for path, _ in walk(dict(resource.props)) if path]))
    odd = replace(resource, props=put(resource.props, path, data.draw(st.sampled_from(ODD))))
    resources = (*stack.resources[:index], odd, *stack.resources[index + 1 :])
    for rule in REQUIRED:
        for finding in rule.findings(Stack(resources, stack.promise)):
            assert finding.message
