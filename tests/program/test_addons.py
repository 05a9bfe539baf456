"""The add-ons, as the engine would see them."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from components.addons.args import NamespacesArgs
from components.addons.component import Addons, Namespaces
from components.addons.desired import addons
from components.shared.manifests import register
from tests.program.recording import Recorded, Recording, record
from tests.unit.addons.given import ARGS

RELEASE = "kubernetes:helm.sh/v3:Release"
SECRET: dict[str, Any] = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "cacerts"}}
NODES: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "nodes"}}


def program() -> dict[str, Any]:
    nodes = register("nodes", NODES)
    namespaces = Namespaces("namespaces", NamespacesArgs(network="standfast-us-east", after=[nodes]))
    mesh_ca = register("mesh-ca", SECRET)
    region = Addons("addons", replace(ARGS, namespaces=namespaces.namespaces, mesh_ca=mesh_ca, after=[nodes]))
    return {
        "controller": region.load_balancer_controller.name,
        "mesh": [release.name for release in region.mesh_ready],
        "releases": sorted(region.releases),
    }


@cache
def recording() -> Recording:
    return record(program)


def release(name: str) -> Recorded:
    return recording().named(f"addons-{name}")


def test_every_release_is_atomic_and_pinned_and_makes_no_namespace() -> None:
    releases = recording().of(RELEASE)
    assert len(releases) == 14
    for found in releases:
        assert found.inputs["atomic"] is True
        assert found.inputs["createNamespace"] is False
        assert found.inputs["version"]
        assert found.inputs["repositoryOpts"]["repo"].startswith("https://")
        assert found.inputs["name"] == found.name.removeprefix("addons-")


def test_children_are_named_after_the_component() -> None:
    component = recording().one("standfast:addons:Addons")
    children = [r for r in recording().resources if r.parent == component.urn]
    assert len(children) == 14 + 3 + 1
    assert all(child.name.startswith("addons-") for child in children)


@pytest.mark.parametrize("name", [addon.release for addon in addons(ARGS)])
def test_a_release_comes_after_its_namespace_and_the_nodes(name: str) -> None:
    found = release(name)
    namespace = found.inputs["namespace"]
    if namespace != "kube-system":
        assert recording().before(recording().named(f"namespaces-{namespace}"), found)
    assert recording().before(recording().named("nodes"), found)


def test_the_mesh_ca_is_there_before_istiod() -> None:
    assert recording().before(recording().named("mesh-ca"), release("istiod"))
    assert not recording().before(recording().named("mesh-ca"), release("istio-base"))


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("istio-base", "istiod"),
        ("istiod", "istio-ingressgateway"),
        ("istiod", "istio-eastwestgateway"),
        ("kube-prometheus-stack", "velero"),
        ("storage-class", "kube-prometheus-stack"),
    ],
)
def test_order(first: str, then: str) -> None:
    assert recording().before(release(first), release(then))


@pytest.mark.parametrize(
    ("name", "namespace", "account"),
    [
        ("aws-load-balancer-controller", "kube-system", "aws-load-balancer-controller"),
        ("cluster-autoscaler", "kube-system", "cluster-autoscaler"),
        ("velero", "velero", "velero-server"),
    ],
)
def test_workloads_that_speak_to_aws_have_an_identity_first(name: str, namespace: str, account: str) -> None:
    association = recording().named(f"addons-{name}-identity-association")
    assert association.inputs["namespace"] == namespace
    assert association.inputs["serviceAccount"] == account
    assert recording().before(association, release(name))


def statements(name: str) -> list[dict[str, Any]]:
    policy = recording().named(f"addons-{name}-identity-policy")
    return json.loads(policy.inputs["policy"])["Statement"]


def actions(statement: dict[str, Any]) -> list[str]:
    found = statement["Action"]
    return [found] if isinstance(found, str) else found


@pytest.mark.parametrize("name", ["aws-load-balancer-controller", "cluster-autoscaler", "velero"])
def test_no_action_is_a_wildcard(name: str) -> None:
    for statement in statements(name):
        assert not any("*" in action for action in actions(statement))


def test_velero_reaches_nothing_but_the_region_s_own_bucket_and_key() -> None:
    """A peer's backups are in it by replication: a lost region's bucket could not be asked."""
    resources = {json.dumps(statement["Resource"]) for statement in statements("velero")}
    assert resources == {
        '"arn:aws:s3:::standfast-velero-us-east-123456789012"',
        '"arn:aws:s3:::standfast-velero-us-east-123456789012/*"',
        '"arn:aws:kms:us-east-1:123456789012:key/own"',
    }


def test_the_autoscaler_changes_only_this_clusters_groups() -> None:
    writes = [s for s in statements("cluster-autoscaler") if "autoscaling:SetDesiredCapacity" in actions(s)]
    assert [s["Condition"] for s in writes] == [
        {"StringEquals": {"aws:ResourceTag/k8s.io/cluster-autoscaler/standfast-us-east": "owned"}}
    ]


def test_load_balancers_of_other_clusters_cannot_be_changed() -> None:
    for statement in statements("aws-load-balancer-controller"):
        if {"elasticloadbalancing:DeleteLoadBalancer", "ec2:DeleteSecurityGroup"} & set(actions(statement)):
            assert statement["Condition"]["StringEquals"] == {
                "aws:ResourceTag/elbv2.k8s.aws/cluster": "standfast-us-east"
            }


def test_volumes_are_encrypted_and_bound_where_the_pod_is() -> None:
    storage = recording().object("StorageClass", "gp3")
    assert storage["parameters"]["encrypted"] == "true"
    assert storage["volumeBindingMode"] == "WaitForFirstConsumer"


def test_what_others_depend_on_is_given() -> None:
    assert recording().result["controller"] == "aws-load-balancer-controller"
    assert recording().result["mesh"] == [
        "istio-cni",
        "istiod",
        "istio-ingressgateway",
        "istio-eastwestgateway",
    ]
