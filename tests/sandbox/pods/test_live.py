"""A region's pods on a real API server with KWOK's nodes, in a namespace, called from `world`."""

from __future__ import annotations

import base64
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from components.inference.workload import container
from components.mesh.security import cacerts, callers, deny_by_default, strict_mtls
from drills.traffic.target import PodFault
from sandbox.control_plane import ClusterAccess, ControlPlane, Ports
from sandbox.crds import load_crds
from sandbox.host import Command, Machine, python_command
from sandbox.kube import Api
from sandbox.moto import client, start_moto
from sandbox.network import relays
from sandbox.network.faults import NetworkFaults, faults_file
from sandbox.network.namespaces import Namespaces
from sandbox.network.plan import NetworkPlan
from sandbox.paths import SandboxPaths
from sandbox.pods.cluster import PODS
from sandbox.pods.identity import Authority, issue
from sandbox.pods.models import CURRENT
from sandbox.processes import Processes
from sandbox.tools import Tools, ensure
from sandbox.zones import Zones, answering_file, pods_name
from tests.sandbox.core.leftovers import forget
from tests.sandbox.pods.authority import two_regions
from tests.unit.pods.test_models import version

pytestmark = pytest.mark.engine

ZONE = "us-east-1a"
PLAN = NetworkPlan.of({"us-east": [ZONE]})
BUCKET = "registry-us-east"
GATEWAY = callers()["spec"]["rules"][0]["from"][0]["source"]["principals"][0]
CALL = """
import http.client, ssl, sys
address, pem, root = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.load_verify_locations(root)
context.load_cert_chain(pem)
connection = http.client.HTTPSConnection(address, 8080, context=context, timeout=3)
connection.request("POST", "/v2/models/default/infer", b'{"inputs": []}')
answer = connection.getresponse()
print(answer.status, answer.headers["x-standfast-zone"], answer.headers["x-standfast-model-version"])
"""


class Live:
    """One region with a zone, a node and a bucket."""

    def __init__(self, paths: SandboxPaths, tools: Tools) -> None:
        self.paths, self.tools, self.machine = paths, tools, Machine(paths)
        self.namespaces = Namespaces(paths, PLAN)
        self.faults = NetworkFaults(paths, PLAN)
        self.own, self.other = two_regions()
        ports = Ports(etcd=self.machine.free_port(), api_server=self.machine.free_port())
        plane = ControlPlane("us-east", paths, self.machine, tools, ports=ports)
        self.access: ClusterAccess = plane.start("token")
        self.api: Api = self.access.api()
        self.moto_port = self.machine.free_port()
        self.moto = start_moto(paths, self.machine, self.moto_port)
        self.namespaces.up()
        relays.start(paths, self.namespaces, {relays.MOTO: self.moto_port, "us-east": ports.api_server})

    def deploy(self) -> None:
        """What the program deploys, as far as the pods look at it."""
        kinds = {"authorizationpolicies.security.istio.io", "peerauthentications.security.istio.io"}
        for one in load_crds(self.tools.folder("crds")):
            if one["metadata"]["name"] in kinds:
                self.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", one)
        for name in ("ml-serving", "istio-system"):
            self.post("/api/v1/namespaces", {"metadata": {"name": name}})
        parts = {"ca-cert.pem": self.own.certificate, "ca-key.pem": self.own.key}
        parts |= {"cert-chain.pem": self.own.chain, "root-cert.pem": self.own.root}
        encoded = {name: base64.b64encode(text.encode()).decode() for name, text in parts.items()}
        self.post("/api/v1/namespaces/istio-system/secrets", cacerts(encoded))
        account = {"metadata": {"name": "inference-service"}}
        self.post("/api/v1/namespaces/ml-serving/serviceaccounts", account)
        security = "/apis/security.istio.io/v1/namespaces"
        eventually(lambda: self.api.find(f"{security}/ml-serving/authorizationpolicies") is not None, 20)
        eventually(lambda: self.api.find(f"{security}/istio-system/peerauthentications") is not None, 20)
        for policy in (deny_by_default(), callers()):
            self.post(f"{security}/ml-serving/authorizationpolicies", policy)
        self.post(f"{security}/istio-system/peerauthentications", strict_mtls())
        s3 = client("s3", self.moto)
        s3.create_bucket(Bucket=BUCKET)

    def publish(self, number: int) -> None:
        s3 = client("s3", self.moto)
        body = json.dumps({"version": f"{number:08d}"}).encode()
        for key, data in {**version(number), CURRENT: body}.items():
            s3.put_object(Bucket=BUCKET, Key=key, Body=data)

    def nodes(self) -> None:
        """A node, and KWOK for it, which leaves the pods to their probes."""
        resources = {"cpu": "8", "memory": "32Gi", "pods": "110"}
        labels = {"topology.kubernetes.io/zone": ZONE, "kubernetes.io/hostname": "n"}
        status = {"allocatable": resources, "capacity": resources}
        self.post("/api/v1/nodes", {"metadata": {"name": "n", "labels": labels}, "status": status})
        answering_file(self.paths).touch()
        Zones(self.access, self.paths, self.machine, self.tools).start_all(PLAN.regions["us-east"].pods)

    def serve(self) -> None:
        arguments = {
            "region": "us-east",
            "zone": ZONE,
            "location": "us-east-1",
            "block": PLAN.regions["us-east"].pods[ZONE],
            "kubeconfig": self.access.kubeconfig,
            "moto": self.moto,
            "bucket": BUCKET,
            "load-seconds": 1.0,
            "faults": faults_file(self.paths, "us-east", ZONE),
        }
        argv = python_command("sandbox.pods", *(f"--{key}={value}" for key, value in arguments.items()))
        self.namespaces["us-east"].start(Command(name=pods_name("us-east", ZONE), argv=argv))

    def post(self, path: str, document: dict[str, Any]) -> None:
        self.api.call("POST", path, document)

    def pod(self, name: str, **labels: str) -> None:
        """A pod with the deployed container's probes, their rhythm a second."""
        probes = {
            kind: {"httpGet": _PROBES[kind]["httpGet"], "periodSeconds": 1, "failureThreshold": 30}
            for kind in ("startupProbe", "livenessProbe")
        }
        ready = {"httpGet": _PROBES["readinessProbe"]["httpGet"], "periodSeconds": 1, "failureThreshold": 2}
        inference = {"name": "inference", "image": "i:1", **probes, "readinessProbe": ready}
        spec = {"serviceAccountName": "inference-service", "nodeName": "n", "containers": [inference]}
        # As every pod of a Deployment it belongs to something.
        maps = "/api/v1/namespaces/ml-serving/configmaps"
        made = self.api.call("POST", maps, {"metadata": {"name": name}})
        owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": made["metadata"]["uid"]}
        metadata = {"name": name, "labels": labels, "ownerReferences": [owner]}
        self.post(PODS, {"metadata": metadata, "spec": spec})

    def ready(self, name: str) -> str:
        status = self.api.get(f"{PODS}/{name}").get("status", {})
        found = {entry["type"]: entry["status"] for entry in status.get("conditions", [])}
        return found.get("Ready", "")

    def call(self, name: str, principal: str, authority: Authority) -> list[str]:
        """A call from `world`: status, zone and model version; or what went wrong."""
        folder = Path(self.paths.root)
        certificate, key = issue(authority, principal)
        (folder / "caller.pem").write_text(key + certificate)
        (folder / "root.pem").write_text(authority.root)
        address = self.api.get(f"{PODS}/{name}")["status"]["podIP"]
        files = [str(folder / "caller.pem"), str(folder / "root.pem")]
        return self.namespaces["world"].run([sys.executable, "-c", CALL, address, *files]).split()


class _Args:
    """As much of the program's arguments as a container is made of."""

    class inference:  # noqa: N801
        image = "i:1"

    model_size = 1
    copy = None


_PROBES = container(_Args())  # pyright: ignore[reportArgumentType]


def eventually(true: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    paths = SandboxPaths.of(f"test-live-{os.getpid()}")
    paths.create()
    try:
        made = Live(paths, ensure(["kubernetes", "etcd", "crds"]))
        made.deploy()
        made.nodes()
        made.serve()
        yield made
    finally:
        forget(paths.id)


def test_pods_from_their_start_to_their_faults(live: Live):
    live.pod("a", app="inference")
    live.pod("other", app="something-else")
    eventually(lambda: live.ready("other") == "True", 20)
    eventually(lambda: live.ready("a") == "False", 20)
    time.sleep(2)
    assert live.ready("a") == "False", "there is no model yet"
    live.publish(1)
    eventually(lambda: live.ready("a") == "True", 20)
    status = live.api.get(f"{PODS}/a")["status"]["containerStatuses"][0]
    assert (status["ready"], status["started"], status["restartCount"]) == (True, True, 0)

    assert live.call("a", GATEWAY, live.other) == ["200", ZONE, "00000001"]
    assert live.call("a", "cluster.local/ns/default/sa/default", live.own)[0] == "403"
    live.publish(2)
    eventually(lambda: live.call("a", GATEWAY, live.own)[-1] == "00000002", 10)

    live.faults.pod_faults("us-east", ZONE, {"a": PodFault(fail_readiness=True)})
    eventually(lambda: live.ready("a") == "False", 10)
    assert live.call("a", GATEWAY, live.own)[0] == "200", "unready pods still answer"
    live.faults.pod_faults("us-east", ZONE, {})
    eventually(lambda: live.ready("a") == "True", 10)


def test_a_zone_that_is_cut_says_nothing_and_what_was_marked_is_mended_after(live: Live):
    eventually(lambda: live.ready("a") == "True", 10)
    live.faults.cut_zone("us-east", ZONE)
    marked = [{"type": "Ready", "status": "False", "reason": "NodeNotReady"}]
    merge = "application/strategic-merge-patch+json"
    live.api.call("PATCH", f"{PODS}/a/status", {"status": {"conditions": marked}}, content_type=merge)
    time.sleep(1.5)
    assert live.ready("a") == "False"
    live.faults.restore_zone("us-east", ZONE)
    eventually(lambda: live.ready("a") == "True", 10)
    assert live.call("a", GATEWAY, live.own)[0] == "200"


def test_without_the_pods_servers_kwok_makes_them_ready_again(live: Live):
    live.faults.pod_faults("us-east", ZONE, {"*": PodFault(dead=True)})
    eventually(lambda: live.ready("a") == "False", 15)
    Processes(live.paths).stop(pods_name("us-east", ZONE))
    answering_file(live.paths).unlink()
    Zones(live.access, live.paths, live.machine, live.tools).start_all(PLAN.regions["us-east"].pods)
    eventually(lambda: live.ready("a") == "True", 20)
