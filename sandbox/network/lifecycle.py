"""Attaches the network to a running sandbox, and takes it off again.

The sandbox's own processes (API servers, moto, providers, KWOK) stay on the machine: what is attached is a
layer beside them, which traffic needs and a plain sandbox does not.
"""

from __future__ import annotations

from sandbox.network import relays
from sandbox.network.namespaces import Namespaces
from sandbox.network.plan import NetworkPlan
from sandbox.paths import SandboxPaths
from sandbox.state import SandboxState


def plan(state: SandboxState) -> NetworkPlan:
    """The addresses of this sandbox's network."""
    return NetworkPlan.of({name: region.zones for name, region in state.regions.items()})


def namespaces(state: SandboxState) -> Namespaces:
    """The namespaces of this sandbox, whether they are there or not."""
    return Namespaces(SandboxPaths.of(state.id), plan(state))


def targets(state: SandboxState) -> dict[str, int]:
    """What the management link leads to: the port of moto, and of each region's API server."""
    return {
        relays.MOTO: state.moto_port,
        **{name: region.api_server_port for name, region in state.regions.items()},
    }


def attach(state: SandboxState) -> None:
    """Start what is missing of the network. Can be called again."""
    members = namespaces(state)
    if members.up():
        relays.stop(SandboxPaths.of(state.id))
    relays.start(SandboxPaths.of(state.id), members, targets(state))


def detach(state: SandboxState) -> None:
    """Stop the network; the sandbox is as it was before."""
    relays.stop(SandboxPaths.of(state.id))
    namespaces(state).down()
