"""Drives a table's provider as the engine does: check, create, read, diff, update, delete."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sandbox.providers.base import Call, Diff, InitFailedError, Live, Properties, State
from sandbox.providers.base.table.provider import TableProvider

SessionT = TypeVar("SessionT")


@dataclass(kw_only=True)
class Resource:
    """One resource as the engine's state holds it."""

    token: str
    name: str
    id: str
    inputs: Properties
    outputs: Properties


class RefusedError(AssertionError):
    """Check found faults."""


@dataclass(kw_only=True)
class Driver(Generic[SessionT]):
    """A tiny engine. `made` is what exists, in the order of making."""

    provider: TableProvider[SessionT, Any]
    session: SessionT
    made: list[Resource] = field(default_factory=list)

    def call(self, token: str, name: str, *, preview: bool = False) -> Call[SessionT]:
        return Call(
            instance=self.session, urn=f"urn:pulumi:test::standfast::{token}::{name}", preview=preview
        )

    def check(self, token: str, name: str, inputs: Properties, old: Properties | None = None) -> Properties:
        checked = self.provider.check(self.call(token, name), old or {}, inputs)
        if checked.failures:
            raise RefusedError("; ".join(failure.reason for failure in checked.failures))
        return checked.inputs

    def create(self, token: str, name: str, inputs: Properties) -> Resource:
        checked = self.check(token, name, inputs)
        created = self.provider.create(self.call(token, name), checked)
        resource = Resource(token=token, name=name, id=created.id, inputs=checked, outputs=created.outputs)
        self.made.append(resource)
        return resource

    def adopt(self, token: str, name: str, inputs: Properties, failed: InitFailedError) -> Resource:
        """What the engine keeps of a resource that was made but is not ready."""
        resource = Resource(token=token, name=name, id=failed.id, inputs=inputs, outputs=failed.outputs)
        self.made.append(resource)
        return resource

    def read(self, resource: Resource) -> Live | None:
        old = State(inputs=resource.inputs, outputs=resource.outputs)
        return self.provider.read(self.call(resource.token, resource.name), resource.id, old)

    def diff(self, resource: Resource, inputs: Properties) -> Diff:
        checked = self.check(resource.token, resource.name, inputs, resource.inputs)
        old = State(inputs=resource.inputs, outputs=resource.outputs)
        return self.provider.diff(self.call(resource.token, resource.name), resource.id, old, checked)

    def update(self, resource: Resource, inputs: Properties) -> None:
        checked = self.check(resource.token, resource.name, inputs, resource.inputs)
        old = State(inputs=resource.inputs, outputs=resource.outputs)
        call = self.call(resource.token, resource.name)
        resource.outputs = self.provider.update(call, resource.id, old, checked)
        resource.inputs = checked

    def delete(self, resource: Resource) -> None:
        old = State(inputs=resource.inputs, outputs=resource.outputs)
        self.provider.delete(self.call(resource.token, resource.name), resource.id, old)
        self.made.remove(resource)
