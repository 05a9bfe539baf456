"""All regions up, each joined with its peers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from automation.errors import NotUpError
from automation.joins import to_join
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
    joined: dict[str, frozenset[str]] = {}

    def up(region: str) -> None:
        outcome = stacks.up(region)
        outcomes.append(outcome)
        joined[region] = frozenset(outcome.outputs.get(JOINED) or ())

    for region in regions:
        up(region)
    while again := to_join(peers, joined):
        before = dict(joined)
        for region in again:
            up(region)
        if joined == before:
            break
    return BroughtUp(tuple(outcomes), _unjoined(stacks, peers, joined))


def _unjoined(
    stacks: Regions, peers: Mapping[str, Sequence[str]], joined: Mapping[str, frozenset[str]]
) -> dict[str, tuple[str, ...]]:
    others: dict[str, frozenset[str]] = {}
    neighbours = {peer for region in joined for peer in peers[region]}
    for region in sorted(neighbours - set(joined)):
        try:
            outputs = stacks.outputs(region)
        except NotUpError:
            continue
        if outputs:
            others[region] = frozenset(outputs.get(JOINED) or ())
    everyone = {**joined, **others}
    missing = {
        region: tuple(peer for peer in peers[region] if peer in everyone and peer not in have)
        for region, have in everyone.items()
    }
    return {region: left for region, left in missing.items() if left}
