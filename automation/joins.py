"""In which order regions come up, and which of them go again to join their peers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

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


def to_join(peers: Mapping[str, Iterable[str]], joined: Mapping[str, Iterable[str]]) -> list[str]:
    """The regions that are up and have a peer that is up too, and that they have not joined.

    `peers` says who is whose peer; `joined` holds the regions that are up, each with the peers that it says
    it has joined. In the order of `joined`.
    """
    return [
        region
        for region, have in joined.items()
        if any(peer in joined and peer not in set(have) for peer in peers[region])
    ]
