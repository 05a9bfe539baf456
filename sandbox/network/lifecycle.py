"""Attaches the network to a running sandbox whose regions are deployed, and takes it off again.

The sandbox's own processes (API servers, moto, providers, KWOK) stay on the machine: what is attached are
layers beside them, which traffic needs and a plain sandbox does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.backups import lifecycle as backups
from sandbox.dns import lifecycle as dns
from sandbox.mesh import lifecycle as mesh
from sandbox.network import names, relays
from sandbox.network.faults import NetworkFaults
from sandbox.network.namespaces import Namespaces
from sandbox.network.plan import NetworkPlan
from sandbox.paths import SandboxPaths
from sandbox.pods import lifecycle as pods
from sandbox.processes import Processes
from sandbox.progress import Progress, Silent
from sandbox.replication import lifecycle as replication
from sandbox.state import SandboxState
from sandbox.transfer import lifecycle as transfer


@dataclass(frozen=True)
class Network:
    """What each layer is given."""

    state: SandboxState
    paths: SandboxPaths
    plan: NetworkPlan
    namespaces: Namespaces
    progress: Progress


@dataclass(frozen=True)
class Layer:
    """A part of the network. Both functions can be called again, on what runs and on what does not."""

    name: str
    doing: str
    start: Callable[[Network], None]
    stop: Callable[[Network], None]


def _targets(state: SandboxState) -> dict[str, int]:
    """What the management link leads to: the port of moto, and of each region's API server."""
    return {
        relays.MOTO: state.moto_port,
        **{name: region.api_server_port for name, region in state.regions.items()},
    }


def _start_pods(network: Network) -> None:
    pods.start(network.state, network.plan, network.namespaces)
    pods.wait_ready(network.state)


LAYERS = (
    Layer(
        "management link",
        "moto and API servers inside of namespaces",
        lambda network: relays.start(network.paths, network.namespaces, _targets(network.state)),
        lambda network: relays.stop(network.paths),
    ),
    Layer(
        "name servers",
        "Route 53's data plane and resolvers",
        lambda network: dns.start(network.state, network.plan, network.namespaces),
        lambda network: dns.stop(network.state),
    ),
    Layer(
        "replication",
        "S3 Replication between model registries",
        lambda network: replication.start(network.state),
        lambda network: replication.stop(network.state),
    ),
    Layer(
        "backups",
        "Velero's schedules",
        lambda network: backups.start(network.state),
        lambda network: backups.stop(network.state),
    ),
    Layer(
        "transfer",
        "Storage Transfer jobs to Cloud Storage",
        lambda network: transfer.start(network.state),
        lambda network: transfer.stop(network.state),
    ),
    # Before the mesh: a gateway that finds them dead ejects them, and for a minute nobody is answered.
    Layer(
        "pods",
        "servers of inference-service",
        _start_pods,
        lambda network: pods.stop(network.state, network.plan),
    ),
    Layer(
        "mesh",
        "istiod, gateways and load balancers",
        lambda network: mesh.start(network.state, network.plan, network.namespaces, network.progress),
        lambda network: mesh.stop(network.state, network.plan),
    ),
)
"""In the order of their start, which is the reverse of that in which they stop."""


def plan(state: SandboxState) -> NetworkPlan:
    """The addresses of this sandbox's network."""
    return NetworkPlan.of({name: region.zones for name, region in state.regions.items()})


def namespaces(state: SandboxState) -> Namespaces:
    """The namespaces of this sandbox, whether they are there or not."""
    return Namespaces(SandboxPaths.of(state.id), plan(state))


def faults(state: SandboxState) -> NetworkFaults:
    """What breaks and mends this sandbox's network."""
    return NetworkFaults(SandboxPaths.of(state.id), plan(state))


def attached(state: SandboxState) -> bool:
    """Whether the namespaces and the link to the machine are there."""
    running = Processes(SandboxPaths.of(state.id)).find(names.RELAY) is not None
    return running and namespaces(state).whole()


def attach(state: SandboxState, progress: Progress | None = None) -> None:
    """Start what is missing of the network, and mend what a killed drill left broken. Can be called again.

    Raises SandboxError, also when the regions are not deployed yet.
    """
    network = _network(state, progress)
    if not network.namespaces.whole():
        # What still runs inside of older namespaces has lost its links.
        _stop(network)
    network.namespaces.up()
    # First of all, or what starts next would wait for what a killed drill has broken.
    faults(state).heal_all()
    for layer in LAYERS:
        network.progress.start(layer.name, layer.doing, network.paths.logs)
        try:
            layer.start(network)
        except BaseException:
            network.progress.fail(layer.name)
            raise
        network.progress.done(layer.name, "ready")


def detach(state: SandboxState) -> None:
    """Stop the network; the sandbox is as it was before."""
    network = _network(state, None)
    _stop(network)
    network.namespaces.down()


def _network(state: SandboxState, progress: Progress | None) -> Network:
    paths = SandboxPaths.of(state.id)
    return Network(state, paths, plan(state), namespaces(state), progress or Silent())


def _stop(network: Network) -> None:
    for layer in reversed(LAYERS):
        layer.stop(network)
