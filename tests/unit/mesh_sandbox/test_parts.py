"""What istiod, gateways and istioctl are given and say."""

from __future__ import annotations

import json
from typing import Any

import yaml

from sandbox.mesh import analysis, charts, gateways, injection, istiod

FIELDS = {"metadata.namespace": "istio-system", "status.podIP": "100.64.0.20"}
CONTAINER: dict[str, Any] = {
    "name": "istio-proxy",
    "args": ["proxy", "router", "--domain", "$(POD_NAMESPACE).svc.cluster.local"],
    "env": [
        {"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
        {"name": "INSTANCE_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
        {"name": "LIMIT", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
        {"name": "EMPTY"},
        {"name": "DOMAIN", "value": "$(POD_NAMESPACE).svc"},
    ],
}
DEPLOYMENT: dict[str, Any] = {
    "metadata": {"name": "istio-ingressgateway"},
    "spec": {
        "template": {
            "metadata": {"labels": {"app": "istio-ingressgateway", "istio": "ingressgateway"}},
            "spec": {"serviceAccountName": "istio-ingressgateway", "containers": [CONTAINER]},
        }
    },
}


def test_an_environment_has_what_can_be_known_here() -> None:
    known = charts.environment(charts.container(DEPLOYMENT, "istio-proxy"), FIELDS)
    assert known == {
        "POD_NAMESPACE": "istio-system",
        "INSTANCE_IP": "100.64.0.20",
        "EMPTY": "",
        "DOMAIN": "istio-system.svc",
    }
    assert charts.arguments(CONTAINER, known)[-1] == "istio-system.svc.cluster.local"


def test_a_gateway_says_that_it_is_in_the_region_and_in_no_zone() -> None:
    lines = gateways.pod_labels(DEPLOYMENT, "us-east-1").splitlines()
    assert 'topology.istio.io/locality="us-east-1"' in lines
    assert 'istio="ingressgateway"' in lines


def test_a_proxys_configuration_keeps_what_is_deployed() -> None:
    injected = json.dumps({"terminationDrainDuration": "75s", "meshId": "standfast"})
    config = json.loads(gateways.proxy_config(injected))
    assert config["terminationDrainDuration"] == "75s"
    assert config["discoveryAddress"] == "istiod.istio-system.svc:15012"
    assert config["concurrency"] == 1


def test_only_telemetrys_provider_is_taken_from_the_mesh_config() -> None:
    mesh = {"trustDomain": "cluster.local", "defaultProviders": {"metrics": ["prometheus"]}}
    chart = {
        "metadata": {"name": "istio"},
        "data": {"mesh": yaml.safe_dump(mesh), "meshNetworks": "networks: {}"},
    }
    changed = istiod.mesh_config(chart)
    assert yaml.safe_load(changed["data"]["mesh"]) == {**mesh, "defaultProviders": {}}
    assert changed["data"]["meshNetworks"] == "networks: {}"
    assert yaml.safe_load(chart["data"]["mesh"]) == mesh


def test_pods_that_refuse_a_proxy_are_not_labelled() -> None:
    (rule,) = injection.policy()["spec"]["matchConstraints"]["objectSelector"]["matchExpressions"]
    assert rule == {"key": "sidecar.istio.io/inject", "operator": "NotIn", "values": ["false"]}


def test_what_istioctl_says_is_read() -> None:
    text = json.dumps(
        [{"level": "Error", "code": "IST0101", "origin": "Gateway a/b", "message": "not found"}]
    )
    assert analysis.messages(text) == [analysis.Message("Error", "IST0101", "Gateway a/b", "not found")]
    assert analysis.messages("") == []


def test_a_pod_for_the_analysis_is_never_scheduled() -> None:
    pod = analysis.pod(DEPLOYMENT)
    assert pod["spec"]["schedulingGates"]
    assert pod["metadata"]["labels"] == DEPLOYMENT["spec"]["template"]["metadata"]["labels"]
