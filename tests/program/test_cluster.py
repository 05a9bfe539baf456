"""The cluster, as the engine would see it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pulumi
import pytest

from components.cluster.addons_aws import AFTER_NODES, BEFORE_NODES
from components.cluster.args import ClusterArgs, ModelStore
from components.cluster.aws import Cluster
from config.region import Protection, SystemNodes
from tests.program.recording import Recorded, Recording, record

ZONES = ("us-east-1a", "us-east-1b", "us-east-1c")
ADMIN = "arn:aws:iam::123456789012:role/ops"
ADDON = "aws:eks/addon:Addon"
ROLE = "aws:iam/role:Role"

ARGS = ClusterArgs(
    cluster_name="standfast-us-east",
    location="us-east-1",
    account="123456789012",
    version="1.35",
    private_subnet_ids={zone: f"subnet-{zone}" for zone in ZONES},
    api_access=["203.0.113.0/24"],
    admins=[ADMIN],
    system_nodes=SystemNodes(),
    protection=Protection.GUARDED,
    models=[
        ModelStore(bucket_arn="arn:aws:s3:::models", key_arn="arn:aws:kms:us-east-1:123456789012:key/models")
    ],
    tags={"standfast.dev/component": "cluster"},
)


def recorded(args: ClusterArgs = ARGS) -> Recording:
    def program() -> object:
        cluster = Cluster("us-east-cluster", args)
        return {
            "kubeconfig": cluster.kubeconfig,
            "node_role": cluster.node_role_arn,
            "security_group": cluster.security_group_id,
            "ready": [resource.urn for resource in cluster.ready],
        }

    return record(program)


@pytest.fixture(scope="module")
def recording() -> Recording:
    return recorded()


def eks_of(recording: Recording) -> Recorded:
    return recording.one("aws:eks/cluster:Cluster")


def policies(recording: Recording, role: str) -> set[str]:
    """Names of the AWS policies that are attached to a role."""
    name = recording.outputs[role]["name"]
    return {
        attachment.inputs["policyArn"].rpartition("/")[2]
        for attachment in recording.of("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
        if attachment.inputs["role"] == name
    }


class TestControlPlane:
    def test_secrets_are_encrypted_by_a_key_of_their_own_that_rotates(self, recording: Recording) -> None:
        key = recording.named("us-east-cluster-secrets-key")
        assert key.inputs["enableKeyRotation"] is True
        assert eks_of(recording).inputs["encryptionConfig"] == {
            "provider": {"keyArn": recording.outputs[key.name]["arn"]},
            "resources": ["secrets"],
        }

    def test_every_log_is_kept_in_a_group_that_is_there_before(self, recording: Recording) -> None:
        cluster = eks_of(recording)
        assert set(cluster.inputs["enabledClusterLogTypes"]) == {
            "api",
            "audit",
            "authenticator",
            "controllerManager",
            "scheduler",
        }
        group = recording.one("aws:cloudwatch/logGroup:LogGroup")
        assert group.inputs["name"] == "/aws/eks/standfast-us-east/cluster"
        assert group.inputs["retentionInDays"] == 90
        assert recording.before(group, cluster)

    def test_the_public_endpoint_is_for_the_named_networks(self, recording: Recording) -> None:
        config = eks_of(recording).inputs["vpcConfig"]
        assert config["endpointPrivateAccess"] is True
        assert config["endpointPublicAccess"] is True
        assert config["publicAccessCidrs"] == ["203.0.113.0/24"]
        assert config["subnetIds"] == [f"subnet-{zone}" for zone in ZONES]

    @pytest.mark.parametrize("nobody", [[], pulumi.Output.from_input([])])
    def test_with_nobody_named_there_is_no_public_endpoint(self, nobody: Sequence[str]) -> None:
        config = eks_of(recorded(replace(ARGS, api_access=nobody))).inputs["vpcConfig"]
        assert config["endpointPublicAccess"] is False
        assert "publicAccessCidrs" not in config

    def test_access_is_by_entries(self, recording: Recording) -> None:
        cluster = eks_of(recording)
        assert cluster.inputs["accessConfig"]["authenticationMode"] == "API"
        entry = recording.one("aws:eks/accessEntry:AccessEntry")
        assert entry.inputs["principalArn"] == ADMIN
        association = recording.one("aws:eks/accessPolicyAssociation:AccessPolicyAssociation")
        assert association.inputs["policyArn"].endswith("/AmazonEKSClusterAdminPolicy")
        assert association.inputs["accessScope"] == {"type": "cluster"}

    def test_aws_refuses_to_delete_it_unless_opened(self, recording: Recording) -> None:
        assert eks_of(recording).inputs["deletionProtection"] is True
        opened = recorded(replace(ARGS, protection=Protection.OPEN))
        assert eks_of(opened).inputs["deletionProtection"] is False

    def test_traffic_can_be_shifted_from_a_zone(self, recording: Recording) -> None:
        assert eks_of(recording).inputs["zonalShiftConfig"] == {"enabled": True}

    def test_its_role_is_complete_before_it(self, recording: Recording) -> None:
        for grant in ("us-east-cluster-role-eks", "us-east-cluster-role-secrets-key"):
            assert recording.before(recording.named(grant), eks_of(recording))


class TestNodes:
    def test_nodes_do_not_manage_the_network(self, recording: Recording) -> None:
        assert policies(recording, "us-east-cluster-node-role") == {
            "AmazonEKSWorkerNodePolicy",
            "AmazonEC2ContainerRegistryPullOnly",
        }

    def test_one_group_over_all_zones(self, recording: Recording) -> None:
        group = recording.one("aws:eks/nodeGroup:NodeGroup")
        assert group.inputs["subnetIds"] == [f"subnet-{zone}" for zone in ZONES]
        assert group.inputs["scalingConfig"] == {"minSize": 3, "desiredSize": 3, "maxSize": 6}
        assert group.inputs["nodeRepairConfig"] == {"enabled": True}
        assert "taints" not in group.inputs

    def test_the_metadata_service_is_closed_to_pods(self, recording: Recording) -> None:
        template = recording.one("aws:ec2/launchTemplate:LaunchTemplate")
        assert template.inputs["metadataOptions"]["httpTokens"] == "required"
        assert template.inputs["metadataOptions"]["httpPutResponseHopLimit"] == 1
        assert template.inputs["blockDeviceMappings"][0]["ebs"]["encrypted"] == "true"

    def test_a_nodes_policies_are_in_place_before_it(self, recording: Recording) -> None:
        group = recording.one("aws:eks/nodeGroup:NodeGroup")
        for policy in ("AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"):
            assert recording.before(recording.named(f"us-east-cluster-node-role-{policy}"), group)


class TestAddons:
    def test_all_are_installed_at_pinned_versions(self, recording: Recording) -> None:
        installed = {addon.inputs["addonName"]: addon for addon in recording.of(ADDON)}
        assert set(installed) == {*BEFORE_NODES, *AFTER_NODES}
        assert all(addon.inputs["addonVersion"] for addon in installed.values())

    def test_the_network_is_there_before_nodes_and_pods_after_them(self, recording: Recording) -> None:
        group = recording.one("aws:eks/nodeGroup:NodeGroup")
        for addon in recording.of(ADDON):
            if addon.inputs["addonName"] in BEFORE_NODES:
                assert recording.before(addon, group)
                assert not recording.before(group, addon)
            else:
                assert recording.before(group, addon)

    def test_snapshots_can_be_taken_when_the_ebs_driver_starts(self, recording: Recording) -> None:
        by_name = {addon.inputs["addonName"]: addon for addon in recording.of(ADDON)}
        assert recording.before(by_name["snapshot-controller"], by_name["aws-ebs-csi-driver"])

    @pytest.mark.parametrize(
        ("addon", "service_account", "attached"),
        [
            ("vpc-cni", "aws-node", {"AmazonEKS_CNI_Policy"}),
            ("aws-ebs-csi-driver", "ebs-csi-controller-sa", {"AmazonEBSCSIDriverPolicy"}),
            ("aws-mountpoint-s3-csi-driver", "s3-csi-driver-sa", set()),
        ],
    )
    def test_each_has_an_identity_before_it_starts(
        self, recording: Recording, addon: str, service_account: str, attached: set[str]
    ) -> None:
        (association,) = [
            association
            for association in recording.of("aws:eks/podIdentityAssociation:PodIdentityAssociation")
            if association.inputs["serviceAccount"] == service_account
        ]
        assert association.inputs["namespace"] == "kube-system"
        (installed,) = [a for a in recording.of(ADDON) if a.inputs["addonName"] == addon]
        assert recording.before(association, installed)
        role = association.name.replace("-association", "-role")
        assert association.inputs["roleArn"] == recording.outputs[role]["arn"]
        assert policies(recording, role) == attached

    def test_the_s3_driver_reads_models_and_nothing_else(self, recording: Recording) -> None:
        policy = recording.named("us-east-cluster-addons-aws-mountpoint-s3-csi-driver-identity-policy")
        statements = json.loads(policy.inputs["policy"])["Statement"]
        assert [(s["Action"], s["Resource"]) for s in statements] == [
            ("s3:ListBucket", ["arn:aws:s3:::models"]),
            ("s3:GetObject", ["arn:aws:s3:::models/*"]),
            ("kms:Decrypt", ["arn:aws:kms:us-east-1:123456789012:key/models"]),
        ]


def test_the_kubeconfig_is_of_this_cluster(recording: Recording) -> None:
    config = json.loads(recording.result["kubeconfig"])
    outputs = recording.outputs["us-east-cluster-eks"]
    assert config["clusters"][0]["cluster"] == {
        "server": outputs["endpoint"],
        "certificate-authority-data": outputs["certificateAuthority"]["data"],
    }
    assert recording.result["security_group"] == outputs["vpcConfig"]["clusterSecurityGroupId"]


def test_workloads_wait_for_nodes_and_every_addon(recording: Recording) -> None:
    waited = set(recording.result["ready"])
    assert {addon.urn for addon in recording.of(ADDON)} <= waited
    assert recording.one("aws:eks/nodeGroup:NodeGroup").urn in waited


def test_every_role_is_trusted_to_one_service_only(recording: Recording) -> None:
    for role in recording.of(ROLE):
        statements = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
        assert len(statements) == 1
        assert set(statements[0]["Principal"]) == {"Service"}


def test_children_are_in_the_component_and_named_after_it(recording: Recording) -> None:
    component = recording.one("standfast:cluster:Cluster")
    inside = {component.urn}
    for resource in recording.resources:
        assert resource.name.startswith("us-east-cluster")
        assert resource is component or resource.parent in inside
        if not resource.custom:
            inside.add(resource.urn)
