"""Who may call, what a peer may read, and how regions know each other."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.mesh.security import (
    cacerts,
    callers,
    deny_by_default,
    encoded,
    reader,
    reader_token,
    remote_kubeconfig,
    remote_secret,
    strict_mtls,
)


def test_mtls_is_strict_for_the_whole_mesh() -> None:
    policy = strict_mtls()
    assert policy["metadata"]["namespace"] == "istio-system"
    assert policy["spec"] == {"mtls": {"mode": "STRICT"}}


def test_serving_refuses_what_nothing_allows() -> None:
    policy = deny_by_default()
    assert policy["metadata"]["namespace"] == "ml-serving"
    assert policy["spec"] == {"action": "ALLOW"}


def test_only_the_ingress_gateways_identity_may_call() -> None:
    spec = callers()["spec"]
    assert spec["action"] == "ALLOW"
    assert spec["selector"] == {"matchLabels": {"app": "inference"}}
    (rule,) = spec["rules"]
    assert rule == {
        "from": [{"source": {"principals": ["cluster.local/ns/istio-system/sa/istio-ingressgateway"]}}],
        "to": [{"operation": {"ports": ["8080"]}}],
    }


class TestReader:
    def rules(self) -> list[tuple[str, dict[str, Any]]]:
        return [(name, rule) for name, made in reader().items() for rule in made.get("rules", [])]

    def test_it_only_reads(self) -> None:
        for _, rule in self.rules():
            assert rule["verbs"] == ["get", "list", "watch"]

    def test_it_reads_no_secret_and_nothing_by_wildcard(self) -> None:
        for _, rule in self.rules():
            assert "secrets" not in rule["resources"]
            assert "*" not in [*rule["resources"], *rule["apiGroups"], *rule["verbs"]]

    def test_of_config_maps_it_reads_the_meshs_alone(self) -> None:
        maps = [(name, rule) for name, rule in self.rules() if "configmaps" in rule["resources"]]
        assert [(name, rule["resourceNames"]) for name, rule in maps] == [("reader-role", ["istio"])]

    def test_bindings_bind_the_account(self) -> None:
        made = reader()
        account = made["reader"]["metadata"]
        for kind, name in (("ClusterRole", "reader-cluster-binding"), ("Role", "reader-binding")):
            binding = made[name]
            assert binding["roleRef"]["kind"] == kind
            assert binding["subjects"] == [
                {"kind": "ServiceAccount", "name": account["name"], "namespace": account["namespace"]}
            ]

    def test_the_token_is_the_accounts(self) -> None:
        token = reader_token()
        assert token["type"] == "kubernetes.io/service-account-token"
        assert token["metadata"]["annotations"] == {
            "kubernetes.io/service-account.name": reader()["reader"]["metadata"]["name"]
        }


class TestRemoteSecret:
    def test_it_is_what_istiod_looks_for(self) -> None:
        secret = remote_secret("standfast-eu-west", "a2V5")
        assert secret["metadata"]["name"] == "istio-remote-secret-standfast-eu-west"
        assert secret["metadata"]["namespace"] == "istio-system"
        assert secret["metadata"]["labels"]["istio/multiCluster"] == "true"
        assert secret["metadata"]["annotations"] == {"networking.istio.io/cluster": "standfast-eu-west"}
        assert secret["data"] == {"standfast-eu-west": "a2V5"}

    def test_the_kubeconfig_verifies_the_peer(self) -> None:
        config = json.loads(remote_kubeconfig("c", "https://api", "Y2E=", "t"))
        (cluster,) = config["clusters"]
        assert cluster == {
            "name": "c",
            "cluster": {"server": "https://api", "certificate-authority-data": "Y2E="},
        }
        assert config["users"] == [{"name": "c", "user": {"token": "t"}}]
        assert config["current-context"] == "c"
        assert config["contexts"] == [{"name": "c", "context": {"cluster": "c", "user": "c"}}]

    @pytest.mark.parametrize(
        ("endpoint", "ca", "token"),
        [("http://api", "Y2E=", "t"), ("https://api", "", "t"), ("https://api", "Y2E=", "")],
    )
    def test_what_could_not_be_verified_is_refused(self, endpoint: str, ca: str, token: str) -> None:
        with pytest.raises(ValueError, match="standfast-eu-west"):
            remote_kubeconfig("standfast-eu-west", endpoint, ca, token)


def test_cacerts_has_the_name_that_istiod_mounts() -> None:
    secret = cacerts({"ca-cert.pem": "YQ=="})
    assert (secret["metadata"]["name"], secret["metadata"]["namespace"]) == ("cacerts", "istio-system")
    assert secret["data"] == {"ca-cert.pem": "YQ=="}


@given(st.text())
def test_encoding_keeps_the_text(text: str) -> None:
    assert base64.b64decode(encoded(text)).decode() == text
