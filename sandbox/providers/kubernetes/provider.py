"""The `kubernetes` provider: objects, and recorded Helm releases."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import metadata

from sandbox.providers.base import (
    Call,
    Checked,
    Created,
    Diff,
    Failure,
    Live,
    Properties,
    Provider,
    State,
)
from sandbox.providers.kubernetes import helm, objects, release_inputs
from sandbox.providers.kubernetes.api import Clusters
from sandbox.providers.kubernetes.instance import Instance
from sandbox.providers.kubernetes.settings import check_settings, parse_settings
from sandbox.providers.kubernetes.tokens import RELEASE


class KubernetesProvider(Provider[Instance]):
    """Serves every kind that the API server of a provider resource's kubeconfig knows."""

    name = "kubernetes"

    def __init__(self) -> None:
        self.version = metadata.version("pulumi-kubernetes")
        self._clusters = Clusters()

    def check_config(self, config: Properties) -> Sequence[Failure]:
        return check_settings(config)

    def configure(self, config: Properties) -> Instance:
        settings = parse_settings(config)
        return Instance(settings, self._clusters.get(settings))

    def check(self, call: Call[Instance], old: Properties, new: Properties) -> Checked:  # noqa: ARG002
        return release_inputs.check(call, new) if call.type == RELEASE else objects.check(call, new)

    def diff(self, call: Call[Instance], id: str, old: State, new: Properties) -> Diff:  # noqa: ARG002
        return helm.diff(old, new) if call.type == RELEASE else objects.diff(call, old, new)

    def create(self, call: Call[Instance], inputs: Properties) -> Created:
        return helm.create(call, inputs) if call.type == RELEASE else objects.create(call, inputs)

    def read(self, call: Call[Instance], id: str, old: State) -> Live | None:
        return helm.read(call, id, old) if call.type == RELEASE else objects.read(call, id, old)

    def update(
        self,
        call: Call[Instance],
        id: str,  # noqa: ARG002
        old: State,
        new: Properties,
    ) -> Properties:
        return helm.update(call, old, new) if call.type == RELEASE else objects.update(call, old, new)

    def delete(self, call: Call[Instance], id: str, old: State) -> None:
        if call.type == RELEASE:
            helm.delete(call, id)
        else:
            objects.delete(call, id, old)
