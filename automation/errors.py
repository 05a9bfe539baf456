"""What a person is told when an operation on the stacks fails: what, where, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

_SHOWN_FAILURES = 5
_SHOWN_CAUSES = 3


class Exit(IntEnum):
    """What the command line answers to its caller."""

    OK = 0
    ERROR = 1
    REFUSED = 2
    BROKEN = 3
    INTERRUPTED = 130


class AutomationError(Exception):
    """The root of our own errors; `exit_code` is what the command ends with."""

    exit_code = Exit.ERROR


class StoppedError(AutomationError):
    """The person asked to stop, and the work was stopped in good order."""

    exit_code = Exit.INTERRUPTED


class RefusedError(AutomationError):
    """The configuration was refused before any resource; the text names every fault."""

    exit_code = Exit.REFUSED


class EngineMissingError(AutomationError):
    """There is no usable Pulumi command line."""

    def __init__(self, command: str, reason: str) -> None:
        super().__init__(
            f"the Pulumi command line ({command}) cannot be used: {reason}; install it from "
            "https://www.pulumi.com/docs/iac/download-install/, or name --target sandbox after "
            "`standfast sandbox up`"
        )


class StackLockedError(AutomationError):
    """Another update of the stack is under way; `holders` says whose."""

    def __init__(self, region: str, holders: Sequence[str]) -> None:
        by = "; ".join(holders) or "another update"
        super().__init__(
            f"{region} is locked by {by}; wait for it to end, or, when you know that it is gone, "
            f"run `pulumi cancel {region}`"
        )


class NotUpError(AutomationError):
    """A region was asked for something that it has only after `up`."""

    def __init__(self, region: str, target: str) -> None:
        super().__init__(f"{region} has no stack yet; run `standfast up {region} --target {target}` first")


class UnknownRegionError(AutomationError):
    """A name on the command line is no region of the platform."""

    exit_code = Exit.REFUSED

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"{name} is no region of this platform; the regions are {', '.join(known)}")


@dataclass(frozen=True)
class Failure:
    """One resource that failed, or the program itself when `urn` is empty."""

    urn: str
    message: str

    @property
    def resource(self) -> str:
        """`aws:s3/bucket:Bucket models` of a URN; nothing when the program itself failed."""
        parts = self.urn.split("::")
        if len(parts) < 4 or parts[2].endswith("pulumi:pulumi:Stack"):
            return ""
        return f"{parts[2].rpartition('$')[2]} {parts[3]}"

    def __str__(self) -> str:
        return f"{self.resource}: {self.message}" if self.resource else self.message


@dataclass(frozen=True)
class Explanation:
    """Why something failed, in our words, and what to do about it."""

    what: str
    remedy: str

    def __str__(self) -> str:
        return f"  cause: {self.what}\n  remedy: {self.remedy}"


class EngineError(AutomationError):
    """An operation of the engine ended with failures; `log` keeps all that it said.

    `explanations` are the causes that are known, the one that hides the others first. An error whose cause is
    known is of a subclass.
    """

    def __init__(
        self,
        operation: str,
        region: str,
        failures: Sequence[Failure],
        log: Path,
        explanations: Sequence[Explanation] = (),
    ) -> None:
        self.operation = operation
        self.region = region
        self.failures = tuple(failures)
        self.log = log
        self.explanations = tuple(explanations)
        shown = [str(failure) for failure in self.failures[:_SHOWN_FAILURES]]
        more = len(self.failures) - len(shown)
        if more > 0:
            shown.append(f"and {more} more")
        what = "; ".join(shown) if len(shown) == 1 else "\n  ".join(["", *shown])
        kept = "what stands is kept, and the same command goes on from there"
        lines = [
            f"{operation} of {region} failed: {what or 'the engine ended without saying why'}",
            *map(str, self.explanations[:_SHOWN_CAUSES]),
            # An operation that changes nothing has no log of its own.
            *([] if log.is_dir() else [f"  {kept}; full log: {log}"]),
        ]
        super().__init__("\n".join(lines))


class LoginError(EngineError):
    """The engine is not logged in to a backend."""


class BackendError(EngineError):
    """The backend, where the state is kept, cannot be opened."""


class SecretsError(EngineError):
    """The stack's secrets cannot be opened: a wrong passphrase, or none."""


class PluginMissingError(EngineError):
    """A provider, language host or analyzer is not installed."""


class CredentialsError(EngineError):
    """The cloud's or the cluster's credentials have expired, are unknown, or are not there."""


class ConflictError(EngineError):
    """Something else holds, has made or is changing what the stack wants."""


class CloudRefusedError(EngineError):
    """The cloud or an API server refuses a resource: its arguments, a right, or a limit."""
