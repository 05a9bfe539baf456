"""Asks the real istioctl what it thinks of a region as it is deployed.

It reads the API servers of the region and of its peers. Gateways have no Pods there (`charts`): for as long
as istioctl reads, Pods of their releases are there, held back from every node by a scheduling gate. Two of
its messages are about the sandbox and not about what is deployed, and are left out: pods without a proxy
(`injection` adds no container), and the API servers' own Services, which share a machine and differ in port.
Source: https://istio.io/latest/docs/ops/diagnostic-tools/istioctl-analyze/
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.bringup import access
from sandbox.errors import SandboxError
from sandbox.kube import Api
from sandbox.mesh import charts
from sandbox.paths import SandboxPaths, write_atomic
from sandbox.state import SandboxState
from sandbox.tools import ensure

_SECONDS = 60.0
_FOUND = 79
"""The exit code of istioctl when it has found something."""
_OF_THE_SANDBOX = ("IST0103=Pod ml-serving/*", "IST0170=Service default/kubernetes")


@dataclass(frozen=True)
class Message:
    """What istioctl says. `level` is Info, Warning or Error.

    Codes: https://istio.io/latest/docs/reference/config/analysis/
    """

    level: str
    code: str
    origin: str
    text: str

    def __str__(self) -> str:
        return f"{self.level} {self.code} {self.origin}: {self.text}"


def analyze(state: SandboxState, region: str, *, beside: str = "") -> list[Message]:
    """What istioctl has to say of a region. `beside`: more objects (YAML), as if they were deployed."""
    paths = SandboxPaths.of(state.id)
    tools = ensure(charts.UNITS)
    folder = paths.region(region) / "analysis"
    found = access(state, region)
    deployed = charts.deployed(found.api(), found.kubeconfig, tools, folder)
    argv = [str(tools.program("istioctl")), "analyze", "--all-namespaces", "--output", "json"]
    argv += ["--context", region, "--timeout", f"{_SECONDS:.0f}s"]
    argv += [part for peer in state.regions if peer != region for part in ("--remote-contexts", peer)]
    argv += [part for message in _OF_THE_SANDBOX for part in ("--suppress", message)]
    if beside:
        write_atomic(folder / "beside.yaml", beside)
        argv.append(str(folder / "beside.yaml"))
    peers = [one.kubeconfig for name, one in state.regions.items() if name != region]
    with _pods(found.api(), [pod(one) for one in deployed.gateways.values()]):
        return messages(_run(argv, [found.kubeconfig, *peers]))


def pod(deployment: Mapping[str, Any]) -> dict[str, Any]:
    """A Pod of a Deployment that no scheduler places (https://kep.k8s.io/3521)."""
    template = deployment["spec"]["template"]
    placed = {"name": f"{deployment['metadata']['name']}-analysis", "namespace": charts.ISTIO_SYSTEM}
    gates = {"schedulingGates": [{"name": "standfast.dev/analysis"}]}
    spec = {key: value for key, value in template["spec"].items() if key != "serviceAccountName"}
    metadata = {**template["metadata"], **placed}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {**spec, **gates}}


@contextlib.contextmanager
def _pods(api: Api, pods: Sequence[dict[str, Any]]) -> Generator[None]:
    root = f"/api/v1/namespaces/{charts.ISTIO_SYSTEM}/pods"
    try:
        for one in pods:
            api.apply(f"{root}/{one['metadata']['name']}", one)
        yield
    finally:
        for one in pods:
            path = f"{root}/{one['metadata']['name']}"
            if api.find(path) is not None:
                api.call("DELETE", f"{path}?gracePeriodSeconds=0")


def messages(text: str) -> list[Message]:
    """istioctl's JSON, which it leaves empty when it has nothing to say."""
    listed = json.loads(text) if text.strip() else []
    return [Message(one["level"], one["code"], one["origin"], one["message"]) for one in listed]


def _run(argv: list[str], kubeconfigs: list[Path]) -> str:
    environment = {**os.environ, "KUBECONFIG": os.pathsep.join(map(str, kubeconfigs))}
    try:
        done = subprocess.run(
            argv, env=environment, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SandboxError(f"istioctl cannot be run: {error}") from error
    if done.returncode not in {0, _FOUND}:
        raise SandboxError(f"istioctl analyze failed: {done.stderr.strip()[-600:]}")
    return done.stdout
