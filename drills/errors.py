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


class NoTrafficError(DrillError):
    """The drill measures what clients feel, and there is nothing that they could call."""

    def __init__(self) -> None:
        super().__init__(
            "this drill measures what clients feel, and the target has no network for them; "
            "run `standfast sandbox up --network`"
        )


class StoreError(DrillError):
    """A bucket gave no answer: what was asked of it is neither done nor known to be undone."""


class UncleanError(DrillError):
    """What a drill broke could not be mended; the text says what is left broken."""

    def __init__(self, failures: list[str]) -> None:
        super().__init__(
            f"the drill is over, and could not mend what it broke: {'; '.join(failures)}; "
            "run `standfast sandbox down` and `standfast sandbox up`"
        )
