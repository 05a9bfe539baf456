"""istiod, real, in a region's namespace, with what the deployed release says of it.

Differences from a pod of the chart, each because something else is missing here: it is reached by TLS alone
and has no webhooks (no API server of the sandbox could reach them; `injection` stands in for the one that
counts), no leader election (there is one), and it configures none of the filters that Istio's own Envoy has
and the upstream one lacks (metadata exchange, ALPN, and telemetry's default provider).
"""

from __future__ import annotations

import base64
import copy
from pathlib import Path
from typing import Any

import yaml

from sandbox.control_plane import ClusterAccess
from sandbox.errors import SandboxError
from sandbox.host import Command
from sandbox.kube import Api
from sandbox.mesh.charts import ISTIO_SYSTEM, Deployed, arguments, container, environment
from sandbox.network.namespace import Namespace
from sandbox.paths import SandboxPaths, write_atomic
from sandbox.processes import Processes
from sandbox.tools import Tools

XDS_PORT = 15012
HTTP_PORT = 15080
_ACCOUNT = "istiod"
_CERTIFICATES = ("ca-cert.pem", "ca-key.pem", "cert-chain.pem", "root-cert.pem")
_PUBLISHED = {"istio-ca-root-cert", "istio-ca-crl"}
_OWN_ENVIRONMENT = {
    "PILOT_ENABLE_METADATA_EXCHANGE": "false",
    "PILOT_ENABLE_ALPN_FILTER": "false",
    "ENABLE_LEADER_ELECTION": "false",
    # A platform's metadata service would be asked for, and none answers here.
    "CLOUD_PLATFORM": "none",
    "GOGC": "50",
    "GOMEMLIMIT": "300MiB",
    "GOMAXPROCS": "2",
}


def process_name(region: str) -> str:
    return f"istiod-{region}"


def mesh_config(chart: dict[str, Any]) -> dict[str, Any]:
    """ConfigMap `istio` without telemetry's default provider: upstream Envoy lacks its filter."""
    mesh: dict[str, Any] = yaml.safe_load(chart["data"]["mesh"])
    changed = copy.deepcopy(chart)
    changed["data"]["mesh"] = yaml.safe_dump({**mesh, "defaultProviders": {}}, sort_keys=False)
    return changed


def certificates(api: Api) -> dict[str, bytes]:
    """The region's intermediate authority, from the Secret that istiod mounts. SandboxError without one."""
    secret = api.find(f"/api/v1/namespaces/{ISTIO_SYSTEM}/secrets/cacerts")
    data: dict[str, str] = (secret or {}).get("data") or {}
    missing = [name for name in _CERTIFICATES if name not in data]
    if missing:
        raise SandboxError(
            f"Secret {ISTIO_SYSTEM}/cacerts lacks {', '.join(missing)}",
            remedy="run `standfast mesh-ca create --target sandbox` and `standfast up --target sandbox`",
        )
    return {name: base64.b64decode(data[name]) for name in _CERTIFICATES}


def start(
    paths: SandboxPaths, access: ClusterAccess, namespace: Namespace, deployed: Deployed, tools: Tools
) -> None:
    """Start the region's istiod unless it runs."""
    name = process_name(access.region)
    if Processes(paths).find(name) is not None:
        return
    api = access.api()
    for account in deployed.accounts:
        api.apply(_path("serviceaccounts", account), account)
    config = mesh_config(deployed.mesh_config)
    api.apply(_path("configmaps", config), config)
    folder = paths.region(access.region) / "istiod"
    for file, content in certificates(api).items():
        write_atomic(folder / "etc" / "cacerts" / file, content)
    discovery = container(deployed.istiod["Deployment", "istiod"], "discovery")
    fields = {
        "metadata.name": "istiod-sandbox",
        "metadata.namespace": ISTIO_SYSTEM,
        "spec.serviceAccountName": _ACCOUNT,
    }
    known = environment(discovery, fields)
    argv = [str(tools.program("pilot-discovery")), *arguments(discovery, known)]
    argv += _own_arguments(access.kubeconfig, namespace.address)
    known |= _OWN_ENVIRONMENT
    known.pop("KUBECONFIG", None)
    namespace.start(Command(name=name, argv=argv, env=known, cwd=folder, port=XDS_PORT))


def _own_arguments(kubeconfig: Path, address: str) -> list[str]:
    return [
        f"--kubeconfig={kubeconfig}",
        "--registries=Kubernetes",
        f"--secureGRPCAddr={address}:{XDS_PORT}",
        "--grpcAddr=",
        "--httpsAddr=",
        f"--httpAddr={address}:{HTTP_PORT}",
        f"--monitoringAddr={address}:15014",
        "--ctrlz_port=0",
    ]


def _path(plural: str, document: dict[str, Any]) -> str:
    return f"/api/v1/namespaces/{ISTIO_SYSTEM}/{plural}/{document['metadata']['name']}"


def forget(api: Api) -> None:
    """Remove what istiod has published into each namespace; only an istiod that runs renews it."""
    for found in api.get("/api/v1/configmaps?labelSelector=istio.io%2Fconfig%3Dtrue")["items"]:
        meta = found["metadata"]
        if meta["name"] in _PUBLISHED:
            api.call("DELETE", f"/api/v1/namespaces/{meta['namespace']}/configmaps/{meta['name']}")
