"""A rollout changes one region at a time, and only while another is proven healthy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automation.ci.apply import Apply, HaltedError, failover_safe
from automation.ci.health import Health
from automation.errors import AutomationError, NotUpError
from automation.project import platform
from automation.stacks import Outcome
from automation.targets import checkout
from config.platform import Platform
from sandbox.progress import Silent

TWO = platform(checkout())


def index(targets: Mapping[str, str], primary: str) -> Platform:
    """A platform of these failover targets."""
    entry = TWO.regions["us-east"]
    regions = {name: entry.model_copy(update={"failover_to": target}) for name, target in targets.items()}
    return TWO.model_copy(update={"primary": primary, "regions": regions})


@st.composite
def platforms(draw: st.DrawFn) -> Platform:
    names = [f"r{number}" for number in range(draw(st.integers(2, 8)))]
    targets = {name: draw(st.sampled_from([other for other in names if other != name])) for name in names}
    return index(targets, draw(st.sampled_from(names)))


def test_the_primarys_failover_target_goes_before_the_primary() -> None:
    assert failover_safe(TWO) == ["eu-west", "us-east"]
    assert failover_safe(TWO, ["us-east"]) == ["us-east"]


def test_a_ring_begins_with_what_the_primary_reaches_last_and_others_follow_their_target() -> None:
    ring = index({"a": "b", "b": "c", "c": "a", "d": "a"}, "a")
    assert failover_safe(ring) == ["c", "b", "a", "d"]


@given(platforms())
def test_each_region_follows_its_target_but_for_one_in_each_ring(whole: Platform) -> None:
    order = failover_safe(whole)
    assert sorted(order) == sorted(whole.regions)
    early = [r for r in order if order.index(whole.regions[r].failover_to) > order.index(r)]
    rings: set[frozenset[str]] = set()
    for start in whole.regions:
        walked, region = [start], whole.regions[start].failover_to
        while region not in walked:
            walked.append(region)
            region = whole.regions[region].failover_to
        rings.add(frozenset(walked[walked.index(region) :]))
    assert all(sum(one in ring for one in early) == 1 for ring in rings)
    assert len(early) == len(rings)


class World:
    """Regions that are up or not, and how they are: `sick` says after which update one is unhealthy."""

    def __init__(self, up: Sequence[str] = (), sick: Mapping[str, int] | None = None) -> None:
        self.born: dict[str, str] = {name: f"{name} before" for name in up}
        self.joined: dict[str, dict[str, str]] = {name: {} for name in up}
        self.sick = dict(sick or {})
        self.updates: list[str] = []
        self.told: list[str] = []
        self.fails: set[str] = set()
        self.now = 0.0
        if up:
            self.joined = {name: {peer: self.born[peer] for peer in up if peer != name} for name in up}

    def init(self, regions: Sequence[str]) -> None:
        self.told.append(f"init {' '.join(regions)}")

    def up(self, region: str, *, policy_packs: Sequence[str] = ()) -> Outcome:
        assert policy_packs == ["policy"]
        if region in self.fails:
            raise AutomationError(f"up of {region} failed")
        self.updates.append(region)
        self.told.append(f"up {region}")
        self.born.setdefault(region, f"{region} made")
        self.joined[region] = {peer: born for peer, born in self.born.items() if peer != region}
        return Outcome(region, "up", {"update": 1}, 1.0, dict(self.outputs(region)))

    def outputs(self, region: str) -> Mapping[str, Any]:
        if region not in self.born:
            raise NotUpError(region, "cloud")
        return {"cluster": {"born": self.born[region]}, "peersBorn": self.joined[region]}

    def ask(self, region: str, outputs: Mapping[str, Any]) -> Health:
        assert outputs["cluster"]["born"] == self.born[region]
        sick = self.updates.count(region) >= self.sick.get(region, 99)
        self.told.append(f"ask {region}")
        return Health(faults=("4 of 6 replicas are available",) if sick else (), dns="fine")

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def apply(self, regions: Sequence[str] | None = None, timeout: float = 20.0) -> Any:
        return Apply(
            stacks=self,
            doctor=self,
            platform=TWO,
            steps=Silent(),
            timeout=timeout,
            target="cloud",
            policy_packs=["policy"],
            settle=lambda names: self.told.append(f"settle {' '.join(names)}"),
            clock=lambda: self.now,
            sleep=self.sleep,
        ).run(regions or failover_safe(TWO))


def test_each_region_is_changed_between_two_proofs() -> None:
    world = World(up=["us-east", "eu-west"])
    result = world.apply()
    assert world.told[1:] == [
        "ask us-east",
        "up eu-west",
        "settle eu-west",
        "ask eu-west",
        "ask eu-west",
        "up us-east",
        "settle us-east",
        "ask us-east",
    ]
    assert [(one.outcome.region, one.guard) for one in result.applied] == [
        ("eu-west", "us-east"),
        ("us-east", "eu-west"),
    ]
    assert not result.unjoined


def test_a_region_that_is_not_healthy_in_time_stops_the_rollout_with_the_others_untouched() -> None:
    world = World(up=["us-east", "eu-west"], sick={"eu-west": 1})
    with pytest.raises(HaltedError) as halted:
        world.apply()
    assert world.updates == ["eu-west"]
    assert world.now == pytest.approx(20.0)
    said = str(halted.value)
    assert "eu-west was updated and is not healthy after 20 s" in said
    assert "4 of 6 replicas are available" in said
    assert "untouched: us-east" in said
    assert "standfast ci apply --target cloud" in said
    # It was mended: the same command goes on.
    world.sick.clear()
    world.apply()
    assert world.updates == ["eu-west", "eu-west", "us-east"]


def test_nothing_is_changed_while_the_region_that_would_take_over_is_unhealthy() -> None:
    world = World(up=["us-east", "eu-west"], sick={"us-east": 0})
    with pytest.raises(HaltedError, match="us-east is not healthy") as halted:
        world.apply()
    assert world.updates == []
    assert "untouched: eu-west, us-east" in str(halted.value)
    assert "standfast ci apply us-east --target cloud" in str(halted.value)
    # The region itself can be brought back, since eu-west would take over.
    world.sick["us-east"] = 99
    world.apply(["us-east"])
    assert world.updates == ["us-east"]


def test_a_failed_update_names_what_was_not_touched() -> None:
    world = World(up=["us-east", "eu-west"])
    world.fails = {"eu-west"}
    with pytest.raises(HaltedError, match="up of eu-west failed\n  untouched: us-east"):
        world.apply()
    assert world.updates == []


def test_a_platform_that_comes_up_the_first_time_is_joined_in_the_same_order() -> None:
    world = World()
    result = world.apply()
    assert world.updates == ["eu-west", "us-east", "eu-west"]
    assert [one.guard for one in result.applied] == ["", "eu-west", "us-east"]
    assert world.told[0] == "init us-east eu-west"


def test_a_region_becomes_healthy_while_it_is_waited_for() -> None:
    world = World(up=["us-east", "eu-west"], sick={"eu-west": 1})
    asked: list[float] = []

    def sleep(seconds: float) -> None:
        asked.append(seconds)
        world.now += seconds
        if len(asked) == 2:
            world.sick.clear()

    world.sleep = sleep
    world.apply()
    assert world.updates == ["eu-west", "us-east"]
    assert asked == [5.0, 5.0]
