from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest

from sandbox.descheduler import settings
from sandbox.errors import SandboxError
from sandbox.releases import Release, decode, release_of


def _secret(document: Any) -> dict[str, Any]:
    packed = base64.b64encode(gzip.compress(json.dumps(document).encode()))
    return {
        "metadata": {"namespace": "kube-system", "name": "sh.helm.release.v1.descheduler.v2"},
        "data": {"release": base64.b64encode(packed).decode()},
    }


_POLICY = {
    "profiles": [
        {
            "name": "spread",
            "pluginConfig": [{"name": "RemovePodsViolatingTopologySpreadConstraint"}],
            "plugins": {"balance": {"enabled": ["RemovePodsViolatingTopologySpreadConstraint"]}},
        }
    ]
}


def _release(**values: Any) -> Release:
    document = {
        "name": "descheduler",
        "namespace": "kube-system",
        "version": 2,
        "info": {"status": "deployed"},
        "chart": {"metadata": {"name": "descheduler", "version": "0.36.0"}},
        "config": values,
    }
    release = release_of(_secret(document))
    assert release is not None
    return release


def test_a_release_is_read_as_helm_wrote_it():
    release = _release(kind="Deployment")
    assert (release.name, release.namespace, release.revision) == ("descheduler", "kube-system", 2)
    assert (release.chart, release.chart_version, release.status) == ("descheduler", "0.36.0", "deployed")
    assert release.values == {"kind": "Deployment"}


@pytest.mark.parametrize("data", ["", "bm90IGhlbG0=", base64.b64encode(b"\x1f\x8bbroken").decode()])
def test_what_is_no_release_is_no_release(data: str):
    with pytest.raises((ValueError, TypeError)):
        decode(data)
    assert release_of({"metadata": {"namespace": "x", "name": "y"}, "data": {"release": data}}) is None


def test_the_policy_is_the_release_s_own():
    found = settings(_release(kind="Deployment", deschedulingInterval="30s", deschedulerPolicy=_POLICY))
    assert found.interval == "30s"
    assert found.policy == {
        "apiVersion": "descheduler/v1alpha2",
        "kind": "DeschedulerPolicy",
        "profiles": _POLICY["profiles"],
    }


def test_the_chart_s_defaults_hold_where_the_release_says_nothing():
    with pytest.raises(SandboxError, match="as a CronJob"):
        settings(_release(deschedulerPolicy=_POLICY))
    assert settings(_release(kind="Deployment", deschedulerPolicy=_POLICY)).interval == "5m"


def test_a_release_without_profiles_is_an_error():
    with pytest.raises(SandboxError, match="no deschedulerPolicy with profiles"):
        settings(_release(kind="Deployment"))
