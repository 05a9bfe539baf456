"""What the table is made of: `Entry`, one for each resource type, and `Step`, what an entry's functions
work with.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.providers.aws.clients import Session
from sandbox.providers.aws.schema import Fields, same
from sandbox.providers.aws.shapes import from_api, pairs, to_api


@dataclass(kw_only=True)
class Step:
    """One operation on one resource.

    `new` holds the checked inputs (empty for read and delete), `old` the state before (empty for create),
    `region` the AWS location that the resource lives in, `timeout` the seconds that the program allows (None:
    the entry's own).
    """

    session: Session
    entry: Entry
    name: str
    region: str
    id: str = ""
    new: Mapping[str, Any] = field(default_factory=dict)
    old: Mapping[str, Any] = field(default_factory=dict)
    timeout: float | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)

    def aws(self, service: str) -> Any:
        """The boto3 client of a service, in the resource's location."""
        return self.session.client(service, self.region)

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

    def request(self, *only: str, camel: bool = False) -> dict[str, Any]:
        """Request parameters for the inputs (all, or only those named)."""
        return to_api(self.entry.fields, self.new, only=only or None, camel=camel)

    def values(self, answer: Mapping[str, Any], *only: str, camel: bool = False) -> dict[str, Any]:
        """The fields that an AWS answer holds, in Pulumi's words."""
        return from_api(self.entry.fields, answer, only=only or None, camel=camel)

    def changed(self, *names: str) -> bool:
        """Whether any of these inputs differs from the state (in a create: whether any is set)."""
        fields = self.entry.fields
        return any(not same(fields[name], self.new.get(name), self.old.get(name)) for name in names)

    def arn(self, service: str, resource: str, *, regional: bool = True, account: bool = True) -> str:
        """An ARN in this account and location."""
        where = self.region if regional else ""
        who = self.session.account if account else ""
        return f"arn:{self.session.partition}:{service}:{where}:{who}:{resource}"

    @property
    def tags_all(self) -> dict[str, str]:
        """The provider's default tags with the resource's own over them."""
        return {**self.session.default_tags, **(self.new.get("tags") or {})}

    @property
    def tag_pairs(self) -> list[dict[str, str]]:
        """All tags as AWS's list of {Key, Value}."""
        return pairs(self.tags_all)

    def tag_steps(self) -> tuple[dict[str, str], list[str]]:
        """Tags to set and tag keys to remove, so that the resource's tags become the wanted ones."""
        before, after = self.old.get("tagsAll") or {}, self.tags_all
        return (
            {key: value for key, value in after.items() if before.get(key) != value},
            [key for key in before if key not in after],
        )


def _no_rules(_inputs: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    return ()


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One resource type.

    `create` answers the id; `read` answers fields and computed outputs in Pulumi's words, or None when the
    thing is gone (an AWS error whose code is in `gone` means the same); a type without `update` only ever is
    replaced, tags aside that it has none. `outputs` are the computed outputs, `volatile` those that an update
    may change. `rules` finds faults between inputs as (input, reason).
    """

    token: str
    fields: Fields
    create: Callable[[Step], str]
    read: Callable[[Step], dict[str, Any] | None]
    delete: Callable[[Step], None]
    update: Callable[[Step], None] | None = None
    outputs: tuple[str, ...] = ()
    volatile: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    regional: bool = True
    delete_first: bool = False
    rules: Callable[[Mapping[str, Any]], Iterable[tuple[str, str]]] = _no_rules
    import_keys: Callable[[str], dict[str, Any]] = lambda _id: {}

    @property
    def taggable(self) -> bool:
        """Whether the type carries tags."""
        return "tags" in self.fields
