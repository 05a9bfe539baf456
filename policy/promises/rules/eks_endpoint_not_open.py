"""https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html"""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Resource, ResourceRule, Severity
from ..values import UNKNOWN, absent, at, differs, sequence

_WORLD = frozenset({"0.0.0.0/0", "::/0"})


def _check(resource: Resource) -> Iterator[str]:
    network = at(resource.props, "vpcConfig")
    ranges = at(network, "publicAccessCidrs")
    public = at(network, "endpointPublicAccess") is not False
    if public and ranges is not UNKNOWN:
        if absent(ranges):
            yield f"{resource.title} answers the whole internet: no publicAccessCidrs"
        for entry in sequence(ranges):
            if entry in _WORLD or (isinstance(entry, str) and entry.endswith(("/0", "/1"))):
                yield f"{resource.title} answers {entry}"
    if differs(at(network, "endpointPrivateAccess"), True):
        yield f"{resource.title} is reached by its own nodes over the internet"
    mode = at(resource.props, "accessConfig", "authenticationMode")
    if differs(mode, "API"):
        yield f"{resource.title} takes rights from the aws-auth ConfigMap ({mode or 'CONFIG_MAP'})"


RULE = ResourceRule(
    id="eks-endpoint-not-open",
    severity=Severity.CRITICAL,
    title="The API server answers named networks only, and its nodes privately",
    reason="An API server that is open to the world is one stolen token or one defect away from the world.",
    remedy="publicAccessCidrs with the operators' and the peers' addresses, endpointPrivateAccess true, "
    "authenticationMode API.",
    kinds=frozenset({"aws:eks/cluster:Cluster"}),
    check=_check,
)
