"""The stacks of both regions, joined, as the policy pack sees them; and drafts of them to be spoilt."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

from policy.promises.model import Finding, Promise, Resource, ResourceRule, Stack, StackRule
from policy.promises.rules import all_rules
from tests.program.recording import Recording
from tests.program.regions import PLATFORM, outputs_of, record_region

PEERS = {"us-east": "eu-west", "eu-west": "us-east"}
RULES: dict[str, ResourceRule | StackRule] = {rule.id: rule for rule in all_rules()}
REQUIRED = [rule for rule in RULES.values() if not rule.advisory]


def seen(recording: Recording, region: str) -> Stack:
    """A recording as the engine would hand it to the pack."""
    resources = tuple(
        Resource(each.type, each.name, each.urn, each.inputs, each.protect, each.property_depends_on)
        for each in recording.resources
    )
    return Stack(resources, Promise.read(PLATFORM, region))


@cache
def alone(region: str) -> Stack:
    """The first region to come up: nobody to join yet."""
    return seen(_recorded(region), region)


@cache
def joined(region: str) -> Stack:
    """A region whose peer has come up before it."""
    peer = PEERS[region]
    return seen(record_region(region, {peer: outputs_of(_recorded(peer))}), region)


@cache
def _recorded(region: str) -> Recording:
    return record_region(region)


def refused(stack: Stack) -> list[tuple[str, Finding]]:
    """What the pack would refuse, with the id of the rule."""
    return [(rule.id, finding) for rule in REQUIRED for finding in rule.findings(stack)]


class Draft:
    """A copy of a stack in which resources can be changed, taken away and added.

    Resources are named ``Kind/object`` (``Deployment/inference-service``) or by their logical name;
    ``{region}``, ``{peer}`` and ``{location}`` stand for those of the stack.
    """

    def __init__(self, stack: Stack) -> None:
        self._resources = list(stack.resources)
        self.promise = stack.promise
        self.region = stack.promise.region
        self.location = stack.promise.regions[self.region].location
        self.peer = PEERS[self.region]

    def text(self, text: str) -> str:
        return text.format(region=self.region, peer=self.peer, location=self.location)

    def value(self, value: Any) -> Any:
        """A value with its texts filled in."""
        if isinstance(value, str):
            return (
                self.text(value)
                if "{region}" in value or "{location}" in value or "{peer}" in value
                else value
            )
        if isinstance(value, list):
            return [self.value(each) for each in value]
        if isinstance(value, dict):
            return {key: self.value(each) for key, each in value.items()}
        return value

    def _indexes(self, where: str) -> Iterator[int]:
        kind, slash, title = self.text(where).partition("/")
        for index, resource in enumerate(self._resources):
            if slash and ":" not in kind:
                found = resource.kind == kind and resource.title == title
            else:
                found = self.text(where) in {resource.name, resource.type}
            if found:
                yield index

    def _index(self, where: str) -> int:
        found = list(self._indexes(where))
        assert found, f"there is no {self.text(where)}"
        return found[0]

    def props(self, where: str) -> dict[str, Any]:
        """The inputs of the first resource of a name or type, to be changed in place."""
        index = self._index(where)
        resource = self._resources[index]
        props: dict[str, Any] = copy.deepcopy(dict(resource.props))
        self._resources[index] = replace(resource, props=props)
        return props

    def change(self, where: str, **fields: Any) -> None:
        index = self._index(where)
        self._resources[index] = replace(self._resources[index], **fields)

    def resource(self, where: str) -> Resource:
        return self._resources[self._index(where)]

    def remove(self, where: str) -> None:
        """Take away all of a name or type."""
        gone = set(self._indexes(where))
        assert gone, f"there is no {self.text(where)}"
        self._resources = [each for index, each in enumerate(self._resources) if index not in gone]

    def add(self, type_: str, name: str, props: dict[str, Any], **fields: Any) -> None:
        self._resources.append(
            Resource(type_, name, f"urn:pulumi:{self.region}::standfast::{type_}::{name}", props, **fields)
        )

    def stack(self) -> Stack:
        return Stack(tuple(self._resources), self.promise)
