"""What a cluster is made of, by value."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.cluster.access_aws import cluster_trust, model_reader, principal_slug, public_cidrs
from components.cluster.addons_aws import AFTER_NODES, BEFORE_NODES, VERSIONS, addon_plans
from components.cluster.kubeconfig_aws import kubeconfig
from components.cluster.problems import ClusterError


class TestAddons:
    @pytest.mark.parametrize("version", sorted(VERSIONS))
    def test_every_addon_has_one_pinned_version(self, version: str) -> None:
        plans = addon_plans(version, 3)
        assert list(plans) == [*BEFORE_NODES, *AFTER_NODES]
        assert set(VERSIONS[version]) == set(plans)
        assert all(re.fullmatch(r"v\d+\.\d+\.\d+-eksbuild\.\d+", plan.version) for plan in plans.values())

    @pytest.mark.parametrize("version", sorted(VERSIONS))
    def test_kube_proxy_is_of_the_clusters_own_minor_version(self, version: str) -> None:
        assert addon_plans(version, 3)["kube-proxy"].version.startswith(f"v{version}.")

    def test_names_are_resolved_in_every_zone(self) -> None:
        assert [
            addon_plans("1.35", zones)["coredns"].configuration["replicaCount"] for zones in (2, 3, 8)
        ] == [
            2,
            3,
            8,
        ]
        (spread,) = addon_plans("1.35", 3)["coredns"].configuration["topologySpreadConstraints"]
        assert (spread["topologyKey"], spread["whenUnsatisfiable"]) == (
            "topology.kubernetes.io/zone",
            "ScheduleAnyway",
        )

    def test_network_policies_are_enforced(self) -> None:
        configuration = json.loads(addon_plans("1.35", 3)["vpc-cni"].configuration_json or "{}")
        assert configuration["enableNetworkPolicy"] == "true"

    def test_an_addon_without_settings_sends_none(self) -> None:
        assert addon_plans("1.35", 3)["kube-proxy"].configuration_json is None

    def test_an_unknown_kubernetes_version_names_the_known_ones(self) -> None:
        with pytest.raises(ClusterError, match=r"1\.19.*choose one of 1\.34, 1\.35"):
            addon_plans("1.19", 3)


cidr_lists = st.lists(
    st.tuples(st.integers(0, 255), st.integers(0, 255)).map(lambda pair: f"10.{pair[0]}.{pair[1]}.0/24"),
    max_size=40,
)


class TestPublicAccess:
    def test_nobody_named_is_no_endpoint(self) -> None:
        assert public_cidrs([]) is None

    @given(cidr_lists)
    def test_order_and_repetition_change_nothing(self, cidrs: list[str]) -> None:
        assert public_cidrs([*reversed(cidrs), *cidrs]) == public_cidrs(cidrs)
        assert set(public_cidrs(cidrs) or []) == set(cidrs)

    def test_more_than_eks_takes_is_refused(self) -> None:
        with pytest.raises(ClusterError, match="41 networks"):
            public_cidrs([f"10.0.{n}.0/24" for n in range(41)])


class TestAccess:
    def test_a_principals_slug_tells_accounts_and_kinds_apart(self) -> None:
        slugs = {
            principal_slug("arn:aws:iam::123456789012:role/team/ops"): "123456789012-role-team-ops",
            principal_slug("arn:aws:iam::210987654321:user/ops"): "210987654321-user-ops",
        }
        assert all(found == expected for found, expected in slugs.items())

    def test_eks_takes_the_role_for_this_cluster_alone(self) -> None:
        (statement,) = cluster_trust("us-east-1", "123456789012", "standfast-us-east")
        assert statement["Condition"] == {
            "StringEquals": {"aws:SourceAccount": "123456789012"},
            "ArnLike": {"aws:SourceArn": "arn:aws:eks:us-east-1:123456789012:cluster/standfast-us-east"},
        }

    def test_models_are_read_and_never_written(self) -> None:
        statements = model_reader(["arn:b", "arn:p"], ["arn:b/*", "arn:p/*"], ["arn:k", "arn:l"])
        assert [(s["Action"], s["Resource"]) for s in statements] == [
            ("s3:ListBucket", ["arn:b", "arn:p"]),
            ("s3:GetObject", ["arn:b/*", "arn:p/*"]),
            ("kms:Decrypt", ["arn:k", "arn:l"]),
        ]


def test_the_kubeconfig_asks_aws_for_a_token_of_the_right_region() -> None:
    config = kubeconfig("standfast-us-east", "us-east-1", "https://endpoint", "Y2E=")
    assert config["current-context"] == config["contexts"][0]["name"] == "standfast-us-east"
    assert config["clusters"][0]["cluster"] == {
        "server": "https://endpoint",
        "certificate-authority-data": "Y2E=",
    }
    command = config["users"][0]["user"]["exec"]
    assert command["command"] == "aws"
    assert command["args"][:2] == ["eks", "get-token"]
    assert command["args"][command["args"].index("--region") + 1] == "us-east-1"
    assert command["args"][command["args"].index("--cluster-name") + 1] == "standfast-us-east"
    assert set(config["users"][0]["user"]) == {"exec"}
