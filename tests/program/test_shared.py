"""The shared parts, as the engine would see them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from components.shared.identity_aws import PodIdentity, PodIdentityArgs
from components.shared.manifests import ManifestError, register
from tests.program.recording import Recording, record

DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "ml-serving", "labels": {"match_labels": "kept"}},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {
                "automountServiceAccountToken": False,
                "containers": [
                    {"name": "web", "image": "web:v1.0.0", "readinessProbe": {"periodSeconds": 5}}
                ],
            },
        },
    },
}


IDENTITY = PodIdentityArgs(
    cluster_name="standfast-us-east",
    account="123456789012",
    location="us-east-1",
    namespace="velero",
    service_account="velero-server",
    statements=[
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": pulumi.Output.from_input("arn:x/*")}
    ],
)


def record_identity(**changes: Any) -> Recording:
    return record(lambda: PodIdentity("velero", replace(IDENTITY, **changes)))


class TestPodIdentity:
    def test_only_the_service_account_of_the_cluster_is_trusted(self) -> None:
        role = record_identity().one("aws:iam/role:Role")
        (statement,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
        assert statement["Principal"] == {"Service": "pods.eks.amazonaws.com"}
        assert statement["Action"] == ["sts:AssumeRole", "sts:TagSession"]
        assert statement["Condition"]["StringEquals"] == {
            "aws:RequestTag/eks-cluster-arn": "arn:aws:eks:us-east-1:123456789012:cluster/standfast-us-east",
            "aws:RequestTag/kubernetes-namespace": "velero",
            "aws:RequestTag/kubernetes-service-account": "velero-server",
        }

    def test_the_policy_holds_the_resolved_statements(self) -> None:
        policy = record_identity().one("aws:iam/rolePolicy:RolePolicy")
        assert json.loads(policy.inputs["policy"])["Statement"] == [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:x/*"}
        ]

    def test_the_association_comes_after_the_policies(self) -> None:
        recording = record_identity(managed_policy_arns=["arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"])
        association = recording.one("aws:eks/podIdentityAssociation:PodIdentityAssociation")
        assert association.inputs["serviceAccount"] == "velero-server"
        for grant in ("velero-policy", "velero-AmazonEKS_CNI_Policy"):
            assert recording.before(recording.named(grant), association)

    def test_children_have_the_component_as_parent_and_its_name_first(self) -> None:
        recording = record_identity()
        component = recording.one("standfast:shared:PodIdentity")
        children = [r for r in recording.resources if r is not component]
        assert children
        assert all(r.parent == component.urn and r.name.startswith("velero-") for r in children)

    def test_an_identity_that_may_do_nothing_is_refused(self) -> None:
        with pytest.raises(ValueError, match="may do nothing"):
            record_identity(statements=[])


class TestRegister:
    def test_a_kind_of_kubernetes_is_typed_and_its_keys_are_kept(self) -> None:
        recording = record(lambda: register("x-web", DEPLOYMENT))
        deployment = recording.one("kubernetes:apps/v1:Deployment")
        assert deployment.name == "x-web"
        assert deployment.inputs == DEPLOYMENT

    def test_a_custom_resource_keeps_its_spec(self) -> None:
        manifest = {
            "apiVersion": "networking.istio.io/v1",
            "kind": "DestinationRule",
            "metadata": {"name": "inference-failover", "namespace": "ml-serving"},
            "spec": {"trafficPolicy": {"outlierDetection": {"max_ejection": 1, "baseEjectionTime": "30s"}}},
        }
        recording = record(lambda: register("x-rule", manifest))
        assert recording.one("kubernetes:networking.istio.io/v1:DestinationRule").inputs == manifest

    @pytest.mark.parametrize(
        ("api_version", "kind", "extra"),
        [
            ("v1", "ConfigMap", {"data": {"some_key": "v", "otherKey": "w"}, "binaryData": {"b": "eA=="}}),
            ("v1", "ServiceAccount", {"automountServiceAccountToken": False}),
            ("rbac.authorization.k8s.io/v1", "Role", {"rules": [{"apiGroups": [""], "verbs": ["get"]}]}),
            ("rbac.authorization.k8s.io/v1", "RoleBinding", {"roleRef": {"kind": "Role", "name": "r"}}),
            ("policy/v1", "PodDisruptionBudget", {"spec": {"minAvailable": 4}}),
            ("autoscaling/v2", "HorizontalPodAutoscaler", {"spec": {"maxReplicas": 9}}),
            ("scheduling.k8s.io/v1", "PriorityClass", {"value": 10, "globalDefault": False}),
            ("storage.k8s.io/v1", "StorageClass", {"provisioner": "p", "volumeBindingMode": "Immediate"}),
            ("networking.k8s.io/v1", "NetworkPolicy", {"spec": {"podSelector": {}}}),
            ("batch/v1", "CronJob", {"spec": {"concurrencyPolicy": "Forbid"}}),
        ],
    )
    def test_top_level_keys_of_a_kind_arrive_as_written(
        self, api_version: str, kind: str, extra: dict[str, Any]
    ) -> None:
        manifest = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "n"}, **extra}
        (resource,) = record(lambda: register("x", manifest)).resources
        assert resource.inputs == manifest

    def test_a_secrets_data_is_secret_in_the_state(self) -> None:
        manifest = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "s"},
            "stringData": {"key": pulumi.Output.secret("hush")},
        }
        secret = record(lambda: register("x", manifest)).one("kubernetes:core/v1:Secret")
        assert set(secret.secret_outputs) >= {"data", "stringData"}
        assert secret.secret_inputs >= {"stringData"}
        assert secret.inputs["stringData"] == {"key": "hush"}

    @pytest.mark.parametrize(
        ("manifest", "message"),
        [
            ({"kind": "ConfigMap", "metadata": {"name": "n"}}, "needs apiVersion"),
            ({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}, r"needs metadata\.name"),
            ({"apiVersion": "v1", "kind": "Konfig", "metadata": {"name": "n"}}, "has no Konfig"),
            ({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "n"}, "datta": {}}, "datta"),
            (
                {"apiVersion": "a.b/v1", "kind": "X", "metadata": {"name": "n"}, "data": {}},
                "cannot carry data",
            ),
        ],
    )
    def test_what_cannot_be_registered_is_said(self, manifest: dict[str, Any], message: str) -> None:
        with pytest.raises(ManifestError, match=message):
            record(lambda: register("x", manifest))
