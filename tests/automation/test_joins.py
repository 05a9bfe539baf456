from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from automation.bring_up import bring_up
from automation.errors import NotUpError
from automation.joins import Standing, order, to_join
from automation.stacks import Outcome
from config.platform import Platform, peers_of


def platform(failover_to: dict[str, str], primary: str) -> Platform:
    return Platform.model_validate(
        {
            "name": "standfast",
            "account": "123456789012",
            "domain": "example.com",
            "hostedZone": "example.com",
            "primary": primary,
            "objectives": {"rto": "30m", "rpo": "1h"},
            "inference": {"image": "inference:v1.0.0", "replicas": 6, "minAvailable": 4, "peakReplicas": 10},
            "models": {"size": "140GiB"},
            "regions": {
                name: {
                    "cloud": "aws",
                    "location": "us-east-1",
                    "cidr": f"10.{position}.0.0/16",
                    "failoverTo": target,
                }
                for position, (name, target) in enumerate(failover_to.items())
            },
        }
    )


class Program:
    """Stacks whose program joins, at each `up`, the peers that are up by then."""

    def __init__(self, platform: Platform, *, already: dict[str, list[str]] | None = None) -> None:
        self.platform = platform
        self.initialised: set[str] = set()
        self.born = {region: f"{region} at first" for region in already or {}}
        self.state: dict[str, dict[str, str]] = {
            region: {peer: self.born.get(peer, "") for peer in peers}
            for region, peers in (already or {}).items()
        }
        self.calls: list[str] = []
        self.gone: set[str] = set()
        self.blind: set[str] = set()

    def init(self, regions: Sequence[str]) -> None:
        self.initialised |= set(regions)

    def up(self, region: str) -> Outcome:
        assert set(self.platform.peers(region)) <= self.initialised
        self.calls.append(region)
        if region in self.gone or region not in self.born:
            self.gone.discard(region)
            self.born[region] = f"{region} now"
        seen = [] if region in self.blind else [p for p in self.platform.peers(region) if p in self.state]
        self.state[region] = {peer: self.born[peer] for peer in seen}
        return Outcome(region, "up", {"create": 1}, 1.0, self.outputs(region))

    def destroy(self, region: str) -> None:
        """Its stack keeps its outputs, since protected data stays in it; its cluster is gone."""
        self.gone.add(region)

    def outputs(self, region: str) -> dict[str, object]:
        if region not in self.state:
            raise NotUpError(region, "cloud")
        return {"cluster": {"born": self.born.get(region, "")}, "peersBorn": self.state[region]}


PAIR = {"us-east": "eu-west", "eu-west": "us-east"}


def ring(size: int) -> dict[str, str]:
    return {f"r{n}": f"r{(n + 1) % size}" for n in range(size)}


def test_the_first_of_a_pair_goes_again_to_join() -> None:
    program = Program(platform(PAIR, "us-east"))
    result = bring_up(program, program.platform, order(program.platform))
    assert program.calls == ["us-east", "eu-west", "us-east"]
    assert program.initialised == {"us-east", "eu-west"}
    assert result.unjoined == {}


def test_a_second_run_goes_once_each() -> None:
    already = {"us-east": ["eu-west"], "eu-west": ["us-east"]}
    program = Program(platform(PAIR, "us-east"), already=already)
    bring_up(program, program.platform, order(program.platform))
    assert program.calls == ["us-east", "eu-west"]


def test_a_peer_that_was_destroyed_and_made_anew_is_joined_anew() -> None:
    program = Program(platform(PAIR, "us-east"), already={"us-east": ["eu-west"], "eu-west": ["us-east"]})
    program.destroy("eu-west")
    bring_up(program, program.platform, order(program.platform))
    assert program.calls == ["us-east", "eu-west", "us-east"]
    assert program.state["us-east"] == {"eu-west": "eu-west now"}


def test_a_join_that_needs_a_region_not_asked_for_is_told() -> None:
    program = Program(platform(PAIR, "us-east"), already={"us-east": []})
    result = bring_up(program, program.platform, ["eu-west"])
    assert program.calls == ["eu-west"]
    assert result.unjoined == {"us-east": ("eu-west",)}


def test_a_program_that_cannot_join_is_not_run_for_ever() -> None:
    program = Program(platform(PAIR, "us-east"))
    program.blind = {"us-east"}
    result = bring_up(program, program.platform, order(program.platform))
    assert program.calls == ["us-east", "eu-west", "us-east"]
    assert result.unjoined == {"us-east": ("eu-west",)}


def test_the_order_begins_with_the_primary_and_its_target() -> None:
    regions = {"a": "b", "b": "a", "c": "d", "d": "c"}
    assert order(platform(regions, "d")) == ["d", "c", "a", "b"]
    assert order(platform(regions, "d"), ["a", "c"]) == ["c", "a"]


@given(st.integers(2, 24), st.data())
def test_every_ring_joins_whole_and_goes_at_most_twice(size: int, data: st.DataObject) -> None:
    regions = ring(size)
    program = Program(platform(regions, data.draw(st.sampled_from(sorted(regions)))))
    bring_up(program, program.platform, order(program.platform))
    for region in regions:
        assert set(program.state[region]) == set(program.platform.peers(region))
        assert program.calls.count(region) <= 2


@given(st.dictionaries(st.sampled_from("abcdef"), st.sets(st.sampled_from("abcdef"))))
def test_only_regions_with_a_living_unjoined_peer_go_again(joined: dict[str, set[str]]) -> None:
    targets = {"a": "b", "b": "c", "c": "d", "d": "e", "e": "f", "f": "a"}
    peers = {region: peers_of(targets, region) for region in targets}
    standing = {region: Standing(region, {peer: peer for peer in have}) for region, have in joined.items()}
    again = to_join(peers, standing)
    for region in targets:
        lacks = region in joined and any(p in joined and p not in joined[region] for p in peers[region])
        assert (region in again) == lacks
