"""Creations that may never have reached the state, because the engine was killed.

A provider that is attached outlives its engine: it ends the call that is under way, and nobody hears the
answer. The next engine asks for the same creation again. Some APIs then make a second one, others refuse.
So the last creation of each URN is remembered until an engine shows, by naming its id, that it knows of it.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Generic

from sandbox.providers.base.errors import InitFailedError
from sandbox.providers.base.model import Call, Created, InstanceT, Provider, State
from sandbox.providers.base.values import Properties, plain


@dataclass(frozen=True)
class _Made:
    """A creation: by which connection, from which inputs. `whole` is False when it failed half way."""

    peer: str
    inputs: Properties
    created: Created
    whole: bool = True

    @property
    def state(self) -> State:
        return State(inputs=self.inputs, outputs=plain(self.created.outputs))


@dataclass
class _Turn:
    lock: threading.Lock = field(default_factory=threading.Lock)
    waiting: int = 0


class Creations(Generic[InstanceT]):
    """Creates through a provider, each resource once."""

    def __init__(self, provider: Provider[InstanceT]) -> None:
        self._provider = provider
        self._made: dict[str, _Made] = {}
        self._turns: dict[str, _Turn] = {}
        self._lock = threading.Lock()

    def create(self, call: Call[InstanceT], inputs: Properties, peer: str) -> Created:
        """Create it for the engine at `peer`, unless one that was killed has had it made already."""
        if call.preview:
            return self._provider.create(call, inputs)
        with self._turn(call.urn):
            left = self._take(call.urn, peer)
            if left is not None and self._provider.read(call, left.created.id, left.state) is not None:
                if left.whole and left.inputs == inputs:
                    self._note(call.urn, replace(left, peer=peer))
                    return left.created
                self._provider.delete(call, left.created.id, left.state)
            try:
                created = self._provider.create(call, inputs)
            except InitFailedError as error:
                half = Created(id=error.id, outputs=error.outputs)
                self._note(call.urn, _Made(peer, inputs, half, whole=False))
                raise
            self._note(call.urn, _Made(peer, inputs, created))
            return created

    def claim(self, urn: str, id: str) -> None:
        """An engine knows of this resource: it has named its id."""
        with self._lock:
            made = self._made.get(urn)
            if made is not None and made.created.id == id:
                del self._made[urn]

    def _note(self, urn: str, made: _Made) -> None:
        with self._lock:
            self._made[urn] = made

    def _take(self, urn: str, peer: str) -> _Made | None:
        """What another connection created under this URN and no engine has claimed; it is forgotten then."""
        with self._lock:
            made = self._made.get(urn)
            if made is None or made.peer == peer:
                return None
            return self._made.pop(urn)

    @contextmanager
    def _turn(self, urn: str) -> Generator[None]:
        """One creation of a URN at a time: that of an engine that was killed may still be under way."""
        with self._lock:
            turn = self._turns.setdefault(urn, _Turn())
            turn.waiting += 1
        try:
            with turn.lock:
                yield
        finally:
            with self._lock:
                turn.waiting -= 1
                if not turn.waiting:
                    del self._turns[urn]
