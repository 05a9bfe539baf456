"""Objects on a real API server, asked for as the engine asks."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.providers.base import UNKNOWN, Properties, Secret, Served, plain
from tests.sandbox.kubernetes_provider.driver import Engine, Failed, Region
from tests.sandbox.kubernetes_provider.manifests import (
    CONFIG_MAP,
    DEPLOYMENT,
    NAMESPACE,
    SECRET,
    SERVICE,
    annotated,
    config_map,
    deployment,
    named,
    pod_template,
)

pytestmark = pytest.mark.engine

NONE = provider_pb2.DiffResponse.DIFF_NONE
MERGE = "application/merge-patch+json"


def test_create_update_delete(engine: Engine, namespace: str, region: Region) -> None:
    inputs = config_map(namespace, colour="red", shape="round")
    kept = engine.create(CONFIG_MAP, inputs)
    assert kept.id == f"{namespace}/settings"
    assert kept.outputs["data"] == {"colour": "red", "shape": "round"}
    assert kept.outputs["metadata"]["uid"]
    assert "managedFields" not in kept.outputs["metadata"]

    assert engine.diff(kept, inputs).changes == NONE
    wanted = config_map(namespace, colour="blue")
    changed = engine.diff(kept, wanted)
    assert not changed.replaces
    assert set(changed.detailedDiff) == {"data.colour", "data.shape"}

    kept = engine.update(kept, wanted)
    assert kept.outputs["data"] == {"colour": "blue"}
    path = f"/api/v1/namespaces/{namespace}/configmaps/settings"
    assert region.api.get(path)["data"] == {"colour": "blue"}

    engine.delete(kept)
    assert region.api.find(path) is None
    assert engine.read(kept) is None
    engine.delete(kept)


def test_only_what_the_program_says_can_drift(engine: Engine, namespace: str, region: Region) -> None:
    kept = engine.create(DEPLOYMENT, deployment(namespace))
    assert kept.outputs["status"]["availableReplicas"] == 1
    refreshed = engine.read(kept)
    assert refreshed is not None
    assert refreshed.inputs == kept.inputs

    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/app"
    patch = {"spec": {"replicas": 2}, "metadata": {"labels": {"other": "label"}}}
    region.api.call("PATCH", path, patch, content_type=MERGE)
    deadline = time.monotonic() + 20
    while region.api.get(path)["status"].get("availableReplicas") != 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    refreshed = engine.read(kept)
    assert refreshed is not None
    assert refreshed.inputs["spec"] == {**kept.inputs["spec"], "replicas": 2}
    assert "labels" not in refreshed.inputs["metadata"]
    assert refreshed.outputs["metadata"]["labels"] == {"other": "label"}


def test_an_object_of_someone_else_is_not_taken(
    engine: Engine, namespace: str, region: Region, served: Served
) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    region.api.call("POST", path, {"metadata": {"name": "settings"}, "data": {"colour": "red"}})
    inputs = config_map(namespace, colour="blue")
    for preview in (True, False):
        with pytest.raises(Failed, match=f"ConfigMap {namespace}/settings exists already"):
            engine.create(CONFIG_MAP, inputs, preview=preview)
    taking = Engine(served.port, kubeconfig=region.kubeconfig, upsertExistingObjects="true").configure()
    with pytest.raises(Failed, match=r"conflict.*ignore_changes.*patchForce"):
        taking.create(CONFIG_MAP, inputs)
    taken = taking.create(CONFIG_MAP, annotated(inputs, patchForce="true"))
    assert taken.outputs["data"] == {"colour": "blue"}


def test_an_interrupted_create_is_taken_up_by_the_same_resource_only(engine: Engine, namespace: str) -> None:
    inputs = config_map(namespace, colour="red")
    engine.create(CONFIG_MAP, inputs, "first")
    assert engine.create(CONFIG_MAP, inputs, "first").outputs["data"] == {"colour": "red"}
    with pytest.raises(Failed, match="alias if the resource was renamed"):
        engine.create(CONFIG_MAP, inputs, "second")


def test_an_alias_keeps_the_field_manager_of_the_state(engine: Engine, namespace: str) -> None:
    kept = engine.create(CONFIG_MAP, config_map(namespace, colour="red", shape="round"), "first")
    renamed = kept.__class__(kept.token, "second", kept.id, kept.inputs, kept.outputs)
    updated = engine.update(renamed, config_map(namespace, colour="blue"))
    assert updated.outputs["data"] == {"colour": "blue"}


@pytest.mark.parametrize(
    ("token", "inputs", "why"),
    [
        (CONFIG_MAP, {"metadata": {}}, "has no metadata.name; names are not made up"),
        (CONFIG_MAP, {"data": {"a": "b"}}, "has no metadata.name"),
        (CONFIG_MAP, {"kind": "Secret", "metadata": {"name": "x"}}, "kind is Secret, but the type"),
        (NAMESPACE, {"metadata": {"name": "x", "namespace": "y"}}, "belongs to the whole cluster"),
        (
            "kubernetes:core/v1:ServicePatch",
            {"kind": "Service", "metadata": {"name": "x"}},
            "Patch resources",
        ),
        ("kubernetes:core/v1:ConfigMapList", {"kind": "ConfigMapList"}, "declare each ConfigMap by itself"),
        ("kubernetes:helm.sh/v4:Chart", {"metadata": {"name": "x"}}, "renders no charts"),
        (
            "kubernetes:apps/v1:Deploymint",
            {"metadata": {"name": "x"}},
            r"knows no kind Deploymint in apps/v1 ",
        ),
        ("kubernetes:example.com/v1:Gone", {"metadata": {"name": "x"}}, "it knows nothing of example.com/v1"),
        (
            CONFIG_MAP,
            {"metadata": {"name": "x", "annotations": {"pulumi.com/waitFor": "phase=Running"}}},
            "pulumi.com/waitFor: 'phase=Running'",
        ),
    ],
)
def test_what_check_refuses(engine: Engine, token: str, inputs: Properties, why: str) -> None:
    with pytest.raises(Failed, match=why):
        engine.check(token, inputs)


def test_the_provider_s_namespace_is_filled_in(served: Served, region: Region, namespace: str) -> None:
    engine = Engine(served.port, kubeconfig=region.kubeconfig, namespace=namespace).configure()
    kept = engine.create(CONFIG_MAP, {"metadata": {"name": "settings"}})
    assert kept.id == f"{namespace}/settings"
    assert engine.create(NAMESPACE, {"metadata": {"name": f"{namespace}-b"}}).id == f"{namespace}-b"


class TestPreview:
    def test_it_changes_nothing(self, engine: Engine, namespace: str, region: Region) -> None:
        created = engine.create(CONFIG_MAP, config_map(namespace, colour="red"), preview=True)
        assert created.outputs["data"] == {"colour": "red"}
        assert created.outputs["status"] is UNKNOWN
        path = f"/api/v1/namespaces/{namespace}/configmaps/settings"
        assert region.api.find(path) is None
        kept = engine.create(CONFIG_MAP, config_map(namespace, colour="red"))
        shown = engine.update(kept, config_map(namespace, colour="blue"), preview=True)
        assert shown.outputs["data"] == {"colour": "blue"}
        assert region.api.get(path)["data"] == {"colour": "red"}

    @pytest.mark.parametrize("there", [True, False])
    def test_a_manifest_that_is_refused_fails_it(self, engine: Engine, namespace: str, there: bool) -> None:
        place = namespace if there else "not-yet"
        bad = deployment(place)
        bad["spec"]["selector"] = {"matchLabels": {"app": "other"}}
        with pytest.raises(Failed, match=rf"Deployment {place}/app: the API server refuses it: .*selector"):
            engine.create(DEPLOYMENT, bad, preview=True)

    def test_a_misspelt_field_fails_it(self, engine: Engine, namespace: str) -> None:
        bad = deployment(namespace)
        bad["spec"]["replica"] = 2
        with pytest.raises(Failed, match="replica"):
            engine.create(DEPLOYMENT, bad, preview=True)

    def test_a_misspelt_field_of_a_custom_resource_fails_it(self, engine: Engine, namespace: str) -> None:
        token = "kubernetes:networking.istio.io/v1:DestinationRule"
        spec: Properties = {
            "host": "a.b.svc",
            "trafficPolicy": {"outlierDetection": {"maxEjectionPercent": 100}},
        }
        engine.create(token, named("rule", namespace, spec=spec), preview=True)
        spec["trafficPolicy"]["outlierDetection"]["maxEjection"] = 1
        with pytest.raises(Failed, match="maxEjection"):
            engine.create(token, named("rule", namespace, spec=spec), preview=True)

    def test_a_refused_update_fails_it(self, engine: Engine, namespace: str) -> None:
        kept = engine.create(CONFIG_MAP, config_map(namespace, colour="red"))
        with pytest.raises(Failed, match="the API server refuses it"):
            engine.update(kept, config_map(namespace, **{"a/b": "slash"}), preview=True)

    def test_the_namespace_may_come_later(self, engine: Engine) -> None:
        assert engine.create(CONFIG_MAP, config_map("not-yet", colour="red"), preview=True).outputs["data"]

    def test_unknown_inputs_are_not_checked(self, engine: Engine, namespace: str) -> None:
        shown = engine.create(CONFIG_MAP, config_map(namespace, colour=UNKNOWN), preview=True)
        assert shown.outputs["data"] == {"colour": UNKNOWN}
        kept = engine.create(CONFIG_MAP, config_map(namespace, colour="red"))
        shown = engine.update(kept, config_map(namespace, colour=UNKNOWN), preview=True)
        assert shown.outputs["data"] == {"colour": UNKNOWN}

    def test_a_custom_resource_may_follow_its_definition(self, engine: Engine, namespace: str) -> None:
        token = "kubernetes:test.standfast.dev/v1:Drill"
        with pytest.raises(Failed, match="knows no kind Drill"):
            engine.create(token, named("x", namespace), preview=True)
        engine.create("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", DRILL, preview=True)
        assert engine.create(token, named("x", namespace, spec={"zone": "a"}), preview=True).id == ""


DRILL: Properties = {
    "metadata": {"name": "drills.test.standfast.dev"},
    "spec": {
        "group": "test.standfast.dev",
        "scope": "Namespaced",
        "names": {"kind": "Drill", "plural": "drills"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {"type": "object", "properties": {"zone": {"type": "string"}}}
                        },
                    }
                },
            }
        ],
    },
}


def test_a_definition_and_then_its_custom_resource(engine: Engine, namespace: str) -> None:
    definition = engine.create("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", DRILL)
    conditions = definition.outputs["status"]["conditions"]
    assert {"Established": "True"}.items() <= {each["type"]: each["status"] for each in conditions}.items()
    # The garbage collector, which ends deletions in the foreground, learns of a new kind half a minute late.
    drill = annotated(named("x", namespace, spec={"zone": "a"}), deletionPropagationPolicy="background")
    kept = engine.create("kubernetes:test.standfast.dev/v1:Drill", drill)
    engine.delete(kept)
    engine.delete(definition)
    engine.delete(kept)


def replaced(engine: Engine, token: str, old: Properties, new: Properties) -> tuple[set[str], bool]:
    kept = engine.create(token, old, preview=True)
    kept = kept.__class__(token, kept.name, "x/y", kept.inputs, {})
    answer = engine.diff(kept, new)
    places = {place for place, each in answer.detailedDiff.items() if each.kind % 2 == 1}
    return places, answer.deleteBeforeReplace


def test_what_replaces_an_object(engine: Engine, namespace: str) -> None:
    old = deployment(namespace)
    moved = {**old, "metadata": {"name": "app", "namespace": "other"}}
    assert replaced(engine, DEPLOYMENT, old, moved) == ({"metadata.namespace"}, False)
    selected = deployment(namespace)
    selected["spec"]["selector"] = {"matchLabels": {"app": "b"}}
    assert replaced(engine, DEPLOYMENT, old, selected) == ({"spec.selector.matchLabels.app"}, True)
    assert replaced(engine, DEPLOYMENT, old, deployment(namespace, 3, "app:2")) == (set(), True)

    job = "kubernetes:batch/v1:Job"
    template = pod_template(restartPolicy="Never")
    old = named("job", namespace, spec={"template": template, "parallelism": 1})
    new = named("job", namespace, spec={"template": template, "parallelism": 2})
    assert replaced(engine, job, old, new) == (set(), True)
    new = named("job", namespace, spec={"template": pod_template(image="b", restartPolicy="Never")})
    assert replaced(engine, job, old, new)[0] == {"spec.template.spec.containers[0].image"}


@pytest.mark.parametrize(
    ("token", "old", "new", "places"),
    [
        (SERVICE, {"spec": {"clusterIP": "None"}}, {"spec": {"clusterIP": ""}}, {"spec.clusterIP"}),
        (
            SERVICE,
            {"spec": {"type": "LoadBalancer", "loadBalancerClass": "a/b", "ports": [{"port": 1}]}},
            {"spec": {"type": "ClusterIP", "ports": [{"port": 1}]}},
            set(),
        ),
        (
            SERVICE,
            {"spec": {"type": "LoadBalancer", "loadBalancerClass": "a/b", "ports": [{"port": 1}]}},
            {"spec": {"type": "LoadBalancer", "loadBalancerClass": "a/c", "ports": [{"port": 2}]}},
            {"spec.loadBalancerClass"},
        ),
        (CONFIG_MAP, {"data": {"a": "1"}}, {"data": {"a": "2"}}, set()),
        (
            CONFIG_MAP,
            {"data": {"a": "1"}, "immutable": True},
            {"data": {"a": "2"}, "immutable": True},
            {"data.a"},
        ),
        (SECRET, {"type": "a/b"}, {"type": "a/c"}, {"type"}),
        (
            "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
            {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "a"}},
            {
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "b"},
                "subjects": [],
            },
            {"roleRef.name"},
        ),
        (
            "kubernetes:core/v1:PersistentVolumeClaim",
            {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}},
            {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Gi"}}}},
            set(),
        ),
        (
            "kubernetes:core/v1:Pod",
            {"spec": {"containers": [{"name": "a", "image": "a:1"}]}},
            {"spec": {"containers": [{"name": "a", "image": "a:2"}], "hostNetwork": True}},
            {"spec.hostNetwork"},
        ),
    ],
)
def test_immutable_fields(  # noqa: PLR0917 (a table)
    engine: Engine, namespace: str, token: str, old: Properties, new: Properties, places: set[str]
) -> None:
    found, first = replaced(engine, token, named("x", namespace, **old), named("x", namespace, **new))
    assert (found, first) == (places, True)


def test_config_maps_are_replaced_where_the_provider_says_so(
    served: Served, region: Region, namespace: str
) -> None:
    engine = Engine(served.port, kubeconfig=region.kubeconfig, enableConfigMapMutable="false").configure()
    change = config_map(namespace, a="1"), config_map(namespace, a="2")
    assert replaced(engine, CONFIG_MAP, *change)[0] == {"data.a"}


class TestSecrets:
    def test_contents_are_secret_wherever_they_come_from(self, engine: Engine, namespace: str) -> None:
        inputs = named("keys", namespace, data={"a": "YQ=="}, stringData={"b": "b"})
        kept = engine.create(SECRET, inputs)
        assert isinstance(kept.inputs["data"], Secret)
        assert isinstance(kept.inputs["stringData"], Secret)
        assert kept.outputs["data"] == Secret({"a": "YQ==", "b": "Yg=="})
        refreshed = engine.read(kept)
        assert refreshed is not None
        assert refreshed.inputs == kept.inputs
        found = engine.find(SECRET, kept.id)
        assert found is not None
        assert isinstance(found.inputs["data"], Secret)
        assert isinstance(found.outputs["data"], Secret)

    def test_text_that_is_left_out_later_is_removed(self, engine: Engine, namespace: str) -> None:
        kept = engine.create(SECRET, named("keys", namespace, stringData={"a": "a", "b": "b"}))
        kept = engine.update(kept, named("keys", namespace, stringData={"a": "a"}))
        assert kept.outputs["data"] == Secret({"a": "YQ=="})

    def test_changed_text_is_drift(self, engine: Engine, namespace: str, region: Region) -> None:
        kept = engine.create(SECRET, named("keys", namespace, stringData={"a": "a", "b": "b"}))
        path = f"/api/v1/namespaces/{namespace}/secrets/keys"
        data = {"a": base64.b64encode(b"changed").decode()}
        region.api.call("PATCH", path, {"data": data}, content_type=MERGE)
        refreshed = engine.read(kept)
        assert refreshed is not None
        assert refreshed.inputs["stringData"] == Secret({"a": "changed", "b": "b"})

    def test_a_service_account_s_token_is_waited_for(self, engine: Engine, namespace: str) -> None:
        engine.create("kubernetes:core/v1:ServiceAccount", named("reader", namespace))
        inputs: dict[str, Any] = named("token", namespace, type="kubernetes.io/service-account-token")
        inputs["metadata"]["annotations"] = {"kubernetes.io/service-account.name": "reader"}
        kept = engine.create(SECRET, inputs)
        assert isinstance(kept.outputs["data"], Secret)
        assert set(kept.outputs["data"].value) == {"ca.crt", "namespace", "token"}
        refreshed = engine.read(kept)
        assert refreshed is not None
        assert refreshed.inputs == kept.inputs


class TestImport:
    def test_of_an_object_made_by_hand(self, engine: Engine, namespace: str, region: Region) -> None:
        inputs = deployment(namespace)
        path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
        region.api.call("POST", path, {**inputs, "apiVersion": "apps/v1", "kind": "Deployment"})
        found = engine.find(DEPLOYMENT, f"{namespace}/app")
        assert found is not None
        assert found.inputs["spec"]["replicas"] == 1
        assert "status" not in found.inputs
        assert "uid" not in found.inputs["metadata"]
        # What the API server defaulted is not the program's to say, so leaving it out is no difference.
        assert list(engine.diff(found, inputs).detailedDiff) == []
        differing = engine.diff(found, deployment(namespace, replicas=5))
        assert list(differing.detailedDiff) == ["spec.replicas"]

    def test_by_name_alone_and_of_nothing(self, engine: Engine) -> None:
        found = engine.find(NAMESPACE, "kube-system")
        assert found is not None
        assert found.id == "kube-system"
        assert engine.find(CONFIG_MAP, "nothing-there") is None


def test_ignored_fields_stay_with_their_manager(engine: Engine, namespace: str, region: Region) -> None:
    inputs = config_map(namespace, colour="red", shape="round")
    kept = engine.create(CONFIG_MAP, inputs)
    path = f"/api/v1/namespaces/{namespace}/configmaps/settings"
    region.api.call("PATCH", path, {"data": {"colour": "green"}}, content_type=MERGE)
    wanted = config_map(namespace, colour="red", shape="square")
    with pytest.raises(Failed, match="conflict"):
        engine.update(kept, wanted)
    updated = engine.update(kept, wanted, ignore=("data.colour",))
    assert updated.outputs["data"] == {"colour": "green", "shape": "square"}


def test_a_missing_namespace_is_named(engine: Engine) -> None:
    with pytest.raises(
        Failed, match=r'namespaces "not-there" not found\. Make the namespace not-there first'
    ):
        engine.create(CONFIG_MAP, config_map("not-there", a="b"))


def test_deleting_a_namespace_waits_until_it_is_gone(engine: Engine, region: Region) -> None:
    kept = engine.create(NAMESPACE, {"metadata": {"name": "short-lived"}})
    engine.create(DEPLOYMENT, deployment("short-lived", terminationGracePeriodSeconds=1))
    engine.delete(kept)
    assert region.api.find("/api/v1/namespaces/short-lived") is None


def test_a_finalizer_that_holds_an_object_is_named(engine: Engine, namespace: str, region: Region) -> None:
    inputs = config_map(namespace, a="b")
    inputs["metadata"]["finalizers"] = ["standfast.dev/hold"]
    kept = engine.create(CONFIG_MAP, inputs)
    with pytest.raises(Failed, match=r"settings is not gone after 1 s: finalizers standfast.dev/hold"):
        engine.delete(kept, timeout=1)
    path = f"/api/v1/namespaces/{namespace}/configmaps/settings"
    region.api.call("PATCH", path, {"metadata": {"finalizers": None}}, content_type=MERGE)
    engine.delete(kept)


def test_plain_values_stay_plain(engine: Engine, namespace: str) -> None:
    kept = engine.create(CONFIG_MAP, config_map(namespace, a="b"))
    assert plain(kept.outputs) == kept.outputs
