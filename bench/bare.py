"""The program's GPU nodes and its inference service on a region's bare control plane."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from automation.project import platform
from automation.targets import checkout
from components.gpu_node_pools.desired import node_group
from components.inference.args import InferenceArgs
from components.shared.labels import GPU_TAINT_KEY, GPU_TAINT_VALUE
from config.platform import Cloud
from config.region import GpuPool
from drills.view import node_view
from sandbox.bare import add_node
from sandbox.kube import Api
from sandbox.twins.instance_types import InstanceType
from sandbox.twins.nodes import NodeGroup, Subnet, WantedNode, wanted_nodes
from sandbox.zones import pod_blocks

REGION = "us-east"
LOCATION = "us-east-1"
ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
BLOCKS = {zone: block for (_, zone), block in pod_blocks({REGION: ZONES}).items()}
ONE_GPU = InstanceType(name="g5.2xlarge", cpus=8, memory=32 * 1024, gpus=1, pods=58)
"""https://aws.amazon.com/ec2/instance-types/g5/"""
FOUR_GPUS = InstanceType(name="g5.12xlarge", cpus=48, memory=192 * 1024, gpus=4, pods=234)

_POOL = "inference"
_AT_A_TIME = 4


def inference(replicas: int) -> InferenceArgs:
    """What the program's stack files say, with as many replicas, any third of which may be lost."""
    whole = platform(checkout())
    left = replicas - -(-replicas // len(ZONES))
    sizes = {"replicas": replicas, "min_available": left, "peak_replicas": max(replicas, 2)}
    return InferenceArgs(
        inference=whole.inference.model_copy(update=sizes),
        cloud=Cloud.AWS,
        location=LOCATION,
        pool_names=[_POOL],
        model_bucket="standfast-model-registry-us-east-123456789012",
        model_size=whole.models.size,
    )


def gpu_nodes(kind: InstanceType, per_zone: int) -> list[WantedNode]:
    """The warm nodes of a pool as its node groups make them, one group for each zone."""
    pool = GpuPool(
        name=_POOL,
        instance_types=(kind.name,),
        gpus_per_node=kind.gpus,
        warm_per_zone=per_zone,
        max_per_zone=per_zone,
    )
    found: list[WantedNode] = []
    for number, zone in enumerate(ZONES):
        plan = node_group(pool, zone, platform(checkout()).models.size)
        group = NodeGroup(
            name=plan.name,
            arn=f"arn:aws:eks:{LOCATION}:123456789012:nodegroup/standfast/{plan.name}/{number}",
            desired=plan.warm,
            subnets=(Subnet(id=f"subnet-{zone}", zone=zone, cidr=f"10.16.{number * 16}.0/20"),),
            instance_type=kind,
            labels=plan.labels,
            taints=({"key": GPU_TAINT_KEY, "value": GPU_TAINT_VALUE, "effect": "NO_SCHEDULE"},),
            version="1.36",
            disk=plan.disk,
        )
        found += wanted_nodes(group, LOCATION)
    return found


def add_nodes(api: Api, nodes: list[WantedNode]) -> None:
    """Register them, and wait until Kubernetes holds all of them ready and has taken its own taints off."""
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        list(pool.map(lambda node: add_node(api, node.manifest(), node.status), nodes))
    wait(lambda: _open_nodes(api) == len(nodes), f"{len(nodes)} nodes that take pods")


def _open_nodes(api: Api) -> int:
    """Nodes that are ready, and refuse nothing but what needs no GPU."""
    nodes = [node_view(node) for node in api.get("/api/v1/nodes")["items"]]
    return sum(node.ready and node.taints == frozenset({GPU_TAINT_KEY}) for node in nodes)


def wait(reached: Callable[[], bool], what: str, seconds: float = 600.0) -> None:
    """Ask twice a second. RuntimeError when it does not come."""
    deadline = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.5)
