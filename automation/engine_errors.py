"""The Automation API's errors, which hold the whole output of the engine, as errors of ours."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from pulumi.automation import CommandError, ConcurrentUpdateError, StackNotFoundError

from automation.causes import explain
from automation.errors import Failure, RefusedError
from automation.events import REFUSAL, Tally, essence, plain

# A backend in a folder writes these beside each file, and not in one piece.
_TORN = (
    "a run that was killed left an empty file in the backend's folder: delete the empty .attrs files there, "
    "and add ?metadata=skip to the backend's URL, which does without them"
)


@contextmanager
def engine_errors(operation: str, region: str, log: Path, tally: Tally | None = None) -> Generator[None]:
    """Translates what is raised within; `log` keeps what the engine said, `tally` what its events told."""
    try:
        yield
    except (ConcurrentUpdateError, StackNotFoundError):
        raise
    except CommandError as error:
        failures = tally.causes() if tally is not None else []
        refusals = [f.message for f in failures if f.message.startswith(REFUSAL)]
        if refusals:
            raise RefusedError(refusals[0]) from None
        told = failures or [_from_text(error)]
        kind, explanations = explain(told, region)
        # Not `from error`: it holds the whole output, and a traceback would show it.
        raise kind(operation, region, told, log, explanations) from None


def _from_text(error: CommandError) -> Failure:
    """What the engine said on its way out, when no event says it."""
    text = plain(str(error).rpartition("stderr: ")[2])
    lines = [line.strip() for line in text.splitlines()]
    began = [place for place, line in enumerate(lines) if line.startswith("error: ")]
    # What the last error was caused by stands on the lines after it.
    said = " ".join(line for line in lines[began[-1] :] if line) if began else text
    message = essence(said)
    return Failure("", f"{message}; {_TORN}" if message.endswith("EOF") else message)
