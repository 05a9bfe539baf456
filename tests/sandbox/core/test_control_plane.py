"""Real control planes and nodes, without the engine."""

from __future__ import annotations

import base64
import gzip
import json
import os
import ssl
import stat
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest

from sandbox import descheduler
from sandbox.control_plane import ClusterAccess, ControlPlane, Ports, audit_log
from sandbox.crds import install_crds, load_crds
from sandbox.host import Machine
from sandbox.kube import Api, ApiError
from sandbox.moto import client, seed, start_moto
from sandbox.paths import SandboxPaths
from sandbox.processes import Processes
from sandbox.tools import Tools
from sandbox.zones import Zones, pod_blocks, start_zone, stop_zone, stopped_zones
from tests.sandbox.core.leftovers import forget

pytestmark = pytest.mark.engine

_ZONES = ("us-east-1a", "us-east-1b")


def _begin(name: str, tools: Tools) -> tuple[SandboxPaths, ClusterAccess]:
    paths = SandboxPaths.of(name)
    paths.create()
    host = Machine(paths)
    ports = Ports(etcd=host.free_port(), api_server=host.free_port())
    plane = ControlPlane("us-east", paths, host, tools, ports=ports)
    access = plane.start(f"token-of-{name}")
    before = {r.name: r.pid for r in Processes(paths).records()}
    assert plane.start(f"token-of-{name}") == access
    assert {r.name: r.pid for r in Processes(paths).records()} == before, "a second start starts nothing"
    return paths, access


@pytest.fixture(scope="module")
def cluster(tools: Tools) -> Iterator[tuple[SandboxPaths, ClusterAccess]]:
    paths, access = _begin(f"test-core-{os.getpid()}", tools)
    yield paths, access
    forget(paths.id)


def _until(true: Callable[[], bool], seconds: float) -> float:
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, f"not within {seconds} s"
        time.sleep(0.25)
    return time.monotonic() - began


def _condition(item: dict[str, Any], kind: str) -> str:
    return next((c["status"] for c in item["status"].get("conditions", []) if c["type"] == kind), "")


def _ready(api: Api, path: str) -> dict[str, str]:
    return {item["metadata"]["name"]: _condition(item, "Ready") for item in api.get(path)["items"]}


def _node(api: Api, name: str, zone: str) -> None:
    resources = {"cpu": "8", "memory": "32Gi", "pods": "110"}
    labels = {"topology.kubernetes.io/zone": zone, "kubernetes.io/hostname": name}
    api.call(
        "POST",
        "/api/v1/nodes",
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": labels},
            "status": {"allocatable": resources, "capacity": resources},
        },
    )


def _deployment(api: Api, name: str, replicas: int, **spec: Any) -> None:
    labels = {"app": name}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "c", "image": "c:1"}], **spec},
    }
    api.call(
        "POST",
        "/apis/apps/v1/namespaces/default/deployments",
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name},
            "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
        },
    )


def test_what_workloads_ask_is_written_down(cluster: tuple[SandboxPaths, ClusterAccess]):
    paths, access = cluster
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    account = "/api/v1/namespaces/default/serviceaccounts/default"
    token = access.api().call("POST", f"{account}/token", request)["status"]["token"]
    with pytest.raises(ApiError):
        Api(access.endpoint, access.ca, token).get("/api/v1/secrets")
    log = audit_log(paths, "us-east")
    _until(log.exists, 10)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    told = {(line["user"]["username"], line["requestURI"], line["responseStatus"]["code"]) for line in lines}
    assert ("system:serviceaccount:default:default", "/api/v1/secrets", 403) in told
    assert {user.rpartition(":")[0] for user, _, _ in told} == {"system:serviceaccount:default"}


def test_the_api_server_asks_for_a_token_and_rbac_holds(cluster: tuple[SandboxPaths, ClusterAccess]):
    _, access = cluster
    with pytest.raises(ApiError) as caught:
        Api(access.endpoint, access.ca, "guess").get("/api/v1/secrets")
    assert caught.value.status == 401
    review = access.api().call(
        "POST",
        "/apis/authorization.k8s.io/v1/subjectaccessreviews",
        {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": "system:serviceaccount:default:default",
                "resourceAttributes": {"verb": "list", "resource": "secrets"},
            },
        },
    )
    assert review["status"]["allowed"] is False


def test_a_service_account_token_is_signed_and_known(cluster: tuple[SandboxPaths, ClusterAccess]):
    _, access = cluster
    api = access.api()
    asked = api.call(
        "POST",
        "/api/v1/namespaces/default/serviceaccounts/default/token",
        {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}},
    )
    token = asked["status"]["token"]
    with pytest.raises(ApiError) as caught:
        Api(access.endpoint, access.ca, token).get("/api/v1/nodes")
    assert caught.value.status == 403, "known, and not allowed"


def test_pod_security_is_enforced(cluster: tuple[SandboxPaths, ClusterAccess]):
    _, access = cluster
    api = access.api()
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    api.call(
        "POST",
        "/api/v1/namespaces",
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "strict", "labels": labels}},
    )
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "x"},
        "spec": {"serviceAccountName": "default", "containers": [{"name": "c", "image": "c:1"}]},
    }
    _until(lambda: api.find("/api/v1/namespaces/strict/serviceaccounts/default") is not None, 20)
    with pytest.raises(ApiError, match='violates PodSecurity "restricted'):
        api.call("POST", "/api/v1/namespaces/strict/pods", pod)


def test_files_with_keys_are_the_owners_alone(cluster: tuple[SandboxPaths, ClusterAccess]):
    paths, access = cluster
    assert access.kubeconfig == paths.kubeconfig("us-east")
    secret = [access.kubeconfig, *paths.region("us-east").rglob("*.key"), *paths.root.rglob("tokens.csv")]
    assert len(secret) > 4
    for file in secret:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_etcd_takes_nobody_without_a_certificate(cluster: tuple[SandboxPaths, ClusterAccess]):
    paths, access = cluster
    record = Processes(paths).record("etcd-us-east")
    assert record is not None
    context = ssl.create_default_context(cadata=access.ca)
    with pytest.raises(OSError, match=r"certificate required|bad certificate|reset"):
        urllib.request.urlopen(f"https://127.0.0.1:{record.port}/version", context=context, timeout=10)


def test_custom_resources_are_checked_by_their_schema(
    cluster: tuple[SandboxPaths, ClusterAccess], tools: Tools
):
    _, access = cluster
    api = access.api()
    folder = tools.folder("crds")
    assert install_crds(api, folder) == len(load_crds(folder))
    assert install_crds(api, folder) == 0
    kinds = {d["spec"]["names"]["kind"] for d in load_crds(folder)}
    assert kinds >= {
        "DestinationRule", "Gateway", "VirtualService", "PeerAuthentication", "AuthorizationPolicy",
        "Schedule", "BackupStorageLocation", "PrometheusRule", "ServiceMonitor", "Probe",
        "AlertmanagerConfig", "EventBus", "EventSource", "Sensor", "VolumeSnapshotClass",
    }  # fmt: skip
    rule: dict[str, Any] = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": {"name": "x"},
        "spec": {"host": "inference-service", "trafficPolicy": {"loadBalancer": {"simple": "ROUND_ROBIN"}}},
    }
    path = "/apis/networking.istio.io/v1/namespaces/default/destinationrules?fieldValidation=Strict"
    rule["spec"]["trafficPolicy"]["loadBalancer"]["simple"] = "ROUND_ROBINS"
    with pytest.raises(ApiError, match="Unsupported value"):
        api.call("POST", path, rule)
    rule["spec"]["trafficPolicy"]["loadBalancer"]["simple"] = "ROUND_ROBIN"
    rule["spec"]["colour"] = "blue"
    with pytest.raises(ApiError, match="unknown field"):
        api.call("POST", path, rule)
    del rule["spec"]["colour"]
    assert api.call("POST", path, rule)["metadata"]["name"] == "x"


def test_a_zone_stops_answering_is_noticed_and_comes_back(
    cluster: tuple[SandboxPaths, ClusterAccess], tools: Tools
):
    """40 to 50 s: the controller-manager's default grace period is 50 s, less the age of the last lease."""
    paths, access = cluster
    api = access.api()
    zones = Zones(access, paths, Machine(paths), tools)
    blocks = pod_blocks({"us-east": _ZONES})
    zones.start_all({zone: blocks["us-east", zone] for zone in _ZONES})
    lost, living = _ZONES
    for zone in _ZONES:
        _node(api, f"node-{zone}", zone)
    _deployment(api, "spread", 4, topologySpreadConstraints=[_spread("spread")])
    pods = "/api/v1/namespaces/default/pods?labelSelector=app%3Dspread"
    _until(lambda: list(_ready(api, pods).values()) == ["True"] * 4, 30)
    assert set(_ready(api, "/api/v1/nodes").values()) == {"True"}
    addresses = {i["status"]["podIP"] for i in api.get(pods)["items"]}
    assert len(addresses) == 4, "each pod has an address of its own"

    stop_zone(paths, "us-east", lost)
    assert stopped_zones(paths, "us-east", _ZONES) == [lost]
    noticed = _until(lambda: _ready(api, "/api/v1/nodes")[f"node-{lost}"] == "Unknown", 75)
    assert 35 <= noticed <= 60
    assert _ready(api, "/api/v1/nodes")[f"node-{living}"] == "True"
    _until(lambda: list(_ready(api, pods).values()).count("False") == 2, 20)

    start_zone(paths, "us-east", lost)
    _until(lambda: set(_ready(api, "/api/v1/nodes").values()) == {"True"}, 20)
    _until(lambda: list(_ready(api, pods).values()) == ["True"] * 4, 20)
    api.call("DELETE", "/apis/apps/v1/namespaces/default/deployments/spread")
    _until(lambda: _ready(api, pods) == {}, 30)


def _spread(app: str) -> dict[str, Any]:
    return {
        "maxSkew": 1,
        "topologyKey": "topology.kubernetes.io/zone",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": app}},
    }


def _release(api: Api, values: dict[str, Any], revision: int) -> str:
    document = {
        "name": "descheduler",
        "namespace": "kube-system",
        "version": revision,
        "info": {"status": "deployed"},
        "chart": {"metadata": {"name": "descheduler", "version": "0.36.0"}},
        "config": values,
    }
    packed = base64.b64encode(gzip.compress(json.dumps(document).encode()))
    name = f"sh.helm.release.v1.descheduler.v{revision}"
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "helm.sh/release.v1",
        "metadata": {"name": name},
        "data": {"release": base64.b64encode(packed).decode()},
    }
    api.call("POST", "/api/v1/namespaces/kube-system/secrets", secret)
    return f"/api/v1/namespaces/kube-system/secrets/{name}"


def test_the_descheduler_runs_as_its_release_says(cluster: tuple[SandboxPaths, ClusterAccess], tools: Tools):
    paths, access = cluster
    api, host, processes = access.api(), Machine(paths), Processes(paths)

    def attach() -> bool:
        return descheduler.attach("us-east", api, paths, host, tools)

    def pid() -> int:
        process = processes.find("descheduler-us-east")
        assert process is not None
        return process.pid

    assert attach() is False, "nothing is deployed yet"
    plugin = "RemovePodsViolatingTopologySpreadConstraint"
    profile = {
        "name": "spread",
        "pluginConfig": [{"name": plugin, "args": {"constraints": ["DoNotSchedule"]}}],
        "plugins": {"balance": {"enabled": [plugin]}},
    }
    values = {
        "kind": "Deployment",
        "deschedulingInterval": "10s",
        "deschedulerPolicy": {"profiles": [profile]},
    }
    first = _release(api, values, 1)
    assert attach() is True
    started = pid()
    assert attach() is True
    assert pid() == started, "the same release leaves the process alone"
    second = _release(api, {**values, "deschedulingInterval": "20s"}, 2)
    assert attach() is True
    assert pid() != started, "new values are a new process"
    assert "--descheduling-interval=20s" in psutil.Process(pid()).cmdline()
    log = paths.log("descheduler-us-east")
    _until(lambda: "Number of evictions/requests" in log.read_text(), 30)
    for secret in (first, second):
        api.call("DELETE", secret)
    assert attach() is False
    assert processes.find("descheduler-us-east") is None


def test_two_sandboxes_side_by_side_do_not_meet(cluster: tuple[SandboxPaths, ClusterAccess], tools: Tools):
    _, one = cluster
    paths, other = _begin(f"test-beside-{os.getpid()}", tools)
    try:
        assert one.endpoint != other.endpoint
        with pytest.raises((ApiError, OSError)):
            Api(other.endpoint, other.ca, one.token).get("/api/v1/nodes")
        with pytest.raises(OSError, match="certificate"):
            Api(other.endpoint, one.ca, other.token).get("/api/v1/nodes")
        uids = [a.api().get("/api/v1/namespaces/kube-system")["metadata"]["uid"] for a in (one, other)]
        assert uids[0] != uids[1]
    finally:
        assert Processes(paths).stop_all() == 4
        forget(paths.id)
    assert one.api().get("/readyz") == "ok"


def test_moto_is_seeded_once_and_answers_many_at_once(cluster: tuple[SandboxPaths, ClusterAccess]):
    paths, _ = cluster
    host = Machine(paths)
    url = start_moto(paths, host, host.free_port())
    zone = seed(url, "example.com")
    assert seed(url, "example.com") == zone
    found = client("route53", url).list_hosted_zones()["HostedZones"]
    assert [z["Name"] for z in found] == ["example.com."]
    s3 = client("s3", url)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: s3.list_buckets(), range(40)))
