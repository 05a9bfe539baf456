"""The objects of add-ons and mesh, as a real API server with Istio's own definitions accepts them."""

from __future__ import annotations

import copy
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from components.addons.aws import storage_class
from components.addons.namespaces import namespaces
from components.mesh.desired import control, services, serving
from components.mesh.security import cacerts, encoded, remote_secret
from sandbox.control_plane import ControlPlane, Ports
from sandbox.crds import install_crds
from sandbox.host import Machine
from sandbox.kube import Api, ApiError
from sandbox.paths import SandboxPaths
from sandbox.processes import Processes
from sandbox.tools import ensure
from tests.unit.mesh.given import ARGS

pytestmark = pytest.mark.engine

_PLURALS = {"AuthorizationPolicy": "authorizationpolicies", "StorageClass": "storageclasses"}
_CLUSTER_WIDE = {"Namespace", "ClusterRole", "ClusterRoleBinding", "StorageClass"}

OBJECTS = {
    **{f"namespace-{name}": manifest for name, manifest in namespaces("standfast-us-east").items()},
    "storage-class": storage_class(),
    "cacerts": cacerts({"ca-cert.pem": encoded("cert"), "ca-key.pem": encoded("key")}),
    "remote-secret": remote_secret("standfast-eu-west", encoded("{}")),
    **control(ARGS),
    **serving(ARGS),
    **services(ARGS),
}


def path(manifest: Mapping[str, Any]) -> str:
    kind, metadata, api = manifest["kind"], manifest["metadata"], manifest["apiVersion"]
    plural = _PLURALS.get(kind, f"{kind.lower()}s")
    root = f"/apis/{api}" if "/" in api else f"/api/{api}"
    within = "" if kind in _CLUSTER_WIDE else f"/namespaces/{metadata['namespace']}"
    return f"{root}{within}/{plural}/{metadata['name']}"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    paths = SandboxPaths(
        id=f"test-mesh-{secrets.token_hex(4)}", root=tmp_path_factory.mktemp("mesh-manifests")
    )
    paths.create()
    tools, host = ensure(["etcd", "kubernetes", "crds"]), Machine(paths)
    ports = Ports(etcd=host.free_port(), api_server=host.free_port())
    try:
        found = (
            ControlPlane("us-east", paths, host, tools, ports=ports).start(secrets.token_urlsafe(16)).api()
        )
        install_crds(found, tools.folder("crds"))
        for name in ("istio-system", "ml-serving"):
            found.apply(
                f"/api/v1/namespaces/{name}",
                {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}},
            )
        yield found
    finally:
        Processes(paths).stop_all()


def checked(api: Api, manifest: Mapping[str, Any]) -> Any:
    """A dry run in which an unknown field is an error."""
    return api.call(
        "PATCH",
        f"{path(manifest)}?fieldManager=test&force=true&dryRun=All&fieldValidation=Strict",
        manifest,
        content_type="application/apply-patch+yaml",
    )


@pytest.mark.parametrize("name", OBJECTS)
def test_the_api_server_accepts_it_as_written(api: Api, name: str) -> None:
    answer = checked(api, OBJECTS[name])
    assert answer.get("spec", {}).keys() >= OBJECTS[name].get("spec", {}).keys()


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("failover", {"trafficPolicy": {"outlierDetection": {"maxEjectPercent": 100}}}),
        ("failover", {"trafficPolicy": {"loadBalancer": {"simple": "ROUND_THE_BLOCK"}}}),
        ("strict-mtls", {"mtls": {"mode": "STRICTLY"}}),
        ("callers", {"action": "PERHAPS"}),
    ],
)
def test_a_mistake_would_be_refused(api: Api, name: str, change: Mapping[str, Any]) -> None:
    wrong = copy.deepcopy(OBJECTS[name])
    wrong["spec"] |= change
    with pytest.raises(ApiError, match=r"answered (400|422|500)"):
        checked(api, wrong)
