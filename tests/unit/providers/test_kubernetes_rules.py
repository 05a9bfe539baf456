"""The pure parts of the kubernetes provider."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.providers.base import UNKNOWN, Properties, ProviderError, format_path
from sandbox.providers.kubernetes.connection import single_config
from sandbox.providers.kubernetes.fields import keep_live, live_inputs, owned_by, parse_path
from sandbox.providers.kubernetes.jsonpath import WaitFor
from sandbox.providers.kubernetes.quantity import same_quantity
from sandbox.providers.kubernetes.readiness import RULES
from sandbox.providers.kubernetes.settings import check_settings, parse_settings
from sandbox.providers.kubernetes.tokens import parse_token

KUBECONFIG = """
apiVersion: v1
kind: Config
clusters:
- {name: one, cluster: {server: "https://one:6443"}}
- {name: two, cluster: {server: "https://two:6443"}}
contexts:
- {name: here, context: {cluster: one, user: me, namespace: mine}}
- {name: there, context: {cluster: two}}
users:
- {name: me, user: {token: t}}
current-context: here
"""

documents = st.dictionaries(
    st.sampled_from("abc"),
    st.recursive(
        st.integers(0, 3),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
        ),
        max_leaves=6,
    ),
    max_size=3,
)


@given(documents, documents)
def test_an_unchanged_object_has_not_drifted(inputs: Properties, live: Properties) -> None:
    assert live_inputs(inputs, live, live) == inputs


@given(documents, documents)
def test_an_object_that_is_as_said_has_not_drifted(inputs: Properties, known: Properties) -> None:
    assert live_inputs(inputs, known, inputs) == inputs


@pytest.mark.parametrize(
    ("inputs", "known", "live", "expected"),
    [
        # What nobody said is not drift; what was said and changed is; what was removed is gone.
        ({"a": 1}, {"a": 1}, {"a": 1, "b": 2}, {"a": 1}),
        ({"a": 1, "b": 2}, {"a": 1, "b": 2}, {"a": 3}, {"a": 3}),
        # The API server's own way of writing is not drift until the value changes.
        ({"cpu": "1000m"}, {"cpu": "1"}, {"cpu": "1"}, {"cpu": "1000m"}),
        ({"cpu": "1000m"}, {"cpu": "1"}, {"cpu": "2"}, {"cpu": "2"}),
        # Items are told apart by their keys: an item put in from outside is not the program's.
        (
            {"c": [{"name": "app", "image": "a"}]},
            {"c": [{"name": "app", "image": "a", "pull": "Always"}]},
            {"c": [{"name": "sidecar"}, {"name": "app", "image": "b", "pull": "Always"}]},
            {"c": [{"name": "app", "image": "b"}]},
        ),
        ({"args": ["a"]}, {"args": ["a"]}, {"args": ["a", "b"]}, {"args": ["a", "b"]}),
    ],
)
def test_drift(inputs: Properties, known: Properties, live: Properties, expected: Properties) -> None:
    assert live_inputs(inputs, known, live) == expected


def test_ownership_follows_the_managed_fields() -> None:
    fields = {
        "f:spec": {
            "f:replicas": {},
            "f:selector": {},
            "f:containers": {'k:{"name":"app"}': {".": {}, "f:image": {}}},
            "f:finalizers": {'v:"hold"': {}},
        }
    }
    entry = {"manager": "us", "operation": "Apply", "fieldsV1": fields}
    spec = {"containers": [{"name": "x"}, {"name": "app"}], "finalizers": ["hold", "other"]}
    live = {"metadata": {"managedFields": [entry]}, "spec": spec}
    owned = [
        ("spec", "replicas"),
        ("spec", "selector", "matchLabels", "app"),
        ("spec", "containers", 1, "image"),
        ("spec", "finalizers", 0),
    ]
    others = [
        ("spec", "paused"),
        ("spec", "containers", 0, "image"),
        ("spec", "containers", 1, "args"),
        ("spec", "finalizers", 1),
    ]
    assert [owned_by("us", live, path) for path in owned] == [True] * 4
    assert [owned_by("us", live, path) for path in others] == [False] * 4
    assert not owned_by("them", live, owned[0])


@given(
    st.lists(
        st.one_of(st.integers(0, 9), st.text(st.sampled_from('ab./"\\ -['), min_size=1, max_size=5)),
        min_size=1,
        max_size=4,
    )
)
def test_paths_are_read_as_they_are_written(path: list[str | int]) -> None:
    assert parse_path(format_path(tuple(path))) == tuple(path)


def test_ignored_paths_take_the_live_value() -> None:
    document = {"spec": {"min": 2, "max": 9, "gone": 1}, "metadata": {"annotations": {"a/b": "said"}}}
    live = {"spec": {"min": 7, "max": 8}, "metadata": {"annotations": {"a/b": "live"}}}
    paths = ("spec.min", "spec.gone", 'metadata.annotations["a/b"]', "spec.template.x")
    assert keep_live(document, live, paths) == {
        "spec": {"min": 7, "max": 9},
        "metadata": {"annotations": {"a/b": "live"}},
    }


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1000m", "1", True),
        (1, "1", True),
        ("1024Mi", "1Gi", True),
        ("1e3", "1k", True),
        ("0.5", "500m", True),
        ("1Gi", "1G", False),
        ("app:1", "app:1", False),
        (True, "1", False),
    ],
)
def test_quantities(one: Any, other: Any, same: bool) -> None:
    assert same_quantity(one, other) is same


POD = {
    "status": {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True"}, {"type": "Late", "status": "False"}],
        "containerStatuses": [{"ready": True, "restartCount": 3}],
    },
    "metadata": {"labels": {"app.kubernetes.io/name": "x"}},
}


@pytest.mark.parametrize(
    ("annotation", "missing"),
    [
        ("jsonpath={.status.phase}=Running", 0),
        ("jsonpath={.status.phase}=Pending", 1),
        ("jsonpath={.status.phase}", 0),
        ("jsonpath={.status.nothing}", 1),
        ("jsonpath={.status.containerStatuses[0].ready}=true", 0),
        ("jsonpath={.status.containerStatuses[*].restartCount}=3", 0),
        ("jsonpath={.status.containerStatuses[4].ready}=true", 1),
        ('jsonpath={.status.conditions[?(@.type=="Ready")].status}=True', 0),
        (r"jsonpath={.metadata.labels.app\.kubernetes\.io/name}=x", 0),
        ("jsonpath={.metadata.labels['app.kubernetes.io/name']}=x", 0),
        ("condition=ready", 0),
        ("condition=Late", 1),
        ("condition=Late=False", 0),
        ('["condition=Ready", "condition=Late", "jsonpath={.status.phase}=Failed"]', 2),
    ],
)
def test_wait_for(annotation: str, missing: int) -> None:
    assert len(WaitFor(annotation).missing(POD)) == missing


@pytest.mark.parametrize(
    "annotation", ["", "phase=Running", "jsonpath={}", "jsonpath={.a..b}", "jsonpath={.a}b", "[]", '["x", 1]']
)
def test_a_condition_that_means_nothing_is_refused(annotation: str) -> None:
    with pytest.raises(ProviderError, match=r"annotation pulumi\.com/waitFor"):
        WaitFor(annotation)


def workload(wanted: int, seen: int = 2, /, **status: Any) -> Properties:
    return {
        "metadata": {"name": "app", "generation": 2},
        "spec": {"replicas": wanted},
        "status": {"observedGeneration": seen, **status},
    }


@pytest.mark.parametrize(
    ("kind", "live", "ready"),
    [
        ("Deployment", workload(2, updatedReplicas=2, replicas=2, availableReplicas=2), True),
        ("Deployment", workload(2, 1, updatedReplicas=2, replicas=2, availableReplicas=2), False),
        ("Deployment", workload(2, updatedReplicas=2, replicas=3, availableReplicas=2), False),
        ("Deployment", workload(2, updatedReplicas=1, replicas=2, availableReplicas=2), False),
        ("Deployment", workload(2, updatedReplicas=2, replicas=2, availableReplicas=1), False),
        ("Deployment", workload(0), True),
        ("StatefulSet", workload(2, updatedReplicas=2, readyReplicas=2), True),
        ("StatefulSet", workload(2, updatedReplicas=1, readyReplicas=2), False),
        ("StatefulSet", workload(2, updatedReplicas=2, readyReplicas=1), False),
        (
            "DaemonSet",
            workload(0, desiredNumberScheduled=2, updatedNumberScheduled=2, numberAvailable=2),
            True,
        ),
        (
            "DaemonSet",
            workload(0, desiredNumberScheduled=2, updatedNumberScheduled=1, numberAvailable=2),
            False,
        ),
        (
            "DaemonSet",
            workload(0, desiredNumberScheduled=2, updatedNumberScheduled=2, numberAvailable=1),
            False,
        ),
    ],
)
def test_workloads(kind: str, live: Properties, ready: bool) -> None:
    assert RULES["apps", kind](live).ready is ready


def test_a_rollout_that_made_no_progress_is_hopeless() -> None:
    condition = {
        "type": "Progressing",
        "status": "False",
        "reason": "ProgressDeadlineExceeded",
        "message": "late",
    }
    verdict = RULES["apps", "Deployment"](workload(2, conditions=[condition]))
    assert verdict.hopeless
    assert "late" in verdict.missing[0]


def test_settings_are_read_as_the_sdk_sends_them(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(KUBECONFIG)
    settings = parse_settings({"kubeconfig": str(file), "enableServerSideApply": "true", "context": "there"})
    assert single_config(settings).cluster.server == "https://two:6443"
    settings = parse_settings({"kubeconfig": KUBECONFIG, "cluster": "two", "enableSecretMutable": "false"})
    assert single_config(settings).cluster.server == "https://two:6443"
    assert single_config(settings).namespace == "mine"
    assert settings.replaced_kinds == {"Secret"}


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"kubeconfg": "x"}, "kubeconfg is no setting of the kubernetes provider"),
        ({"renderYamlToDirectory": "x"}, "renderYamlToDirectory is not to be had"),
        ({}, "kubeconfig: none is given"),
        ({"kubeconfig": "/not/there"}, "/not/there cannot be read"),
        ({"kubeconfig": "a: [\n"}, "neither YAML nor JSON"),
        ({"kubeconfig": "a: 1\n"}, "it is no kubeconfig"),
        ({"kubeconfig": KUBECONFIG, "enableServerSideApply": "false"}, "only applies on the server"),
        ({"kubeconfig": KUBECONFIG, "enablePatchForce": "perhaps"}, "neither true nor false"),
    ],
)
def test_refused_settings(config: Properties, why: str) -> None:
    assert [why in failure.reason for failure in check_settings(config)] == [True]


def test_unknown_settings_wait() -> None:
    assert check_settings({"kubeconfig": UNKNOWN, "enableServerSideApply": "true"}) == []


@pytest.mark.parametrize("settings", [{"context": "nowhere"}, {"cluster": "three"}])
def test_a_context_or_cluster_that_is_not_there(settings: Properties) -> None:
    with pytest.raises(ProviderError, match=f"'?{next(iter(settings.values()))}'?"):
        single_config(parse_settings({"kubeconfig": KUBECONFIG, **settings}))


def test_tokens() -> None:
    assert parse_token("kubernetes:core/v1:Service") == ("v1", "Service")
    assert parse_token("kubernetes:apps/v1:Deployment") == ("apps/v1", "Deployment")
    given = "kubernetes:networking.istio.io/v1:Gateway"
    assert parse_token(given) == ("networking.istio.io/v1", "Gateway")
    with pytest.raises(ProviderError, match="is no type of the kubernetes provider"):
        parse_token("aws:s3/bucket:Bucket")
