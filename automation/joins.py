"""In which order regions come up, and which of them go again to join their peers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from config.platform import Platform


def order(platform: Platform, asked: Collection[str] = ()) -> list[str]:
    """The regions (only those asked for, when any are), the primary first and each then followed by its
    failover target: at any moment what is up can fail over to the next that comes up.
    """
    ordered: dict[str, None] = {}
    for start in (platform.primary, *platform.regions):
        region = start
        while region not in ordered:
            ordered[region] = None
            region = platform.regions[region].failover_to
    return [region for region in ordered if not asked or region in asked]


@dataclass(frozen=True)
class Standing:
    """A region that is up: when its cluster was born, and the births of the peers that it has joined."""

    born: str
    joined: Mapping[str, str]

    @classmethod
    def of(cls, outputs: Mapping[str, Any]) -> Standing:
        """What a region's outputs say."""
        return cls(str((outputs.get("cluster") or {}).get("born", "")), dict(outputs.get("peersBorn") or {}))


def missing(peers: Iterable[str], region: str, standing: Mapping[str, Standing]) -> tuple[str, ...]:
    """The living ones among `peers` that `region` has not joined, or that were born anew since."""
    have = standing[region].joined
    return tuple(peer for peer in peers if peer in standing and have.get(peer) != standing[peer].born)


def to_join(peers: Mapping[str, Iterable[str]], standing: Mapping[str, Standing]) -> list[str]:
    """The regions that are up and have a living peer to join, in the order of `standing`.

    `peers` says who is whose peer.
    """
    return [region for region in standing if missing(peers[region], region, standing)]
