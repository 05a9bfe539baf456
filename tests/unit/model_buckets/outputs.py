"""Outputs without an engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pulumi


def value_of(make: Callable[[], Any]) -> Any:
    """The value of the output (or of the nested lists and dicts of outputs) that ``make`` returns."""

    async def resolve() -> Any:
        return await pulumi.Output.from_input(make()).future()

    # asyncio.run would take the thread's own loop away, which the Pulumi SDK needs.
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(resolve())
    finally:
        loop.close()
