"""Registers namespaces and releases."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.helm.v3 import Release, RepositoryOptsArgs

from components.addons.args import (
    EAST_WEST_GATEWAY,
    INGRESS_GATEWAY,
    AddonsArgs,
    NamespacesArgs,
)
from components.addons.aws import CONTROLLER, identities, storage_class
from components.addons.charts import Addon
from components.addons.desired import ISTIO_CNI, ISTIOD, PROMETHEUS, addons, in_order
from components.addons.namespaces import namespaces
from components.shared.manifests import register


class Namespaces(pulumi.ComponentResource):
    """The add-ons' namespaces, apart from the releases: the mesh's CA is put into one of them in between."""

    namespaces: Mapping[str, pulumi.Resource]

    def __init__(self, name: str, args: NamespacesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("standfast:addons:Namespaces", name, None, opts)
        child = pulumi.ResourceOptions(parent=self, depends_on=list(args.after))
        self.namespaces = {
            key: register(f"{name}-{key}", manifest, child)
            for key, manifest in namespaces(args.network).items()
        }
        self.register_outputs({})


class Addons(pulumi.ComponentResource):
    """Every release, each after what it needs.

    ``load_balancer_controller`` comes before Services that it serves, ``mesh_ready`` before pods with
    sidecars and before objects of the mesh, ``monitoring_ready`` before rules and monitors.
    """

    releases: Mapping[str, Release]
    namespaces: Mapping[str, pulumi.Resource]
    load_balancer_controller: Release
    mesh_ready: list[Release]
    monitoring_ready: list[Release]

    def __init__(self, name: str, args: AddonsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("standfast:addons:Addons", name, None, opts)
        self._name = name
        self._args = args
        self.namespaces = args.namespaces
        # A pod that starts before its association exists never gets credentials.
        self._identities = identities(name, args, self)
        self._storage_class = register(
            f"{name}-storage-class",
            storage_class(),
            pulumi.ResourceOptions(parent=self, depends_on=list(args.after)),
        )
        releases: dict[str, Release] = {}
        for addon in in_order(addons(args)):
            releases[addon.release] = self._release(addon, releases)
        self.releases = releases
        self.load_balancer_controller = releases[CONTROLLER]
        self.mesh_ready = [releases[key] for key in (ISTIO_CNI, ISTIOD, INGRESS_GATEWAY, EAST_WEST_GATEWAY)]
        self.monitoring_ready = [releases[PROMETHEUS]]
        self.register_outputs({})

    def _release(self, addon: Addon, earlier: Mapping[str, Release]) -> Release:
        needs: list[pulumi.Resource] = [*self._args.after, *(earlier[key] for key in addon.after)]
        if addon.namespace in self.namespaces:
            needs.append(self.namespaces[addon.namespace])
        if addon.release in self._identities:
            needs.append(self._identities[addon.release])
        if addon.release == PROMETHEUS:
            needs.append(self._storage_class)
        if addon.release == ISTIOD:
            needs.append(self._args.mesh_ca)
        return Release(
            f"{self._name}-{addon.release}",
            name=addon.release,
            chart=addon.chart.name,
            version=addon.chart.version,
            repository_opts=RepositoryOptsArgs(repo=addon.chart.repository),
            namespace=addon.namespace,
            create_namespace=False,
            values=addon.values,
            atomic=True,
            timeout=addon.timeout,
            opts=pulumi.ResourceOptions(parent=self, depends_on=needs),
        )
