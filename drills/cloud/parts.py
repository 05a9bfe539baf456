"""What each drill is made of in an account: faults for FIS, commands for a person, and what is in the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from config.names import bucket_of, cluster, models_gcs_bucket
from config.platform import Purpose
from drills.cloud.experiments import (
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


def _region_loss(where: Where) -> Parts:
    return Parts({where.region: (isolate(where, "isolate"), pause_replication(where))})


def _at_peak(where: Where) -> Parts:
    rate = "python -m drills.traffic.client --rate 150 …  # or hold it in the busiest hour"
    return Parts(_region_loss(where).faults, commands=(rate,))


def _stretched(where: Where) -> Parts:
    resolver = "let the client ask a resolver with a floor under TTLs, such as Unbound's cache-min-ttl: 120"
    return Parts(_region_loss(where).faults, commands=(resolver,))


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


def _bucket_loss(where: Where) -> Parts:
    platform = where.platform
    copy, owner = models_gcs_bucket(platform), platform.copy_owner
    if copy is None or owner is None:
        return Parts(obstacles=("the platform has no copy of its models: set models.stores.gcs",))
    kubectl = f"kubectl --context {cluster(platform, owner)} -n {_SERVING}"
    buckets = [bucket_of(platform, Purpose.MODEL_REGISTRY, region) for region in platform.regions]
    each = "jq '{Objects: [.[][] | {Key, VersionId}], Quiet: true}'"
    return Parts(
        commands=(
            f"gcloud storage ls --all-versions --long gs://{copy}/**  # what can come back",
            *(
                f"aws s3api list-object-versions --bucket {bucket} --max-items 1000 "
                f"--query '[Versions, DeleteMarkers]' | {each} | "
                f"aws s3api delete-objects --bucket {bucket} --delete file:///dev/stdin  # until none is left"
                for bucket in buckets
            ),
            f"{kubectl} create job model-restore-1 --from=cronjob/model-restore  # mends it",
            f"{kubectl} wait job/model-restore-1 --for=condition=complete --timeout=12h",
        ),
        obstacles=(
            "nothing brings the versions back but the copy: hold it in a platform that was made for it, "
            "never in one whose models are needed",
        ),
    )


PARTS: dict[str, Callable[[Where], Parts]] = {
    "bucket-loss": _bucket_loss,
    "zone-loss": _zone_loss,
    "region-loss": _region_loss,
    "region-loss-at-peak": _at_peak,
    "region-loss-stretched": _stretched,
    "gateway-loss": _gateway_loss,
    "double-fault": _double_fault,
    "flapping-region": _flapping,
    "peer-partition": _partition,
    "api-server-loss": _api_server_loss,
    "replication-paused": _replication_paused,
    "pods-unready": _pods_unready,
    "pods-dead": _pods_unready,
    "pods-erroring": _pods_erroring,
    "slow-pods": _slow_pods,
    "node-drain": _node_drain,
    "bad-model": _bad_model,
    "torn-model": _bad_model,
}
