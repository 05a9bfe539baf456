"""Which faults of a configuration are broken budgets: a promise that does not hold, not a file to correct."""

from __future__ import annotations

from collections.abc import Iterator

from config.budgets import copies, quotas, rpo, rto
from config.budgets.headroom import headroom_problems, quorum_problems
from config.problems import Problem
from config.reading import PLATFORM, REGION, Reading


def broken(reading: Reading) -> frozenset[Problem]:
    """The faults among those of `reading` that a budget names."""
    return frozenset(_broken(reading)) & frozenset(reading.problems)


def _broken(reading: Reading) -> Iterator[Problem]:
    whole = reading.shape
    if whole is None:
        return
    inference, size = whole.inference, whole.models.size
    yield from rpo.problems(PLATFORM, whole.objectives, whole.backup, size)
    yield from copies.problems(PLATFORM, whole.models)
    yield from quotas.problems(PLATFORM, REGION, whole.regions, reading.regions)
    for name, region in reading.regions.items():
        key = f"{name}: {REGION}"
        yield from quorum_problems(f"{key}.zones", inference, len(region.zones))
        yield from headroom_problems(key, inference, region)
        yield from rto.problems(PLATFORM, key, whole.objectives, inference, size=size, region=region)
