"""All regions up, each joined with its peers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from automation.errors import NotUpError
from automation.joins import Standing, missing, to_join
from automation.stacks import Outcome
from config.platform import Platform

JOINED = "joinedPeers"


class Regions(Protocol):
    """What bringing up needs of the stacks."""

    def init(self, regions: Sequence[str]) -> None: ...

    def up(self, region: str) -> Outcome: ...

    def outputs(self, region: str) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class BroughtUp:
    """Every `up` that was run, in order; `unjoined` maps regions to living peers they have not joined."""

    outcomes: tuple[Outcome, ...]
    unjoined: Mapping[str, tuple[str, ...]]

    def last(self, region: str) -> Outcome:
        """The last `up` of a region."""
        return next(o for o in reversed(self.outcomes) if o.region == region)


def bring_up(stacks: Regions, platform: Platform, regions: Sequence[str]) -> BroughtUp:
    """Bring `regions` up in this order; then again those whose peers came up later, until all have joined.

    All stacks of the platform are initialised first: a region reads its peers' stacks, also before they are
    up. A join that needs a region that was not asked for is not made, but told.
    """
    stacks.init(tuple(platform.regions))
    peers = {region: platform.peers(region) for region in platform.regions}
    outcomes: list[Outcome] = []
    standing: dict[str, Standing] = {}

    def up(region: str) -> None:
        outcome = stacks.up(region)
        outcomes.append(outcome)
        standing[region] = Standing.of(outcome.outputs)

    for region in regions:
        up(region)
    while again := to_join(peers, standing):
        before = dict(standing)
        for region in again:
            up(region)
        if standing == before:
            break
    return BroughtUp(tuple(outcomes), unjoined(stacks, peers, standing))


def unjoined(
    stacks: Regions, peers: Mapping[str, Sequence[str]], standing: Mapping[str, Standing]
) -> dict[str, tuple[str, ...]]:
    """The regions around those in `standing` that have not joined a living peer, with those peers."""
    others: dict[str, Standing] = {}
    neighbours = {peer for region in standing for peer in peers[region]}
    for region in sorted(neighbours - set(standing)):
        try:
            outputs = stacks.outputs(region)
        except NotUpError:
            continue
        if outputs:
            others[region] = Standing.of(outputs)
    everyone = {**standing, **others}
    lacking = {region: missing(peers[region], region, everyone) for region in everyone}
    return {region: left for region, left in lacking.items() if left}
