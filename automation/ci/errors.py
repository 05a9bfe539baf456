"""What a pipeline is told when there is no verdict."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from automation.errors import AutomationError, Exit
from config.problems import ConfigError


class CiError(AutomationError):
    """There is no verdict, or a rollout went no further: code 1, whatever it ends with elsewhere."""


@contextmanager
def own_codes() -> Generator[None]:
    """What ends other commands with 2 or 3 ends these with 1: there those are verdicts."""
    try:
        yield
    except ConfigError as error:
        raise CiError(str(error)) from error
    except AutomationError as error:
        if error.exit_code in {Exit.ERROR, Exit.INTERRUPTED}:
            raise
        raise CiError(str(error)) from error
