"""Istio's own charts, rendered by the real helm with the values of a region."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.addons.desired import addons
from components.mesh.args import INGRESS, STATUS_PORT
from components.mesh.security import callers
from components.mesh.services_aws import east_west_service, ingress_service
from components.mesh.traffic import east_west_gateway, ingress_gateway
from sandbox.tools import ensure
from tests.unit.addons.given import ARGS
from tests.unit.mesh.given import ARGS as MESH

pytestmark = pytest.mark.engine

ADDONS = {addon.release: addon for addon in addons(ARGS)}
FOLDERS = {
    "istio-base": "base",
    "istio-cni": "istio-cni",
    "istiod": "istio-control/istio-discovery",
    "istio-ingressgateway": "gateway",
    "istio-eastwestgateway": "gateway",
}

Rendered = dict[tuple[str, str], dict[str, Any]]
Render = Callable[[str], Rendered]


@pytest.fixture(scope="module")
def render(tmp_path_factory: pytest.TempPathFactory) -> Render:
    """The objects of a release by kind and name."""
    tools = ensure(["helm", "istio"])
    helm, charts = tools.program("helm"), tools.folder("istio") / "charts"
    folder = tmp_path_factory.mktemp("values")
    done: dict[str, Rendered] = {}

    def of(release: str) -> Rendered:
        if release not in done:
            done[release] = _render(helm, _chart(charts, FOLDERS[release]), folder, release)
        return done[release]

    return of


def _chart(charts: Path, name: str) -> Path:
    (found,) = [path.parent for path in charts.rglob(f"{name}/Chart.yaml")]
    return found


def _render(helm: Path, chart: Path, folder: Path, release: str) -> Rendered:
    addon = ADDONS[release]
    values = folder / f"{release}.json"
    values.write_text(json.dumps(addon.values))
    command = [helm, "template", release, chart, "--namespace", addon.namespace, "--values", values]
    answer = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    documents = [document for document in yaml.safe_load_all(answer.stdout) if document]
    return {(document["kind"], document["metadata"]["name"]): document for document in documents}


def environment(container: dict[str, Any]) -> dict[str, Any]:
    return {entry["name"]: entry.get("value") for entry in container["env"]}


def pod(deployment: dict[str, Any]) -> dict[str, Any]:
    return deployment["spec"]["template"]["spec"]


class TestIstiod:
    def test_it_knows_cluster_network_and_mesh(self, render: Render) -> None:
        (container,) = pod(render("istiod")["Deployment", "istiod"])["containers"]
        assert environment(container)["CLUSTER_ID"] == "standfast-us-east"
        injector = render("istiod")["ConfigMap", "istio-sidecar-injector"]
        values = json.loads(injector["data"]["values"])["global"]
        assert values["network"] == "standfast-us-east"
        assert values["meshID"] == "standfast"
        assert values["multiCluster"]["clusterName"] == "standfast-us-east"

    def test_it_mounts_the_authority_by_the_secrets_name(self, render: Render) -> None:
        spec = pod(render("istiod")["Deployment", "istiod"])
        (volume,) = [v for v in spec["volumes"] if v["name"] == "cacerts"]
        assert volume["secret"]["secretName"] == "cacerts"
        mounts = {m["name"]: m["mountPath"] for m in spec["containers"][0]["volumeMounts"]}
        assert mounts["cacerts"] == "/etc/cacerts"

    def test_the_mesh_config_is_ours(self, render: Render) -> None:
        mesh = yaml.safe_load(render("istiod")["ConfigMap", "istio"]["data"]["mesh"])
        assert mesh["trustDomain"] == "cluster.local"
        assert mesh["enableAutoMtls"] is True
        assert mesh["outboundTrafficPolicy"] == {"mode": "REGISTRY_ONLY"}
        assert mesh["accessLogFile"] == "/dev/stdout"
        assert mesh["defaultConfig"]["holdApplicationUntilProxyStarts"] is True

    def test_one_for_each_zone_and_never_none(self, render: Render) -> None:
        rendered = render("istiod")
        assert rendered["HorizontalPodAutoscaler", "istiod"]["spec"]["minReplicas"] == 3
        assert rendered["PodDisruptionBudget", "istiod"]["spec"]["minAvailable"] == 1
        keys = {c["topologyKey"] for c in pod(rendered["Deployment", "istiod"])["topologySpreadConstraints"]}
        assert "topology.kubernetes.io/zone" in keys

    def test_a_peer_that_is_gone_delays_nothing(self, render: Render) -> None:
        (container,) = pod(render("istiod")["Deployment", "istiod"])["containers"]
        found = environment(container)
        assert found["PILOT_REMOTE_CLUSTER_TIMEOUT"] == "10s"

    def test_sidecars_come_without_a_privileged_init_container(self, render: Render) -> None:
        values = json.loads(render("istiod")["ConfigMap", "istio-sidecar-injector"]["data"]["values"])
        assert values["pilot"]["cni"]["enabled"] is True

    def test_it_runs_within_the_restricted_standard(self, render: Render) -> None:
        (container,) = pod(render("istiod")["Deployment", "istiod"])["containers"]
        restricted(container["securityContext"], {})


def restricted(container: dict[str, Any], spec: dict[str, Any]) -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted"""
    both = {**spec, **container}
    assert both["allowPrivilegeEscalation"] is False
    assert both["runAsNonRoot"] is True
    assert both["capabilities"] == {"drop": ["ALL"]}
    assert both["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not both.get("sysctls")


@pytest.mark.parametrize("release", ["istio-ingressgateway", "istio-eastwestgateway"])
class TestGateways:
    def test_there_is_no_service(self, render: Render, release: str) -> None:
        assert not [kind for kind, _ in render(release) if kind == "Service"]

    def test_the_meshs_services_and_gateways_select_its_pods(self, render: Render, release: str) -> None:
        labels = render(release)["Deployment", release]["spec"]["template"]["metadata"]["labels"]
        ingress = release == INGRESS
        service = ingress_service(MESH) if ingress else east_west_service(MESH)
        gateway = ingress_gateway(MESH) if ingress else east_west_gateway()
        assert service["spec"]["selector"].items() <= labels.items()
        assert gateway["spec"]["selector"].items() <= labels.items()

    def test_it_stands_in_every_zone_and_gives_way_one_by_one(self, render: Render, release: str) -> None:
        rendered = render(release)
        assert rendered["HorizontalPodAutoscaler", release]["spec"]["minReplicas"] == 3
        assert rendered["PodDisruptionBudget", release]["spec"]["maxUnavailable"] == 1

    def test_it_runs_within_the_restricted_standard(self, render: Render, release: str) -> None:
        spec = pod(render(release)["Deployment", release])
        (container,) = spec["containers"]
        restricted(container["securityContext"], spec["securityContext"])

    def test_draining_ends_before_the_pod_does(self, render: Render, release: str) -> None:
        template = render(release)["Deployment", release]["spec"]["template"]
        config = json.loads(template["metadata"]["annotations"]["proxy.istio.io/config"])
        drain = int(config["terminationDrainDuration"].removesuffix("s"))
        assert drain < template["spec"]["terminationGracePeriodSeconds"]


def test_the_ingress_gateways_identity_is_the_one_that_may_call(render: Render) -> None:
    account = pod(render(INGRESS)["Deployment", INGRESS])["serviceAccountName"]
    (source,) = callers()["spec"]["rules"][0]["from"]
    assert source["source"]["principals"] == [f"cluster.local/ns/istio-system/sa/{account}"]


def test_the_east_west_gateway_sees_its_network(render: Render) -> None:
    deployment = render("istio-eastwestgateway")["Deployment", "istio-eastwestgateway"]
    template = deployment["spec"]["template"]
    assert template["metadata"]["labels"]["topology.istio.io/network"] == "standfast-us-east"
    (container,) = template["spec"]["containers"]
    assert environment(container)["ISTIO_META_REQUESTED_NETWORK_VIEW"] == "standfast-us-east"


def test_no_account_may_read_secrets_for_peers(render: Render) -> None:
    names = [name for release in ("istio-base", "istiod") for _, name in render(release)]
    assert not [name for name in names if "reader" in name]


def test_the_cni_runs_on_gpu_nodes_too(render: Render) -> None:
    daemon = next(d for (kind, _), d in render("istio-cni").items() if kind == "DaemonSet")
    assert {"effect": "NoSchedule", "operator": "Exists"} in daemon["spec"]["template"]["spec"]["tolerations"]


def test_health_is_asked_where_a_gateway_answers() -> None:
    annotations = ingress_service(MESH)["metadata"]["annotations"]
    port = annotations["service.beta.kubernetes.io/aws-load-balancer-healthcheck-port"]
    assert int(port) == STATUS_PORT
