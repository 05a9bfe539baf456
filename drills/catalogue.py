"""Every drill by its name."""

from __future__ import annotations

from drills.errors import UnknownDrillError
from drills.model import Drill
from drills.zone_loss import scenario as zone_loss

DRILLS = {
    drill.name: drill
    for drill in (Drill("zone-loss", "every node of one zone stops answering", zone_loss.run),)
}


def find(name: str) -> Drill:
    """The drill of this name. UnknownDrillError when there is none."""
    try:
        return DRILLS[name]
    except KeyError:
        raise UnknownDrillError(name, sorted(DRILLS)) from None
