"""Authorization as the sidecar would judge: the deployed policies by value, and what each field means."""

from __future__ import annotations

from typing import Any

import pytest

from components.mesh.security import callers, deny_by_default, strict_mtls
from sandbox.errors import SandboxError
from sandbox.pods.identity import identity
from sandbox.pods.policies import Request, allowed, applies, mutual_tls

GATEWAY = identity("istio-system", "istio-ingressgateway")
LABELS = {"app": "inference"}


def request(principal: str = GATEWAY, **more: Any) -> Request:
    values: dict[str, Any] = {"port": 8080, "method": "POST", "path": "/v2/models/default/infer", **more}
    return Request(principal=principal, **values)


def policy(spec: dict[str, Any], namespace: str = "ml-serving") -> dict[str, Any]:
    return {"metadata": {"name": "p", "namespace": namespace}, "spec": spec}


def principal() -> str:
    return callers()["spec"]["rules"][0]["from"][0]["source"]["principals"][0]


def test_the_deployed_policies_let_the_ingress_gateway_in_and_nobody_else():
    deployed = [deny_by_default(), callers()]
    assert allowed(deployed, request(principal()))
    assert not allowed(deployed, request(identity("ml-serving", "inference-service")))
    assert not allowed(deployed, request(""))
    assert not allowed(deployed, request(principal(), port=9090))


def test_an_allowing_policy_without_rules_allows_nothing_and_no_policy_allows_all():
    assert not allowed([deny_by_default()], request())
    assert allowed([], request())


def test_denial_goes_first():
    everybody = policy({"action": "ALLOW", "rules": [{}]})
    deny = policy({"action": "DENY", "rules": [{"to": [{"operation": {"methods": ["DELETE"]}}]}]})
    assert allowed([everybody, deny], request())
    assert not allowed([everybody, deny], request(method="DELETE"))


@pytest.mark.parametrize(
    ("source", "matches"),
    [
        ({"principals": ["cluster.local/ns/istio-system/*"]}, True),
        ({"principals": ["*/istio-ingressgateway"]}, True),
        ({"principals": ["*"]}, True),
        ({"principals": ["cluster.local/ns/ml-serving/*"]}, False),
        ({"namespaces": ["istio-system"]}, True),
        ({"namespaces": ["default"]}, False),
        ({"principals": ["*"], "namespaces": ["default"]}, False),
    ],
)
def test_sources(source: dict[str, Any], matches: bool):
    found = [policy({"rules": [{"from": [{"source": source}]}]})]
    assert allowed(found, request()) is matches


def test_a_star_is_no_stranger():
    assert not allowed([policy({"rules": [{"from": [{"source": {"principals": ["*"]}}]}]})], request(""))


@pytest.mark.parametrize(
    "spec",
    [
        {"action": "CUSTOM", "rules": []},
        {"rules": [{"when": [{"key": "request.headers[x]", "values": ["y"]}]}]},
        {"rules": [{"from": [{"source": {"notPrincipals": ["x"]}}]}]},
        {"rules": [{"to": [{"operation": {"hosts": ["x"]}}]}]},
    ],
)
def test_what_is_not_understood_is_refused(spec: dict[str, Any]):
    with pytest.raises(SandboxError, match="know no"):
        allowed([policy(spec)], request())


def test_policies_apply_by_namespace_and_selector():
    other = policy({"selector": {"matchLabels": {"app": "other"}}})
    assert applies(policy({}), "ml-serving", LABELS, "istio-system")
    assert applies(policy({}, "istio-system"), "ml-serving", LABELS, "istio-system")
    assert not applies(policy({}, "default"), "ml-serving", LABELS, "istio-system")
    assert not applies(other, "ml-serving", LABELS, "istio-system")


def test_mutual_tls_is_strict_as_deployed_and_the_narrower_policy_wins():
    assert mutual_tls([strict_mtls()], "ml-serving", LABELS, "istio-system") == "STRICT"
    narrower = policy({"mtls": {"mode": "DISABLE"}})
    assert mutual_tls([strict_mtls(), narrower], "ml-serving", LABELS, "istio-system") == "DISABLE"
    unset = policy({"mtls": {"mode": "UNSET"}})
    assert mutual_tls([unset, strict_mtls()], "ml-serving", LABELS, "istio-system") == "STRICT"
    assert mutual_tls([], "ml-serving", LABELS, "istio-system") == "PERMISSIVE"
