"""Whether a region can be failed over to: judged by what its API server and Route 53 answer. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from components.inference.args import PDB, SERVICE
from components.shared.labels import POOL_LABEL

_ZONE_LABEL = "topology.kubernetes.io/zone"

HEALTHY_SHARE = 0.18
"""More than this share of Route 53's checkers must find an endpoint healthy.

https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
"""

_SUCCESS = "Success"

Object = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What the API server answers; None stands for what is not there."""

    deployment: Object | None
    budget: Object | None
    nodes: Sequence[Object]


@dataclass(frozen=True)
class Unheard:
    """There was no answer, and why."""

    why: str


@dataclass(frozen=True, kw_only=True)
class Health:
    """`faults` keep a region from being failed over to; `dns` says what its DNS health rests on."""

    faults: tuple[str, ...]
    dns: str = ""

    @property
    def healthy(self) -> bool:
        return not self.faults


def judge(
    workload: Workload | Unheard,
    observations: Sequence[str] | Unheard,
    *,
    steady: int,
    zones: Sequence[str],
    stand_in: str = "",
) -> Health:
    """The health of a region of these zones, whose service has `steady` replicas when nothing is lost.

    `observations` are the words of Route 53's checkers. `stand_in` says why they prove nothing: success
    then does not count as health, while a check that is not there still is a fault.
    """
    if isinstance(workload, Unheard):
        faults = [f"its API server: {workload.why}"]
    else:
        faults = [*_service(workload, steady), *_nodes(workload.nodes, zones)]
    share, dns = _dns(observations)
    if share <= HEALTHY_SHARE:
        return Health(faults=(*faults, f"DNS: {dns}"), dns=dns)
    return Health(faults=tuple(faults), dns=f"not judged: {stand_in}" if stand_in else dns)


def _service(facts: Workload, steady: int) -> Iterator[str]:
    if facts.deployment is None:
        yield f"Deployment {SERVICE} is not there"
        return
    status: Object = facts.deployment.get("status") or {}
    asked = int(facts.deployment["spec"].get("replicas", 1))
    # A floor that was raised for a lost peer may ask for more than there are GPUs: no reason to hold on.
    wanted = min(asked, steady)
    seen = int(status.get("observedGeneration", 0)) >= int(facts.deployment["metadata"].get("generation", 0))
    updated = int(status.get("updatedReplicas", 0)) if seen else 0
    available = int(status.get("availableReplicas", 0))
    if updated < wanted:
        yield f"Deployment {SERVICE}: {updated} of {wanted} replicas are of the present version"
    if available < wanted:
        yield f"Deployment {SERVICE}: {available} of {wanted} replicas are available"
    if facts.budget is None:
        yield f"PodDisruptionBudget {PDB} is not there"
        return
    budget: Object = facts.budget.get("status") or {}
    healthy, desired = int(budget.get("currentHealthy", 0)), int(budget.get("desiredHealthy", 0))
    if healthy < desired or not desired:
        yield f"PodDisruptionBudget {PDB}: {healthy} pods are healthy, and {desired or 'some'} must be"


def _nodes(nodes: Sequence[Object], zones: Sequence[str]) -> Iterator[str]:
    """A zone without a ready GPU node is a lost one, also while the others still carry all."""
    for zone in zones:
        own = [
            node for node in nodes if POOL_LABEL in _labels(node) and _labels(node).get(_ZONE_LABEL) == zone
        ]
        if not any(_ready(node) for node in own):
            yield f"zone {zone}: none of {len(own)} GPU nodes is ready"


def _labels(node: Object) -> Object:
    return node["metadata"].get("labels") or {}


def _ready(node: Object) -> bool:
    conditions = (node.get("status") or {}).get("conditions") or ()
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _dns(observations: Sequence[str] | Unheard) -> tuple[float, str]:
    if isinstance(observations, Unheard):
        return 0.0, observations.why
    if not observations:
        return 0.0, "no checker has reported yet"
    good = sum(words.startswith(_SUCCESS) for words in observations)
    said = f"{good} of {len(observations)} checkers reach the region"
    bad = next((words for words in observations if not words.startswith(_SUCCESS)), "")
    return good / len(observations), f"{said} ({bad})" if bad else said
