"""The runbook of a region, kept in its cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.runbook.desired import config_map, files
from components.runbook.incident import incident, losses
from components.shared.manifests import register
from config.platform import Platform


@dataclass(frozen=True, kw_only=True)
class RunbookArgs:
    """``zone_id`` is the hosted zone; ``after`` is what brings the namespace."""

    platform: Platform
    region: str
    zone_id: pulumi.Input[str]
    after: Sequence[pulumi.Resource] = ()


class Runbook(pulumi.ComponentResource):
    """ConfigMap ``dr-runbook``: one file for each loss that this region is concerned with."""

    def __init__(self, name: str, args: RunbookArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("standfast:runbook:Runbook", name, None, opts)
        data = pulumi.Output.from_input(args.zone_id).apply(
            lambda zone_id: files(
                [incident(args.platform, lost, zone_id) for lost in losses(args.platform, args.region)]
            )
        )
        register(
            f"{name}-config",
            config_map(data),
            pulumi.ResourceOptions(parent=self, depends_on=list(args.after)),
        )
        self.register_outputs({})
