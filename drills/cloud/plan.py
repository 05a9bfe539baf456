"""A drill as a plan for an account: the experiments, the commands, and what must be in place before."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table

from config.names import entry_fqdn
from config.platform import Platform
from drills.cloud.experiments import FOR, Fault, Where
from drills.cloud.parts import PARTS
from drills.errors import UnknownDrillError


@dataclass(frozen=True)
class CloudPlan:
    """One drill in an account. `experiments` are requests for FIS's CreateExperimentTemplate, by region."""

    drill: str
    region: str
    experiments: dict[str, dict[str, Any]]
    commands: tuple[str, ...]
    obstacles: tuple[str, ...]
    guard_rails: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        return {
            "drill": self.drill,
            "region": self.region,
            "ran": False,
            "experiments": self.experiments,
            "commands": list(self.commands),
            "obstacles": list(self.obstacles),
            "guardRails": list(self.guard_rails),
        }

    def table(self) -> RenderableType:
        rails = Table(
            title=f"{self.drill} in {self.region}, as a plan: nothing was broken", show_header=False
        )
        rails.add_column("", overflow="fold")
        rails.add_column("", overflow="fold")
        for kind, lines in (
            ("before", self.guard_rails),
            ("in the way", self.obstacles),
            ("commands", self.commands),
        ):
            for line in lines:
                rails.add_row(kind, line)
        shown = [
            f"experiment template in {region}:\n{json.dumps(template, indent=2)}"
            for region, template in self.experiments.items()
        ]
        return Group(rails, *shown)


def plan(drill: str, platform: Platform, region: str, zone: str) -> CloudPlan:
    """The plan of a drill. UnknownDrillError when no drill has this name."""
    if drill not in PARTS:
        raise UnknownDrillError(drill, sorted(PARTS))
    where = Where(platform=platform, region=region, zone=zone, survivor=platform.regions[region].failover_to)
    parts = PARTS[drill](where)
    experiments = {name: _template(drill, where, name, faults) for name, faults in parts.faults.items()}
    return CloudPlan(
        drill=drill,
        region=region,
        experiments=experiments,
        commands=(*parts.commands, *_starts(drill, where, list(experiments))),
        obstacles=parts.obstacles,
        guard_rails=_guard_rails(where, list(experiments)),
    )


def _template(drill: str, where: Where, region: str, faults: tuple[Fault, ...]) -> dict[str, Any]:
    platform = where.platform
    return {
        "clientToken": f"{platform.name}-{drill}-{region}",
        "description": f"standfast drill {drill} in {where.region}",
        "roleArn": f"arn:aws:iam::{platform.account}:role/{platform.name}-drill",
        "stopConditions": [{"source": "aws:cloudwatch:alarm", "value": _stop_alarm(where, region)}],
        "targets": {fault.name: dict(fault.target) for fault in faults if fault.target is not None},
        "actions": {fault.name: fault.document() for fault in faults},
        "experimentOptions": {"accountTargeting": "single-account", "emptyTargetResolutionMode": "fail"},
        "tags": {"standfast.dev/platform": platform.name, "standfast.dev/region": region},
    }


def _stop_alarm(where: Where, region: str) -> str:
    location = where.platform.regions[region].location
    name = f"{where.platform.name}-drill-stop"
    return f"arn:aws:cloudwatch:{location}:{where.platform.account}:alarm:{name}"


def _guard_rails(where: Where, regions: list[str]) -> tuple[str, ...]:
    platform = where.platform
    commands = (
        f"people know: it is no production account, or its owners have agreed to up to {FOR} of this fault",
        f"{where.survivor} is healthy and has its warm headroom: `standfast check`, and its alarms are quiet",
        f"a client calls https://{entry_fqdn(platform)} from outside the account and logs, as "
        "`python -m drills.traffic.client` does",
    )
    if not regions:
        return commands
    return (
        *commands,
        f"role {platform.name}-drill trusts fis.amazonaws.com for this account alone (aws:SourceAccount, "
        "aws:SourceArn) and may do no more than the template's actions ask for",
        f"alarm {platform.name}-drill-stop in {', '.join(regions)} goes to ALARM when the survivor's clients "
        "fail: FIS then stops the experiment and puts everything back",
        "what may be broken carries the tag standfast.dev/drill=allowed, set by hand and taken off after it",
        "an experiment with no target fails instead of passing (emptyTargetResolutionMode)",
    )


def _starts(drill: str, where: Where, regions: list[str]) -> tuple[str, ...]:
    """The commands that would hold it, in order."""
    lines: list[str] = []
    for region in regions:
        location = where.platform.regions[region].location
        create = f"aws fis create-experiment-template --region {location}"
        plan_of = f"standfast drill run {drill} --region {where.region} --zone {where.zone} --json -"
        lines += [
            f"{plan_of} | jq '.experiments[\"{region}\"]' > {drill}-{region}.json",
            f"{create} --cli-input-json file://{drill}-{region}.json",
            f"aws fis start-experiment --region {location} --experiment-template-id TEMPLATE_ID",
            f"aws fis stop-experiment --region {location} --id EXPERIMENT_ID  # ends it early",
        ]
    return tuple(lines)
