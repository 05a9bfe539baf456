"""What the terminal and the comment say in the same words."""

from __future__ import annotations

from automation.ci.verdict import Action, Change, Finding, RegionVerdict

_PATHS = 4

DRIFT = {
    Action.UPDATE: "changed",
    Action.DELETE: "is gone",
    Action.REPLACE: "is another one",
    Action.CREATE: "came up",
}
"""What became of a resource outside."""

COLUMNS = ("region", "verdict", *(str(action) for action in Action), "mandatory", "advisory", "drift")


def counts(region: RegionVerdict) -> list[str]:
    """A region's row, by `COLUMNS`."""
    mandatory = sum(finding.mandatory for finding in region.findings)
    numbers = [len(region.of(action)) for action in Action]
    numbers += [mandatory, len(region.findings) - mandatory, len(region.drift)]
    return [region.region, region.code.word, *(str(number or "-") for number in numbers)]


def why(change: Change) -> str:
    """Which properties differ; for a replacement those that ask for it."""
    paths = change.forcing or change.paths
    more = len(paths) - _PATHS
    return ", ".join(paths[:_PATHS]) + (f" and {more} more" if more > 0 else "")


def loss(change: Change) -> str:
    """What goes with it, and whether the engine lets it."""
    refused = "; it is protected, and the engine refuses" if change.refused else ""
    return f"{change.holds}{refused}"


def level(finding: Finding) -> str:
    """`mandatory, critical`."""
    return ", ".join(filter(None, ("mandatory" if finding.mandatory else "advisory", finding.severity)))


def remarks(region: RegionVerdict) -> list[str]:
    """What is to be known of a region besides its changes."""
    told: list[str] = []
    if region.new:
        told.append(f"{region.region} has never been brought up: all of it is created")
    if region.unjoined:
        told.append(f"{region.region} has not joined {', '.join(region.unjoined)}: its next update does")
    return told
