"""What can be done with the regions' stacks, through Pulumi's Automation API."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TextIO

from pulumi.automation import ConcurrentUpdateError, OutputMap, Stack, StackNotFoundError
from pulumi.automation.events import EngineEvent

from automation import locks
from automation.engine_errors import engine_errors
from automation.errors import NotUpError, StackLockedError
from automation.events import UNCHANGING, Tally, line_of, plain
from automation.guard import Guard
from automation.redaction import Lines
from automation.workspace import Workspace

_LOCK_PATIENCE = 60.0
_LOCK_POLL = 2.0

Watch = Callable[[EngineEvent], None]
"""Is told each event of an operation, from the thread that reads them."""


class Steps(Protocol):
    """Where progress is shown: a step begins with `start`, and ends with `done` or `fail`."""

    def start(self, step: str, doing: str, log: Path | None = None) -> None: ...

    def note(self, step: str, doing: str) -> None: ...

    def done(self, step: str, outcome: str = "done") -> None: ...

    def fail(self, step: str, outcome: str = "failed") -> None: ...


@dataclass(frozen=True)
class Outcome:
    """One operation that succeeded: what it changed (operations to counts), and how long it took."""

    region: str
    operation: str
    changes: dict[str, int]
    seconds: float
    outputs: dict[str, Any]

    @property
    def resources(self) -> int:
        """Resources of the stack that the operation dealt with, changed or not."""
        return sum(count for op, count in self.changes.items() if op != "read")

    @property
    def changed(self) -> dict[str, int]:
        """Operations that changed something, and how many resources each."""
        return {op: count for op, count in sorted(self.changes.items()) if op not in UNCHANGING}


@dataclass(frozen=True)
class Kept:
    """A resource that `destroy` left, since it is protected."""

    urn: str
    type: str
    id: str

    @property
    def name(self) -> str:
        return self.urn.rpartition("::")[2]


class Stacks:
    """The stacks of one workspace. Each method raises errors of `automation.errors` and nothing else."""

    def __init__(
        self,
        workspace: Workspace,
        steps: Steps,
        *,
        note_every: float = 1.0,
        lock_patience: float = _LOCK_PATIENCE,
    ) -> None:
        self._place = workspace
        self._engine = workspace.engine()
        self._workspace = workspace.open(self._engine)
        self._steps = steps
        self._note_every = note_every
        self._lock_patience = lock_patience
        self._stacks: dict[str, Stack] = {}

    def names(self) -> set[str]:
        """The stacks that were initialised."""
        with engine_errors("list", "the stacks", self._place.logs):
            return {stack.name.rpartition("/")[2] for stack in self._workspace.list_stacks()}

    def init(self, regions: Sequence[str]) -> None:
        """Make the stacks that are missing: a region reads its peers' stacks, which must exist for that."""
        have = self.names()
        missing = [region for region in regions if region not in have]
        for region in missing:
            with engine_errors("init", region, self._place.logs):
                self._workspace.create_stack(region)

    def select(self, regions: Sequence[str]) -> None:
        """Find their stacks. The engine writes down which one was chosen last, in one file for all of them:
        to be done before regions are worked on side by side.
        """
        for region in regions:
            self._stack(region)

    def stop(self) -> None:
        """Ask every operation under way to come to a good end, from another thread."""
        self._engine.stop()

    def up(self, region: str, *, policy_packs: Sequence[str] = ()) -> Outcome:
        """Create or update one region. A run that was killed before is tidied up first."""
        stack = self._stack(region)
        self._clear_pending(stack)

        def operation(**common: Any) -> OutputMap:
            return stack.up(show_secrets=False, policy_packs=[*policy_packs], **common).outputs

        tally, seconds, outputs = self._run("up", region, operation)
        return Outcome(region, "up", tally.changes or {}, seconds, _values(outputs))

    def preview(
        self, region: str, *, policy_packs: Sequence[str] = (), watch: Watch | None = None
    ) -> Outcome:
        """What `up` would change, and what the policy packs in these folders say of it."""
        stack = self._stack(region)

        def operation(**common: Any) -> None:
            stack.preview(policy_packs=[*policy_packs], **common)

        tally, seconds, _ = self._run("preview", region, operation, watch)
        return Outcome(region, "preview", tally.changes or {}, seconds, {})

    def refresh(self, region: str, *, preview_only: bool = False, watch: Watch | None = None) -> Outcome:
        """Read every resource again; with `preview_only` the state stays and the changes are the drift."""
        stack = self._stack(region)

        def operation(**common: Any) -> None:
            stack.refresh(show_secrets=False, preview_only=preview_only, **common)

        tally, seconds, _ = self._run("refresh", region, operation, watch)
        return Outcome(region, "refresh", tally.changes or {}, seconds, {})

    def destroy(self, region: str, *, also_protected: bool = False) -> tuple[Outcome, list[Kept]]:
        """Remove one region, and say what is left because it is protected."""
        stack = self._stack(region)
        self._clear_pending(stack)
        if also_protected:
            self._release_protected(region)

        def operation(**common: Any) -> None:
            stack.destroy(show_secrets=False, exclude_protected=not also_protected, **common)

        tally, seconds, _ = self._run("destroy", region, operation)
        return Outcome(region, "destroy", tally.changes or {}, seconds, {}), self.protected(region)

    def protected(self, region: str) -> list[Kept]:
        """The protected resources in a region's state."""
        return [
            Kept(resource["urn"], resource["type"], str(resource.get("id", "")))
            for resource in self._deployment(region).get("resources", [])
            if resource.get("protect") and resource.get("custom")
        ]

    def _release_protected(self, region: str) -> None:
        """Write into the state that nothing is protected, nor kept when it is deleted from the stack.

        `pulumi state unprotect` leaves the second as it is, and the data would only be forgotten.
        https://www.pulumi.com/docs/iac/concepts/resources/options/retainondelete/
        """
        exported = self._export(region)
        for resource in exported["deployment"].get("resources") or ():
            resource.pop("protect", None)
            resource.pop("retainOnDelete", None)
        with engine_errors("unprotect", region, self._place.logs):
            self._pulumi("stack", "import", "--stack", region, text=json.dumps(exported))

    def outputs(self, region: str) -> dict[str, Any]:
        """The stack's outputs with secrets masked. NotUpError when there is no such stack."""
        try:
            with engine_errors("outputs", region, self._place.logs):
                return _values(self._workspace.stack_outputs(region))
        except StackNotFoundError as error:
            raise NotUpError(region, self._place.target) from error

    def set_config(self, region: str, key: str, values: dict[str, str]) -> None:
        """Set the fields of a configuration object, which anyone may read."""
        pairs = [f"--plaintext={key}.{name}={value}" for name, value in values.items()]
        with engine_errors("config set-all", region, self._place.logs):
            self._pulumi("config", "set-all", "--path", *pairs, "--stack", region)

    def set_secret(self, region: str, key: str, value: str) -> None:
        """Set a secret, by the engine's standard input: no list of processes shows it."""
        with engine_errors("config set", region, self._place.logs):
            self._pulumi("config", "set", key, "--secret", "--stack", region, text=value)

    def _stack(self, region: str) -> Stack:
        try:
            with engine_errors("select", region, self._place.logs):
                if region not in self._stacks:
                    self._stacks[region] = Stack.select(region, self._workspace)
                return self._stacks[region]
        except StackNotFoundError as error:
            raise NotUpError(region, self._place.target) from error

    def _deployment(self, region: str) -> dict[str, Any]:
        return self._export(region)["deployment"]

    def _export(self, region: str) -> dict[str, Any]:
        """The state, with its secrets sealed (the Automation API's own export opens them all)."""
        with engine_errors("export", region, self._place.logs):
            document: dict[str, Any] = json.loads(self._pulumi("stack", "export", "--stack", region))
        return {**document, "deployment": document.get("deployment") or {}}

    def _pulumi(self, *arguments: str, text: str | None = None) -> str:
        return self._engine.run([*arguments], str(self._place.folder), self._place.env, text=text).stdout

    def _clear_pending(self, stack: Stack) -> None:
        """Operations that a killed run left open: read what came of them before going on.

        The engine carries an open creation along until someone says what became of it.
        https://www.pulumi.com/docs/support/troubleshooting/common-issues/interrupted-updates/
        """
        pending = self._deployment(stack.name).get("pending_operations")
        if not pending:
            return
        names = sorted(operation["resource"]["urn"].rpartition("::")[2] for operation in pending)
        step = f"take over {stack.name}"
        self._steps.start(step, "reading what a killed run left open")
        self._steps.done(step, f"left open by a killed run: {', '.join(names)}")

        def operation(**common: Any) -> None:
            stack.refresh(show_secrets=False, clear_pending_creates=True, **common)

        self._run("refresh", stack.name, operation)

    def _run(
        self, name: str, region: str, operation: Callable[..., Any], watch: Watch | None = None
    ) -> tuple[Tally, float, Any]:
        step, log = f"{name} {region}", self._place.log(name, region)
        log.parent.mkdir(parents=True, exist_ok=True)
        self._steps.start(step, "starting", log)
        deadline = time.monotonic() + self._lock_patience
        try:
            while True:
                try:
                    tally, result = self._attempt(name, region, operation, log, watch)
                    break
                except ConcurrentUpdateError as error:
                    self._await_lock(step, region, str(error), deadline)
        except BaseException:
            self._steps.fail(step)
            raise
        self._steps.done(step, tally.text())
        return tally, tally.seconds, result

    def _attempt(
        self, name: str, region: str, operation: Callable[..., Any], log: Path, watch: Watch | None
    ) -> tuple[Tally, Any]:
        tally, guard = Tally(), Guard()
        told = tally.began

        def on_event(event: EngineEvent) -> None:
            nonlocal told
            event = guard.cleaned(event)
            keep(line_of(event))
            tally.record(event)
            if watch is not None:
                watch(event)
            if time.monotonic() - told >= self._note_every:
                told = time.monotonic()
                self._steps.note(f"{name} {region}", tally.text())

        with log.open("w", encoding="utf-8") as stream, engine_errors(name, region, log, tally):
            keep = _keeper(stream)
            # Not the output: it says the same as the events, and what providers quote as well.
            result = operation(on_event=on_event, on_error=keep, color="never", suppress_outputs=True)
        return tally, result

    def _await_lock(self, step: str, region: str, message: str, deadline: float) -> None:
        """Take away the locks of dead processes, and give living ones a while."""
        held = locks.parse(message)
        living = [lock for lock in held if not locks.is_stale(lock)]
        if not held or (living and time.monotonic() > deadline):
            raise StackLockedError(region, [str(lock) for lock in living])
        if living:
            self._steps.note(step, f"waiting for {living[0]}")
            time.sleep(_LOCK_POLL)
            return
        self._steps.note(step, "taking over from a run that was killed")
        files = [locks.file_of(lock) for lock in held]
        if all(file is not None for file in files):
            for file in files:
                if file is not None:
                    file.unlink(missing_ok=True)
                    file.with_name(f"{file.name}.attrs").unlink(missing_ok=True)
        else:
            self._pulumi("cancel", "--yes", "--stack", region)


def _values(outputs: OutputMap) -> dict[str, Any]:
    """Values by name; the engine gave secrets masked."""
    return {name: output.value for name, output in sorted(outputs.items())}


def _keeper(stream: TextIO) -> Callable[[str], None]:
    """Writes lines, from the thread that reads the events and from the one that reads what else is said."""
    lines, turn = Lines(), threading.Lock()

    def keep(line: str) -> None:
        with turn:
            text = plain(lines.line(line))
            if text and not stream.closed:
                stream.write(f"{text}\n")
                stream.flush()

    return keep
