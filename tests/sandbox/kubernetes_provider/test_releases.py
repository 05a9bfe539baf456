"""Recorded Helm releases on a real API server."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.providers.base import UNKNOWN, Properties, Secret
from tests.sandbox.kubernetes_provider.driver import Engine, Failed, Region
from tests.sandbox.kubernetes_provider.manifests import RELEASE

pytestmark = pytest.mark.engine

MERGE = "application/merge-patch+json"


def release(namespace: str, **changes: Any) -> Properties:
    """As the SDK sends one."""
    inputs: Properties = {
        "name": "velero",
        "namespace": namespace,
        "chart": "velero",
        "version": "11.1.1",
        "compat": "true",
        "repositoryOpts": {"repo": "https://vmware-tanzu.github.io/helm-charts"},
        "values": {"replicas": 2, "credentials": {"key": Secret("hush"), "user": "velero"}},
        "skipCrds": True,
        "timeout": 600,
        **changes,
    }
    return {key: value for key, value in inputs.items() if value is not None}


def payload(region: Region, namespace: str, revision: int) -> Properties:
    path = f"/api/v1/namespaces/{namespace}/secrets/sh.helm.release.v1.velero.v{revision}"
    secret = region.api.get(path)
    assert secret["type"] == "helm.sh/release.v1"
    kept = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(secret["data"]["release"]))))
    assert secret["metadata"]["labels"]["status"] == kept["info"]["status"]
    return kept


def names(region: Region, namespace: str) -> list[str]:
    found = region.api.get(f"/api/v1/namespaces/{namespace}/secrets")["items"]
    return sorted(each["metadata"]["name"] for each in found)


def test_a_release_is_recorded_where_helm_keeps_it(engine: Engine, namespace: str, region: Region) -> None:
    previewed = engine.create(RELEASE, release(namespace), preview=True)
    assert previewed.outputs["status"] is UNKNOWN
    assert names(region, namespace) == []

    kept = engine.create(RELEASE, release(namespace))
    assert kept.id == f"{namespace}/velero"
    assert kept.outputs["values"]["credentials"] == {"key": Secret("hush"), "user": "velero"}
    status = kept.outputs["status"]
    assert (status["status"], status["revision"], status["version"]) == ("deployed", 1, "11.1.1")
    assert status["description"].startswith("recorded by the sandbox")
    assert kept.outputs["recorded"] is True

    written = payload(region, namespace, 1)
    assert written["recorded"] is True
    assert written["config"]["credentials"] == {"key": "hush", "user": "velero"}
    assert written["chart"]["metadata"]["name"] == "velero"
    assert written["source"]["repository"] == "https://vmware-tanzu.github.io/helm-charts"
    refreshed = engine.read(kept)
    assert refreshed is not None
    assert refreshed.inputs == kept.inputs
    assert refreshed.outputs == kept.outputs


def test_an_upgrade_is_another_revision(engine: Engine, namespace: str, region: Region) -> None:
    kept = engine.create(RELEASE, release(namespace, maxHistory=2))
    wanted = release(namespace, version="11.2.0", maxHistory=2)
    changed = engine.diff(kept, wanted)
    assert set(changed.detailedDiff) == {"version"}
    assert not changed.replaces
    kept = engine.update(kept, wanted)
    assert kept.outputs["status"]["revision"] == 2
    assert payload(region, namespace, 1)["info"]["status"] == "superseded"
    assert payload(region, namespace, 2)["info"]["status"] == "deployed"
    assert engine.diff(kept, wanted).changes == provider_pb2.DiffResponse.DIFF_NONE
    kept = engine.update(kept, release(namespace, version="11.3.0", maxHistory=2))
    assert names(region, namespace) == ["sh.helm.release.v1.velero.v2", "sh.helm.release.v1.velero.v3"]
    assert list(engine.diff(kept, release("elsewhere")).replaces) == ["namespace"]
    engine.delete(kept)
    assert names(region, namespace) == []
    assert engine.read(kept) is None
    engine.delete(kept)


def test_a_release_changed_from_outside_is_drift(engine: Engine, namespace: str, region: Region) -> None:
    kept = engine.create(RELEASE, release(namespace))
    written = payload(region, namespace, 1)
    written["config"]["replicas"] = 5
    written["chart"]["metadata"]["version"] = "11.9.9"
    text = base64.b64encode(gzip.compress(json.dumps(written).encode()))
    path = f"/api/v1/namespaces/{namespace}/secrets/sh.helm.release.v1.velero.v1"
    region.api.call("PATCH", path, {"data": {"release": base64.b64encode(text).decode()}}, content_type=MERGE)
    refreshed = engine.read(kept)
    assert refreshed is not None
    assert refreshed.inputs["version"] == "11.9.9"
    assert refreshed.inputs["values"]["replicas"] == 5
    assert refreshed.inputs["values"]["credentials"]["key"] == Secret("hush")


def test_import_keeps_values_secret(engine: Engine, namespace: str) -> None:
    engine.create(RELEASE, release(namespace))
    found = engine.find(RELEASE, f"{namespace}/velero")
    assert found is not None
    assert found.inputs["version"] == "11.1.1"
    assert isinstance(found.inputs["values"], Secret)
    wanted = release(namespace, skipCrds=None, timeout=None, compat=None)
    assert engine.diff(found, wanted).changes == provider_pb2.DiffResponse.DIFF_NONE


def test_a_name_in_use_is_refused(engine: Engine, namespace: str) -> None:
    engine.create(RELEASE, release(namespace), "first")
    engine.create(RELEASE, release(namespace), "first")
    for preview in (True, False):
        with pytest.raises(Failed, match="the name is in use by a release that this resource has not made"):
            engine.create(RELEASE, release(namespace), "second", preview=preview)


def test_a_preview_before_its_namespace(engine: Engine) -> None:
    assert engine.create(RELEASE, release("not-yet"), preview=True).outputs["status"] is UNKNOWN
    with pytest.raises(Failed, match="Make the namespace not-yet first"):
        engine.create(RELEASE, release("not-yet"))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"chart": None}, "it names no chart"),
        ({"version": None}, "it names no version"),
        ({"version": "~11.1"}, r"version '~11\.1' is a range or moves"),
        ({"version": "latest"}, "is a range or moves"),
        ({"version": "11"}, "is a range or moves"),
        ({"devel": True}, "it makes the version move"),
        ({"name": None}, "names are not made up"),
        ({"name": "Velero_1"}, "is not of at most 53 characters"),
        ({"name": "v" * 54}, "is not of at most 53 characters"),
        ({"repositoryOpts": None}, "chart 'velero' has no repository"),
        ({"repositoryOpts": {"url": "https://x"}}, "there is no repositoryOpts.url"),
        ({"createNamespace": True}, "declare the namespace as a resource"),
        ({"valueYamlFiles": ["x"]}, "give the values themselves"),
        ({"atomic": "true"}, "atomic is 'true', neither true nor false"),
        ({"timeout": -1}, "no whole number"),
        ({"values": ["x"]}, "values is no mapping"),
        ({"skipCrd": True}, "there is no input skipCrd; there are .*skipCrds"),
    ],
)
def test_what_is_refused(engine: Engine, namespace: str, changes: Properties, why: str) -> None:
    with pytest.raises(Failed, match=why):
        engine.check(RELEASE, release(namespace, **changes))


def test_an_oci_chart_needs_no_repository(engine: Engine, namespace: str, region: Region) -> None:
    chart = "oci://public.ecr.aws/karpenter/velero"
    engine.create(RELEASE, release(namespace, chart=chart, repositoryOpts=None))
    assert payload(region, namespace, 1)["chart"]["metadata"]["name"] == "velero"
    assert payload(region, namespace, 1)["source"] == {"chart": chart, "repository": None}


def test_unknown_values_wait_for_the_update(engine: Engine, namespace: str) -> None:
    inputs = release(namespace, values={"bucket": UNKNOWN}, version=UNKNOWN)
    shown = engine.create(RELEASE, inputs, preview=True)
    assert shown.outputs["values"] == {"bucket": UNKNOWN}
