"""Registers the mesh's certificate authority, and the rest once istiod runs."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

import pulumi
from pulumi_kubernetes.core.v1 import Secret, Service
from pulumi_kubernetes.core.v1.outputs import ServiceStatus

from components.mesh import security
from components.mesh.args import MeshArgs, MeshCaArgs, MeshPeer
from components.mesh.desired import control, services, serving
from components.shared.manifests import register


class MeshError(Exception):
    """The mesh cannot be made as asked; the message says why and what to do."""


class MeshCa(pulumi.ComponentResource):
    """Secret ``cacerts``: istiod must find it when it starts, or it makes a root of its own."""

    secret: pulumi.Resource

    def __init__(self, name: str, args: MeshCaArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("standfast:mesh:MeshCa", name, None, opts)
        key = pulumi.Output.secret(args.ca_key).apply(security.encoded)
        manifest = security.cacerts(
            {
                "ca-cert.pem": security.encoded(args.ca_cert),
                "ca-key.pem": key,
                "cert-chain.pem": security.encoded(args.cert_chain),
                "root-cert.pem": security.encoded(args.root_cert),
            }
        )
        self.secret = register(
            f"{name}-cacerts",
            manifest,
            pulumi.ResourceOptions(parent=self, depends_on=list(args.after)),
        )
        self.register_outputs({})


class Mesh(pulumi.ComponentResource):
    """Gateways, routes, failover, authorization, and what joins the region with its peers."""

    ingress_hostname: pulumi.Output[str]
    east_west_hostname: pulumi.Output[str]
    remote_reader_token: pulumi.Output[str]

    def __init__(self, name: str, args: MeshArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("standfast:mesh:Mesh", name, None, opts)
        own = self._register_all(name, control(args), args.after)
        self._register_all(name, serving(args), [*args.after, *args.serving])
        balancers = self._register_all(name, services(args), args.after)
        for peer in args.peers:
            self._join(name, peer, args.after)
        self.ingress_hostname = _hostname(balancers["ingress"])
        self.east_west_hostname = _hostname(balancers["east-west"])
        self.remote_reader_token = _token(own["reader-token"])
        self.register_outputs(
            {
                "ingress_hostname": self.ingress_hostname,
                "east_west_hostname": self.east_west_hostname,
            }
        )

    def _register_all(
        self,
        name: str,
        manifests: Mapping[str, Mapping[str, object]],
        after: Sequence[pulumi.Resource],
    ) -> dict[str, pulumi.CustomResource]:
        made: dict[str, pulumi.CustomResource] = {}
        for key, manifest in manifests.items():
            needs = list(after)
            if key == "reader-token":
                # A token Secret for an account that is not there yet is deleted by its controller.
                needs.append(made["reader"])
            made[key] = register(
                f"{name}-{key}", manifest, pulumi.ResourceOptions(parent=self, depends_on=needs)
            )
        return made

    def _join(self, name: str, peer: MeshPeer, after: Sequence[pulumi.Resource]) -> None:
        kubeconfig = pulumi.Output.all(
            peer.api_endpoint, peer.api_ca, pulumi.Output.secret(peer.token)
        ).apply(
            lambda values: security.encoded(security.remote_kubeconfig(peer.cluster_name, *map(str, values)))
        )
        register(
            f"{name}-peer-{peer.region}",
            security.remote_secret(peer.cluster_name, kubeconfig),
            pulumi.ResourceOptions(parent=self, depends_on=list(after)),
        )


def _hostname(service: pulumi.CustomResource) -> pulumi.Output[str]:
    if not isinstance(service, Service):
        raise MeshError(f"{type(service).__name__} is no Service and has no load balancer")

    def first(status: ServiceStatus | None) -> str:
        balancer = status.load_balancer if status else None
        found = [entry.hostname for entry in (balancer and balancer.ingress) or [] if entry.hostname]
        if not found and not pulumi.runtime.is_dry_run():
            raise MeshError(
                "a gateway's Service has no load balancer; see whether aws-load-balancer-controller runs, "
                "and what its log says of the Service"
            )
        return found[0] if found else ""

    return service.status.apply(first)


def _token(secret: pulumi.CustomResource) -> pulumi.Output[str]:
    if not isinstance(secret, Secret):
        raise MeshError(f"{type(secret).__name__} is no Secret and has no token")

    def decoded(data: Mapping[str, str] | None) -> str:
        token = (data or {}).get("token", "")
        if not token and not pulumi.runtime.is_dry_run():
            raise MeshError(
                "Kubernetes gave no token for the mesh's reader; run `up` again, and if it stays so, "
                "see whether the cluster's controller manager runs"
            )
        return base64.b64decode(token).decode()

    return pulumi.Output.secret(secret.data.apply(decoded))
