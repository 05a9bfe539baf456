"""The words that a provider and the engine exchange, over plain Python values."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sandbox.providers.base.diffs import Diff, compare
from sandbox.providers.base.errors import ProviderError
from sandbox.providers.base.values import Properties

InstanceT = TypeVar("InstanceT")


@dataclass(frozen=True, kw_only=True)
class Call(Generic[InstanceT]):
    """What every operation on a resource comes with.

    instance: what `configure` returned for the provider resource that this call came through.
    type, name, stack, project: of the resource, from its URN (empty for invokes).
    preview: nothing may be changed, and inputs may hold `UNKNOWN`.
    timeout: seconds from customTimeouts, or None.
    ignore_changes: property paths, already applied to the inputs by the engine.
    cancelled: set when the user interrupts; long waits watch it.
    status: shows a short message beside the resource while it is worked on.
    warn: shows a warning that stays.
    """

    instance: InstanceT
    urn: str = ""
    preview: bool = False
    timeout: float | None = None
    ignore_changes: tuple[str, ...] = ()
    cancelled: threading.Event = field(default_factory=threading.Event)
    status: Callable[[str], None] = field(default=lambda _: None)
    warn: Callable[[str], None] = field(default=lambda _: None)

    @property
    def type(self) -> str:
        """The type token, such as `aws:s3/bucket:Bucket`."""
        return self._urn_part(2).rpartition("$")[2]

    @property
    def name(self) -> str:
        """The resource's name in the program."""
        return self.urn.split("::", 3)[3] if self.urn.count("::") >= 3 else ""

    @property
    def stack(self) -> str:
        """The stack's name."""
        return self._urn_part(0).removeprefix("urn:pulumi:")

    @property
    def project(self) -> str:
        """The project's name."""
        return self._urn_part(1)

    def _urn_part(self, index: int) -> str:
        parts = self.urn.split("::", 3)
        return parts[index] if index < len(parts) else ""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """An input that is refused. property: its path as Pulumi writes it, or empty for the whole resource."""

    property: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Checked:
    """Inputs as they will be kept in the state and given to Diff, Create and Update."""

    inputs: Properties
    failures: Sequence[Failure] = ()


@dataclass(frozen=True, kw_only=True)
class Created:
    """A new resource. In a preview `id` may be empty, and outputs that are left out count as unknown."""

    id: str
    outputs: Properties


@dataclass(frozen=True, kw_only=True)
class State:
    """What Pulumi's state holds of a resource."""

    inputs: Properties
    outputs: Properties


@dataclass(frozen=True, kw_only=True)
class Live:
    """A resource as it was found. inputs: what a program would have to say to get it as it is.

    A refresh shows the difference between these inputs and those in the state as drift.
    """

    id: str
    inputs: Properties
    outputs: Properties


class Provider(ABC, Generic[InstanceT]):
    """A provider over plain Python values.

    Secrets arrive unwrapped; outputs are made secret again where the inputs (or the old state) were. Wrap
    what only the provider knows to be a secret in `Secret`. Values may be `UNKNOWN` in a preview. Raise
    `ProviderError` for what the user should read, `InitFailedError` for what exists but is not ready.
    Methods are called from many threads at once.
    """

    name: str
    version: str

    def check_config(self, config: Properties) -> Sequence[Failure]:  # noqa: ARG002
        """The keys of the provider's own configuration that are refused; values may be `UNKNOWN`."""
        return ()

    def diff_config(self, old: Properties, new: Properties) -> Diff:
        """What a changed configuration means; by default never a replacement of what it manages."""
        return Diff(changes=tuple(compare(old, new)))

    @abstractmethod
    def configure(self, config: Properties) -> InstanceT:
        """One provider resource with its configuration; called once for each, for every update anew.

        Values that are no text arrive as the JSON text that the SDK made of them, or as themselves.
        """

    @abstractmethod
    def check(self, call: Call[InstanceT], old: Properties, new: Properties) -> Checked:
        """Refuse or complete the inputs `new`; `old` is empty for a new resource."""

    @abstractmethod
    def diff(self, call: Call[InstanceT], id: str, old: State, new: Properties) -> Diff:
        """What `new` inputs mean for the resource."""

    @abstractmethod
    def create(self, call: Call[InstanceT], inputs: Properties) -> Created:
        """Create it; in a preview only say what would come out."""

    @abstractmethod
    def read(self, call: Call[InstanceT], id: str, old: State) -> Live | None:
        """Find it, None if it is gone. `old` is empty for an import or a `get`."""

    @abstractmethod
    def update(self, call: Call[InstanceT], id: str, old: State, new: Properties) -> Properties:
        """Bring it to `new` and return its outputs; in a preview only say what would come out."""

    @abstractmethod
    def delete(self, call: Call[InstanceT], id: str, old: State) -> None:
        """Delete it; that it is gone already is no error."""

    def invoke(self, call: Call[InstanceT], token: str, args: Properties) -> Properties:  # noqa: ARG002
        """Answer a function call such as `aws:route53/getZone:getZone`."""
        raise ProviderError(f"{token}: the sandbox's {self.name} provider does not know this function")


def as_bool(value: Any, *, key: str) -> bool:
    """A provider setting that is a boolean: itself, or `true`/`false` as the SDK writes it."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise ProviderError(f"provider setting {key}: {value!r} is neither true nor false")
