"""Why a drill could not be held. A recovery that does not come is no error but a verdict."""

from __future__ import annotations


class DrillError(Exception):
    """The drill could not be held: what, where, and what to do."""


class UnknownDrillError(DrillError):
    """There is no drill of this name."""

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(f"{name} is no drill; the drills are {', '.join(known)}")


class NotSoundError(DrillError):
    """The service is not whole before the drill: what would be measured is something else."""

    def __init__(self, region: str, reason: str) -> None:
        super().__init__(
            f"{region} is not sound enough for a drill: {reason}; run `standfast up {region}` first"
        )
