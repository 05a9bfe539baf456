"""The table's interpreter: one engine call on one resource becomes calls of the entry's functions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Generic

from sandbox.providers.base.diffs import Diff
from sandbox.providers.base.errors import InitFailedError, ProviderError
from sandbox.providers.base.model import Call, Checked, Created, InstanceT, Live, Provider, State
from sandbox.providers.base.table.checks import check
from sandbox.providers.base.table.diffs import diff
from sandbox.providers.base.table.entry import Entry, StepT
from sandbox.providers.base.table.fields import settle
from sandbox.providers.base.table.journal import Journal
from sandbox.providers.base.table.states import foreseen, inputs_shaped
from sandbox.providers.base.values import Properties


class UnsupportedTypeError(ProviderError):
    """A resource type or function that the table has no entry for."""


class TableProvider(Provider[InstanceT], Generic[InstanceT, StepT]):
    """A provider whose types are the entries of a table. `directory` is the sandbox's.

    `entries` are its table by token, and `step_type` is what their functions work with.
    """

    entries: Mapping[str, Entry[StepT]]
    step_type: type[StepT]

    def __init__(self, directory: Path) -> None:
        self._journal = Journal(directory / f"{self.name}-journal.sqlite")

    @property
    @abstractmethod
    def functions(self) -> Mapping[str, Callable[[InstanceT, Properties], Properties]]:
        """The real provider's functions, by token."""

    def step(
        self,
        call: Call[InstanceT],
        *,
        id: str = "",
        old: Properties | None = None,
        new: Properties | None = None,
    ) -> StepT:
        """One operation on the call's resource. Raises UnsupportedTypeError naming its type."""
        entry = self.entries.get(call.type)
        if entry is None:
            raise UnsupportedTypeError(
                f"{call.type}: the sandbox's {self.name} provider has no entry for this type; "
                f"sandbox/providers/{self.name}/table holds them"
            )
        return self.step_type(
            session=call.instance,
            entry=entry,
            name=call.name,
            id=id,
            old=old or {},
            new=new or {},
            timeout=call.timeout,
            cancelled=call.cancelled,
        )

    @abstractmethod
    def failures(self, what: str) -> AbstractContextManager[None]:
        """Turns every failure of the cloud into a ProviderError of one line that names the resource or
        function.
        """

    @abstractmethod
    def is_gone(self, step: StepT, error: Exception) -> bool:
        """Whether a failure of the cloud says that the thing is not there."""

    def wanted(self, call: Call[InstanceT], new: Properties) -> Properties:
        """The inputs to compare with a state."""
        del call
        return new

    def completed(self, step: StepT, have: Properties, state: Properties) -> Properties:
        """A state with what is read of every resource alike; `have` is what the entry's `read` answered."""
        del step, have
        return state

    def foreseen(self, step: StepT) -> Properties:
        """What a preview can say of the outputs."""
        return foreseen(step)

    def check(self, call: Call[InstanceT], old: Properties, new: Properties) -> Checked:
        """Completed inputs, and every one that is unknown, missing or of the wrong kind."""
        return check(self.step(call).entry, call.name, old, new)

    def diff(self, call: Call[InstanceT], id: str, old: State, new: Properties) -> Diff:
        """Against the state, as the cloud would compare."""
        self._journal.spoken_of(call.urn, id)
        return self._difference(call, old.outputs, new)

    def create(self, call: Call[InstanceT], inputs: Properties) -> Created:
        """Makes it; what was made before a failure stays in the state, to be finished by the next update."""
        step = self.step(call, new=inputs)
        if call.preview:
            return Created(id="", outputs=self.foreseen(step))
        adopted = self._adopted(call, inputs)
        if adopted is not None:
            return adopted
        try:
            with self.failures(step.resource):
                step.made(step.entry.create(step))
                self._journal.created(call.urn, step.id)
                return Created(id=step.id, outputs=self._required(step))
        except ProviderError as error:
            if not step.id:
                raise
            self._journal.created(call.urn, step.id)
            raise InitFailedError([str(error)], id=step.id, outputs=self._salvaged(step)) from error

    def _adopted(self, call: Call[InstanceT], inputs: Properties) -> Created | None:
        """What a killed run has made for this resource, brought to the inputs; None if there is nothing.

        One that cannot be brought there (a made-up name, say) is deleted, so that nothing of it stays.
        """
        id_ = self._journal.orphan(call.urn)
        if id_ is None:
            return None
        self._journal.spoken_of(call.urn, id_)
        step = self.step(call, id=id_, old=inputs)
        with self.failures(step.resource):
            state = self._live(step)
        if state is None:
            return None
        if self._difference(call, state, inputs).replaces:
            self.delete(call, id_, State(inputs=inputs, outputs=state))
            return None
        outputs = self.update(call, id_, State(inputs=inputs, outputs=state), inputs)
        self._journal.created(call.urn, id_)
        call.warn(f"{id_} was made by a run that was killed before it was written down; it is taken over")
        return Created(id=id_, outputs=outputs)

    def read(self, call: Call[InstanceT], id: str, old: State) -> Live | None:
        """What the cloud holds now, in the state's words where nothing changed."""
        self._journal.spoken_of(call.urn, id)
        entry = self.step(call).entry
        known = old.outputs or old.inputs or entry.import_keys(id)
        step = self.step(call, id=id, old=known)
        with self.failures(step.resource):
            state = self._live(step)
        if state is None:
            return None
        return Live(id=step.id, inputs=inputs_shaped(entry, state, old), outputs=state)

    def update(self, call: Call[InstanceT], id: str, old: State, new: Properties) -> Properties:
        """Changes it in place."""
        self._journal.spoken_of(call.urn, id)
        step = self.step(call, id=id, old=old.outputs, new=new)
        if call.preview:
            return self.foreseen(step)
        with self.failures(step.resource):
            if step.entry.update is not None:
                step.entry.update(step)
            return self._required(step)

    def delete(self, call: Call[InstanceT], id: str, old: State) -> None:
        """Deletes it; that it is gone already is no error."""
        self._journal.spoken_of(call.urn, id)
        step = self.step(call, id=id, old=old.outputs)
        with self.failures(step.resource):
            try:
                step.entry.delete(step)
            except Exception as error:
                if not self.is_gone(step, error):
                    raise

    def invoke(self, call: Call[InstanceT], token: str, args: Properties) -> Properties:
        """A function of the real provider."""
        function = self.functions.get(token)
        if function is None:
            known = ", ".join(sorted(self.functions))
            raise UnsupportedTypeError(
                f"{token}: the sandbox's {self.name} provider has no such function; it has {known}"
            )
        with self.failures(token):
            return function(call.instance, args)

    def _difference(self, call: Call[InstanceT], state: Properties, new: Properties) -> Diff:
        step = self.step(call)
        return diff(step.entry, state, self.wanted(call, new), step.default_tags)

    def _live(self, step: StepT) -> Properties | None:
        """What the cloud holds now as the state to keep, None if it is gone."""
        try:
            have = step.entry.read(step)
        except Exception as error:
            if not self.is_gone(step, error):
                raise
            return None
        if have is None:
            return None
        state = settle(step.entry.fields, {"id": step.id, **have}, step.wish)
        return self.completed(step, have, state)

    def _required(self, step: StepT) -> Properties:
        """The state of what must be there. Raises ProviderError if it is not."""
        state = self._live(step)
        if state is None:
            raise ProviderError(f"reading back {step.resource}: NotFound: it is not there")
        return state

    def _salvaged(self, step: StepT) -> Properties:
        """The state of a half-made thing: what there is of it, so that the next diff finds what is still to
        do.
        """
        state: Properties | None = None
        try:
            with self.failures(step.resource):
                state = self._live(step)
        except (ProviderError, KeyError):
            state = None
        return state or self.completed(step, {}, {"id": step.id})
