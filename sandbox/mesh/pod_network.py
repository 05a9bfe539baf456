"""A network namespace of a gateway's own inside of its region, as a pod has one.

Both gateways of a region listen on the same ports of all addresses, and pods on theirs; in one namespace they
would meet.
"""

from __future__ import annotations

import contextlib

import psutil

from sandbox.control_plane import wait_until
from sandbox.errors import SandboxError
from sandbox.host import Command
from sandbox.network import names
from sandbox.network.namespace import Namespace
from sandbox.network.plan import RegionNetwork
from sandbox.network.routes import UPLINK
from sandbox.paths import SandboxPaths
from sandbox.processes import Processes

_HOLD = ("unshare", "--net", "--mount", "--", "sleep", "infinity")
_HOLDER_SECONDS = 5.0
_FORWARD = "echo 1 > /proc/sys/net/ipv4/conf/all/forwarding"
INSIDE = "eth0"
"""The link to the region, as the gateway calls it."""


def pod_namespace(paths: SandboxPaths, region: str, gateway: str, address: str) -> Namespace:
    """The namespace of a gateway, whether it is there or not."""
    return Namespace(paths, f"{region}-{gateway}", address)


def ensure(
    paths: SandboxPaths, region: Namespace, own: RegionNetwork, gateway: str, address: str
) -> tuple[Namespace, bool]:
    """A gateway's namespace, which holds `address` behind a link to the region's own; whether it is new."""
    processes = Processes(paths)
    inner = pod_namespace(paths, own.region, gateway, address)
    holder = names.holder(inner.name)
    held, outer = processes.record(holder), processes.record(names.holder(own.region))
    # One that is older than its region's namespace is linked to one that is gone.
    if processes.find(holder) is not None and held and outer and held.created >= outer.created:
        return inner, False
    processes.stop(holder)
    record = region.start(Command(name=holder, argv=_HOLD))
    try:
        wait_until(
            lambda: _program(record.pid) == "sleep",
            f"the region {own.region} gives {gateway} no network namespace",
            processes,
            holder,
            paths,
            seconds=_HOLDER_SECONDS,
        )
        region.run(["sh", "-ec", _FORWARD])
        region.ip(_outside(region, own, gateway, address, record.pid))
        inner.ip(_inside(own, address))
    except SandboxError:
        processes.stop(holder)
        raise
    return inner, True


def _outside(region: Namespace, own: RegionNetwork, gateway: str, address: str, holder: int) -> list[str]:
    """Run in the region: the address moves from its link to `world` to one that leads to the gateway."""
    end = f"pod-{gateway[:11]}"
    assigned = f"{address}/{own.network.partition('/')[2]}"
    there = assigned in region.run(["ip", "-o", "addr", "show", "dev", UPLINK])
    return [
        *([f"addr del {assigned} dev {UPLINK}"] if there else []),
        f"link add name {end} type veth peer name {INSIDE} netns {holder}",
        f"link set {end} up",
        f"route replace {address}/32 dev {end} src {own.address}",
    ]


def _inside(own: RegionNetwork, address: str) -> list[str]:
    return [
        "link set lo up",
        f"addr replace {address}/32 dev {INSIDE}",
        f"link set {INSIDE} up",
        f"route replace {own.address}/32 dev {INSIDE} src {address}",
        f"route replace default via {own.address} dev {INSIDE} src {address}",
    ]


def _program(pid: int) -> str:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).name()
    return ""
