"""Registers bus, event source, Sensors and their rights."""

from __future__ import annotations

import pulumi

from components.failover.args import EVENT_SOURCE_URL, FailoverArgs
from components.failover.desired import manifests
from components.shared.manifests import register


class Failover(pulumi.ComponentResource):
    """From an alert about a peer to this region's raised floor, and back; in namespace ``argo-events``."""

    event_source_url: pulumi.Output[str]

    def __init__(self, name: str, args: FailoverArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("standfast:failover:Failover", name, None, opts)
        earlier: list[pulumi.Resource] = []
        for stage in manifests(args):
            # A Sensor that starts before its rights or its bus are there fails its first events.
            opts_of_stage = pulumi.ResourceOptions(parent=self, depends_on=list(earlier))
            earlier += [register(f"{name}-{key}", found, opts_of_stage) for key, found in stage.items()]
        self.event_source_url = pulumi.Output.from_input(EVENT_SOURCE_URL)
        self.register_outputs({"event_source_url": self.event_source_url})
