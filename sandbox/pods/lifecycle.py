"""Lets the pods of inference-service answer by themselves, and leaves them to KWOK again."""

from __future__ import annotations

import hashlib
import json
import random
import time

from botocore.exceptions import ClientError

from config import names as rule
from config.platform import Purpose
from sandbox.bringup import access
from sandbox.errors import SandboxError
from sandbox.host import Command, Hosts, Machine, python_command
from sandbox.kube import Api
from sandbox.moto import client
from sandbox.network.plan import NetworkPlan
from sandbox.paths import SandboxPaths
from sandbox.platform import platform_of
from sandbox.pods.cluster import PODS
from sandbox.pods.models import CURRENT, PREFIX
from sandbox.pods.selection import APP
from sandbox.processes import Processes
from sandbox.state import SandboxState
from sandbox.tools import ensure
from sandbox.zones import Zones, answering_file, pods_name

LOAD_SECONDS = 4.0
"""How long a model loads. Real ones take minutes, and a drill that counts them adds their time."""
FIRST_VERSION = "00000001"
_MODEL_BYTES = 64 * 1024
_READY_SECONDS = 180.0


def registries(state: SandboxState) -> dict[str, str]:
    """Each region's model registry bucket, by the rule that names them."""
    platform = platform_of(state)
    return {name: rule.bucket_of(platform, Purpose.MODEL_REGISTRY, name) for name in state.regions}


def start(
    state: SandboxState,
    plan: NetworkPlan,
    namespaces: Hosts,
    *,
    load_seconds: float = LOAD_SECONDS,
) -> None:
    """Start what does not run of the pods' servers; KWOK leaves the pods' readiness to them.

    Needs the regions to be deployed; a registry without any model gets a first one. SandboxError otherwise.
    """
    paths = SandboxPaths.of(state.id)
    processes = Processes(paths)
    buckets = registries(state)
    for region in plan.regions:
        seed(state, buckets[region], region)
    answering_file(paths).parent.mkdir(parents=True, exist_ok=True)
    answering_file(paths).touch()
    _restart_nodes(state, plan, paths)
    for region, own in plan.regions.items():
        for zone, block in own.pods.items():
            name = pods_name(region, zone)
            if processes.find(name) is not None:
                continue
            arguments = {
                "region": region,
                "zone": zone,
                "location": state.region(region).location,
                "block": block,
                "kubeconfig": state.region(region).kubeconfig,
                "moto": state.moto_url,
                "bucket": buckets[region],
                "load-seconds": load_seconds,
                "faults": answering_file(paths).with_name(f"{name}.faults.json"),
            }
            argv = python_command("sandbox.pods", *(f"--{key}={value}" for key, value in arguments.items()))
            namespaces[region].start(Command(name=name, argv=argv))


def stop(state: SandboxState, plan: NetworkPlan) -> None:
    """KWOK makes the pods ready again, as before."""
    paths = SandboxPaths.of(state.id)
    for region, own in plan.regions.items():
        for zone in own.pods:
            Processes(paths).stop(pods_name(region, zone))
    if answering_file(paths).exists():
        answering_file(paths).unlink()
        _restart_nodes(state, plan, paths)


def wait_ready(state: SandboxState, *, seconds: float = _READY_SECONDS) -> None:
    """Wait until every pod of the service that has a node is ready, in all regions."""
    paths = SandboxPaths.of(state.id)
    deadline = time.monotonic() + seconds
    for region in state.regions:
        api = access(state, region).api()
        while unready := _unready(api):
            if time.monotonic() > deadline:
                logs = [str(paths.log(pods_name(region, zone))) for zone in state.region(region).zones]
                raise SandboxError(
                    f"pods of {region} do not become ready: {', '.join(unready)}", where=", ".join(logs)
                )
            time.sleep(0.5)


def seed(state: SandboxState, bucket: str, region: str) -> None:
    """Publish a first model where there is none: all regions get the same, as if it had been replicated."""
    s3 = client("s3", state.moto_url, state.region(region).location)
    try:
        if s3.list_objects_v2(Bucket=bucket, Prefix=PREFIX, MaxKeys=1).get("KeyCount"):
            return
    except ClientError as error:
        raise SandboxError(
            f"{region} is not deployed: it has no bucket {bucket}",
            remedy="run `standfast up --target sandbox`, then this command again",
        ) from error
    model = random.Random(0).randbytes(_MODEL_BYTES)  # noqa: S311 - noise that stands for weights
    manifest = {
        "version": FIRST_VERSION,
        "size": len(model),
        "sha256": hashlib.sha256(model).hexdigest(),
        "published_at": time.time(),
    }
    objects = {
        f"{PREFIX}{FIRST_VERSION}/model.bin": model,
        f"{PREFIX}{FIRST_VERSION}/manifest.json": json.dumps(manifest).encode(),
        CURRENT: json.dumps({"version": FIRST_VERSION}).encode(),
    }
    for key, body in objects.items():
        s3.put_object(Bucket=bucket, Key=key, Body=body)


def _restart_nodes(state: SandboxState, plan: NetworkPlan, paths: SandboxPaths) -> None:
    tools = ensure(["kubernetes"])
    for region, own in plan.regions.items():
        Zones(access(state, region), paths, Machine(paths), tools).start_all(own.pods)


def _unready(api: Api) -> list[str]:
    found: list[str] = []
    for pod in api.get(f"{PODS}?labelSelector=app%3D{APP}")["items"]:
        conditions = {entry["type"]: entry["status"] for entry in pod["status"].get("conditions", [])}
        leaving = "deletionTimestamp" in pod["metadata"]
        if conditions.get("Ready") != "True" and "nodeName" in pod["spec"] and not leaving:
            found.append(pod["metadata"]["name"])
    return found
