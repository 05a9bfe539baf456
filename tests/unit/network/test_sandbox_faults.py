"""What is told to the kernel for each state of what is broken, by value and by property."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sandbox.mesh import lifecycle as mesh
from sandbox.network.faults import Broken, Seen, blocks, changes
from sandbox.network.names import processes
from sandbox.network.plan import NetworkPlan

PLAN = NetworkPlan.of({"us-east": ["ua", "ub"], "eu-west": ["ea"], "ap": ["pa"]})
REGIONS = list(PLAN.regions)
PAIRS = [("ap", "eu-west"), ("ap", "us-east"), ("eu-west", "us-east")]
STATES = st.builds(
    Broken,
    regions=st.frozensets(st.sampled_from(REGIONS)),
    zones=st.frozensets(
        st.sampled_from([(name, zone) for name, region in PLAN.regions.items() for zone in region.pods])
    ),
    partitions=st.frozensets(st.sampled_from(PAIRS)),
)


def after(region: str, lines: list[str], seen: Seen) -> Seen:
    """The kernel's part, as far as these lines go."""
    link, alive, void = seen.link_up, set(seen.alive), set(seen.void)
    for line in lines:
        match line.split():
            case ["link", "set", "world", state]:
                link = state == "up"
            case ["route", "replace", "local", block, *_]:
                alive.add(block)
            case ["route", "del", "local", block, *_]:
                alive.remove(block)
            case ["route", "replace", block, "dev", "void"]:
                void.add(block)
            case ["route", "del", block, "dev", "void"]:
                void.remove(block)
            case ["route", "replace", "default", *_] | ["neigh", *_]:
                pass
            case other:
                raise AssertionError(other)
    return Seen(link_up=link, alive=frozenset(alive), void=frozenset(void))


def start(region: str) -> Seen:
    own = frozenset(PLAN.regions[region].pods.values())
    return Seen(link_up=True, alive=own, void=own)


@given(STATES, STATES, st.sampled_from(REGIONS))
def test_from_any_state_to_any_other_and_nothing_twice(first: Broken, second: Broken, region: str):
    seen = after(region, changes(PLAN, region, first, start(region)), start(region))
    seen = after(region, changes(PLAN, region, second, seen), seen)
    assert changes(PLAN, region, second, seen) == []
    own = PLAN.regions[region].pods
    assert seen.link_up is (region not in second.regions)
    assert seen.alive == {block for zone, block in own.items() if (region, zone) not in second.zones}
    for other in set(REGIONS) - {region}:
        hidden = tuple(sorted((region, other))) in second.partitions
        assert (PLAN.regions[other].network in seen.void) is hidden
    healed = after(region, changes(PLAN, region, Broken(), seen), seen)
    assert healed == start(region)


@given(STATES)
def test_nobody_is_kept_from_its_own_api_server_nor_the_world_from_any(broken: Broken):
    table = blocks(PLAN, broken)
    assert set(table) == set(REGIONS)
    for region, gone in table.items():
        assert region not in gone
        for other in set(REGIONS) - {region}:
            parted = tuple(sorted((region, other))) in broken.partitions
            assert (other in gone) is (parted or bool({region, other} & broken.regions))


def test_a_lost_region_by_value():
    lines = changes(PLAN, "eu-west", Broken(regions=frozenset({"eu-west"})), start("eu-west"))
    assert lines == ["link set world down"]


def test_processes_of_the_network_and_of_the_mesh_are_known_by_name():
    found = processes({"us-east": ["ua"]})
    assert {"netns-world", "netns-us-east", "relay", "pods-us-east-ua", "istiod-us-east", "dns-world"} < found
    assert mesh.processes(["us-east"]) < found
