"""Registers rules, monitors, probes and routing."""

from __future__ import annotations

import pulumi

from components.alerting.args import RULES, AlertingArgs
from components.alerting.desired import manifests
from components.shared.manifests import register


class Alerting(pulumi.ComponentResource):
    """What Prometheus asks, what it says, and where Alertmanager sends it, in namespace ``monitoring``."""

    rules: pulumi.Output[str]

    def __init__(self, name: str, args: AlertingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("standfast:alerting:Alerting", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        for key, manifest in manifests(args).items():
            register(f"{name}-{key}", manifest, child)
        self.rules = pulumi.Output.from_input(RULES)
        self.register_outputs({"rules": self.rules})
