"""What `ip` is told so that a namespace has its addresses, its neighbours and its way to the others: pure.

A lost thing answers nothing, and says nothing: its packets go to `void`, a link whose other end drops them. A
blackhole route would not do: it tells a sender on the same machine at once that there is no way
(https://man7.org/linux/man-pages/man8/ip-route.8.html: "local senders get an EINVAL error"), and a client
that has to wait in a data centre would not have to wait here.
"""

from __future__ import annotations

from sandbox.network.plan import WORLD_ADDRESSES, NetworkPlan, RegionNetwork

UPLINK = "world"
"""The link to `world`, as a region calls it."""
VOID = "void"
"""The link that leads nowhere."""


def link(plan: NetworkPlan, region: str) -> str:
    """The link to a region, as `world` calls it: a name of an interface has 15 characters at most."""
    return f"region-{list(plan.regions).index(region)}"


def _hardware(plan: NetworkPlan, region: str, end: int) -> str:
    number = list(plan.regions).index(region)
    return f"02:53:00:{number >> 8:02x}:{number & 255:02x}:{end:02x}"


def cable(plan: NetworkPlan, region: str, holder: int) -> str:
    """Run in `world`: the link to a region, whose holder has that process id."""
    ends = (
        f"name {link(plan, region)} address {_hardware(plan, region, 1)}",
        f"name {UPLINK} address {_hardware(plan, region, 2)} netns {holder}",
    )
    return f"link add {ends[0]} type veth peer {ends[1]}"


def void() -> list[str]:
    """A link without ARP: its packets bear a hardware address that the other end does not have."""
    return [
        "link set lo up",
        f"link add name {VOID} type veth peer name {VOID}-end",
        f"link set {VOID} arp off up",
        f"link set {VOID}-end up",
    ]


def world(plan: NetworkPlan) -> list[str]:
    """`world`: its own addresses, and its end of each region's link."""
    lines = [f"addr replace {address}/32 dev lo" for address in WORLD_ADDRESSES]
    for name, region in plan.regions.items():
        end = link(plan, name)
        lines += [
            f"link set {end} alias {name} up",
            f"addr replace {region.router}/{_prefix(region)} dev {end}",
            # Nobody asks who has an address, so nobody learns that it has gone.
            *(
                f"neigh replace {address} lladdr {_hardware(plan, name, 2)} dev {end} nud permanent"
                for address in region.addresses
            ),
            *(f"route replace {block} via {region.address} dev {end}" for block in region.pods.values()),
        ]
    return lines


def region(plan: NetworkPlan, name: str) -> list[str]:
    """A region's own addresses, on its end of the link."""
    own = plan.regions[name]
    return [f"addr replace {address}/{_prefix(own)} dev {UPLINK}" for address in own.addresses]


def uplink(plan: NetworkPlan, name: str) -> list[str]:
    """A region's link, up, and what the kernel forgets with it when it goes down."""
    own = plan.regions[name]
    return [
        f"link set {UPLINK} up",
        f"neigh replace {own.router} lladdr {_hardware(plan, name, 1)} dev {UPLINK} nud permanent",
        f"route replace default via {own.router} dev {UPLINK}",
    ]


def void_routes(plan: NetworkPlan, name: str) -> list[str]:
    """Where packets to a region's own pods go while their zone is lost; a local route comes before these."""
    return [f"route replace {block} dev {VOID}" for block in plan.regions[name].pods.values()]


def alive(block: str) -> str:
    """A zone's pods answer: all addresses of the block are local, without any being configured (AnyIP).

    https://blog.widodh.nl/2016/04/anyip-bind-a-whole-subnet-to-your-linux-machine/
    """
    return f"route replace local {block} dev lo table local"


def gone(block: str) -> str:
    """A zone's pods answer no more. The route must be there."""
    return f"route del local {block} dev lo table local"


def ranges(other: RegionNetwork) -> tuple[str, ...]:
    """All that a region has."""
    return (other.network, *other.pods.values())


def _prefix(own: RegionNetwork) -> int:
    return int(own.network.partition("/")[2])
