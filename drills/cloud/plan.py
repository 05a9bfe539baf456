"""A drill as a plan for an account: the experiments, the commands, and what must be in place before."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table

from config.names import bucket_of, cluster, entry_fqdn
from config.platform import Platform, Purpose
from drills.cloud.experiments import (
    FOR,
    WAIT,
    Fault,
    Where,
    close_port,
    delay,
    isolate,
    part,
    pause_replication,
    pods,
    wait,
)
from drills.errors import UnknownDrillError
from drills.traffic.publisher import CURRENT

_MESH, _SERVING = "istio-system", "ml-serving"
_INGRESS, _INFERENCE = "istio=ingressgateway", "app=inference"
_GATEWAY_PORT, _POD_PORT = 8080, 8080

_READ_ONLY = (
    "FIS's pod actions run an ephemeral container and fail where the pods have readOnlyRootFilesystem: true, "
    "as these have, and the namespace's Pod Security level keeps it out too: hold it in a copy of the "
    "platform that is deployed for it with both relaxed "
    "(https://docs.aws.amazon.com/fis/latest/userguide/eks-pod-actions.html)"
)


@dataclass(frozen=True)
class Parts:
    """What a drill is made of: FIS's faults by region, commands for a person, and what is in the way."""

    faults: dict[str, tuple[Fault, ...]] = field(default_factory=dict[str, tuple[Fault, ...]])
    commands: tuple[str, ...] = ()
    obstacles: tuple[str, ...] = ()


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
    if drill not in _PARTS:
        raise UnknownDrillError(drill, sorted(_PARTS))
    where = Where(platform=platform, region=region, zone=zone, survivor=platform.regions[region].failover_to)
    parts = _PARTS[drill](where)
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


def _region_loss(where: Where) -> Parts:
    return Parts({where.region: (isolate(where, "isolate"), pause_replication(where))})


def _at_peak(where: Where) -> Parts:
    rate = "python -m drills.traffic.client --rate 150 …  # or hold it in the busiest hour"
    return Parts(_region_loss(where).faults, commands=(rate,))


def _zone_loss(where: Where) -> Parts:
    return Parts({where.region: (isolate(where, "isolate-zone", zone=where.zone),)})


def _gateway_loss(where: Where) -> Parts:
    context = cluster(where.platform, where.region)
    scale = f"kubectl --context {context} -n {_MESH} scale deployment/istio-ingressgateway --replicas"
    return Parts(
        {where.region: (close_port("gateway", pods(where, _MESH, _INGRESS), _GATEWAY_PORT),)},
        commands=(f"{scale}=0  # where FIS's pod actions are kept out", f"{scale}=3  # mends it"),
        obstacles=(_READ_ONLY,),
    )


def _double_fault(where: Where) -> Parts:
    there = Where(platform=where.platform, region=where.survivor, zone="", survivor=where.region)
    second = isolate(there, "isolate-zone", zone="ZONE_OF_THE_SURVIVOR")
    return Parts(
        {**_region_loss(where).faults, where.survivor: (second,)},
        obstacles=("start the second experiment once clients are served by the survivor, not before",),
    )


def _flapping(where: Where) -> Parts:
    faults: list[Fault] = []
    for number in range(1, 4):
        before = f"pause-{number - 1}" if number > 1 else ""
        faults.append(isolate(where, f"isolate-{number}", duration="PT1M", after=before))
        faults.append(wait(f"pause-{number}", WAIT, after=f"isolate-{number}"))
    shortest = "FIS breaks nothing for less than a minute, so that each outage is long enough for a failover"
    return Parts({where.region: tuple(faults)}, obstacles=(shortest,))


def _partition(where: Where) -> Parts:
    there = Where(platform=where.platform, region=where.survivor, zone="", survivor=where.region)
    return Parts(
        {
            where.region: (part(where), pause_replication(where)),
            where.survivor: (part(there), pause_replication(there)),
        }
    )


def _api_server_loss(_: Where) -> Parts:
    return Parts(
        obstacles=(
            "EKS keeps the API servers, and neither FIS nor EKS has a way to stop them: hold it in the "
            "sandbox (--target sandbox)",
        )
    )


def _replication_paused(where: Where) -> Parts:
    return Parts({where.region: (pause_replication(where),)})


def _pods_unready(where: Where) -> Parts:
    return Parts(
        {where.region: (close_port("pods", pods(where, _SERVING, _INFERENCE), _POD_PORT),)},
        obstacles=(_READ_ONLY,),
    )


def _pods_erroring(_: Where) -> Parts:
    return Parts(
        obstacles=(
            "nothing in FIS makes a pod answer 500, and a fault that the mesh injects arises at the caller, "
            "where outlier detection does not see it: hold it in the sandbox (--target sandbox)",
        )
    )


def _slow_pods(where: Where) -> Parts:
    target = pods(where, _SERVING, f"{_INFERENCE},topology.kubernetes.io/zone={where.zone}")
    return Parts({where.region: (delay("pods", target),)}, obstacles=(_READ_ONLY,))


def _node_drain(where: Where) -> Parts:
    kubectl = f"kubectl --context {cluster(where.platform, where.region)}"
    return Parts(
        commands=(
            f"{kubectl} get nodes -l topology.kubernetes.io/zone={where.zone}",
            f"{kubectl} drain NODE --ignore-daemonsets --delete-emptydir-data --timeout=10m",
            f"{kubectl} uncordon NODE  # mends it",
        )
    )


def _bad_model(where: Where) -> Parts:
    bucket = bucket_of(where.platform, Purpose.MODEL_REGISTRY, where.region)
    point = f"aws s3api put-object --bucket {bucket} --key {CURRENT} --body"
    versions = f"aws s3api list-object-versions --bucket {bucket} --prefix {CURRENT}"
    return Parts(
        commands=(
            f"{versions}  # what is current now",
            f"{point} bad.json",
            f"{point} good.json  # rolls it back",
        )
    )


_PARTS: dict[str, Callable[[Where], Parts]] = {
    "zone-loss": _zone_loss,
    "region-loss": _region_loss,
    "region-loss-at-peak": _at_peak,
    "gateway-loss": _gateway_loss,
    "double-fault": _double_fault,
    "flapping-region": _flapping,
    "peer-partition": _partition,
    "api-server-loss": _api_server_loss,
    "replication-paused": _replication_paused,
    "pods-unready": _pods_unready,
    "pods-erroring": _pods_erroring,
    "slow-pods": _slow_pods,
    "node-drain": _node_drain,
    "bad-model": _bad_model,
    "torn-model": _bad_model,
}
