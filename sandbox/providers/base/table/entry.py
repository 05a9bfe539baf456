"""What a table is made of: `Entry`, one for each resource type, and `Step`, what an entry's functions work
with.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sandbox.providers.base.model import InstanceT
from sandbox.providers.base.table.fields import Fields, same
from sandbox.providers.base.table.shapes import from_api, to_api


@dataclass(kw_only=True)
class Step(Generic[InstanceT]):
    """One operation on one resource.

    `session` is what `configure` returned; `new` holds the checked inputs (empty for read and delete), `old`
    the state before (empty for create), `timeout` the seconds that the program allows (None: the entry's
    own).
    """

    session: InstanceT
    entry: Entry[Any]
    name: str
    id: str = ""
    new: Mapping[str, Any] = field(default_factory=dict)
    old: Mapping[str, Any] = field(default_factory=dict)
    timeout: float | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)

    def made(self, id_: str) -> str:
        """Says that the thing now exists under this id: a failure after this is one of a half-made
        resource.
        """
        self.id = id_
        return id_

    @property
    def wish(self) -> Mapping[str, Any]:
        """The inputs if there are any, else the state: what a read completes its answer from."""
        return self.new or self.old

    @property
    def resource(self) -> str:
        """The resource as messages name it."""
        return f"{self.entry.token} {self.name!r}"

    @property
    def default_tags(self) -> Mapping[str, str]:
        """The tags (Google: labels) that the provider gives every resource."""
        return {}

    @property
    def tags_all(self) -> dict[str, str]:
        """The provider's default tags with the resource's own over them."""
        return {**self.default_tags, **(self.new.get(self.entry.tags) or {})}

    def request(self, *only: str, camel: bool = False) -> dict[str, Any]:
        """Request parameters for the inputs (all, or only those named)."""
        return to_api(self.entry.fields, self.new, only=only or None, camel=camel)

    def values(self, answer: Mapping[str, Any], *only: str, camel: bool = False) -> dict[str, Any]:
        """The fields that an answer holds, in Pulumi's words."""
        return from_api(self.entry.fields, answer, only=only or None, camel=camel)

    def changed(self, *names: str) -> bool:
        """Whether any of these inputs differs from the state (in a create: whether any is set)."""
        fields = self.entry.fields
        return any(not same(fields[name], self.new.get(name), self.old.get(name)) for name in names)


StepT = TypeVar("StepT", bound=Step[Any])


def _no_rules(_inputs: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    return ()


@dataclass(frozen=True, kw_only=True)
class Entry(Generic[StepT]):
    """One resource type.

    `create` answers the id; `read` answers fields and computed outputs in Pulumi's words, or None when the
    thing is gone; a type without `update` only ever is replaced, tags aside that it has none. `outputs` are
    the computed outputs, `volatile` those that an update may change. `rules` finds faults between inputs as
    (input, reason). `tags` and `all_tags` name the input and the output that hold a resource's own tags and
    all of them.
    """

    token: str
    fields: Fields
    create: Callable[[StepT], str]
    read: Callable[[StepT], dict[str, Any] | None]
    delete: Callable[[StepT], None]
    update: Callable[[StepT], None] | None = None
    outputs: tuple[str, ...] = ()
    volatile: tuple[str, ...] = ()
    delete_first: bool = False
    rules: Callable[[Mapping[str, Any]], Iterable[tuple[str, str]]] = _no_rules
    import_keys: Callable[[str], dict[str, Any]] = lambda _id: {}
    tags: str = "tags"
    all_tags: str = "tagsAll"

    @property
    def package(self) -> str:
        """The provider's name."""
        return self.token.partition(":")[0]

    @property
    def taggable(self) -> bool:
        """Whether the type carries tags."""
        return self.tags in self.fields
