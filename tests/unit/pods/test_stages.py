"""KWOK's stages where pods answer by themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.pods.selection import KEY, VALUE
from sandbox.zones import stage_documents

TEMPLATE = """\
conditions:
- lastTransitionTime: {{ $now | Quote }}
  status: "True"
  type: Initialized
- lastTransitionTime: {{ $now | Quote }}
  status: "True"
  type: Ready
- lastTransitionTime: {{ $now | Quote }}
  status: "True"
  type: ContainersReady
containerStatuses:
- name: a
  ready: true
  restartCount: 0
initContainerStatuses:
- name: b
  ready: true
phase: Running
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Stages of the shape that KWOK's module has."""
    names = {
        "node/fast/node-initialize": "node-initialize",
        "node/heartbeat-with-lease/node-heartbeat-with-lease": "node-heartbeat-with-lease",
        "pod/fast/pod-ready": "pod-ready",
        "pod/fast/pod-complete": "pod-complete",
        "pod/fast/pod-delete": "pod-delete",
    }
    for path, name in names.items():
        file = tmp_path / f"{path}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        selector: dict[str, Any] = {"matchExpressions": [{"key": ".status.phase", "operator": "Exists"}]}
        spec = {"selector": selector, "next": {"statusTemplate": TEMPLATE}}
        file.write_text(yaml.safe_dump({"kind": "Stage", "metadata": {"name": name}, "spec": spec}))
    return tmp_path


def stages(folder: Path, *, probed: bool) -> dict[str, dict[str, Any]]:
    found = stage_documents(folder, probed=probed)
    return {document["metadata"]["name"]: document["spec"] for document in found}


def test_without_a_network_nothing_differs(folder: Path):
    plain = stages(folder, probed=False)
    assert "pod-started" not in plain
    assert not any(KEY in str(spec) for spec in plain.values())


def test_a_pod_that_answers_is_started_and_not_made_ready(folder: Path):
    probed = stages(folder, probed=True)
    others = {"key": KEY, "operator": "NotIn", "values": [VALUE]}
    ours = {"key": KEY, "operator": "In", "values": [VALUE]}
    for name in ("pod-ready", "pod-ready-again"):
        assert others in probed[name]["selector"]["matchExpressions"]
    started = probed["pod-started"]
    assert ours in started["selector"]["matchExpressions"]
    assert others not in started["selector"]["matchExpressions"]
    text = started["next"]["statusTemplate"].replace("{{ $now | Quote }}", "now")
    status = yaml.safe_load(text)
    assert {entry["type"]: entry["status"] for entry in status["conditions"]} == {
        "Initialized": "True",
        "Ready": "False",
        "ContainersReady": "False",
    }
    assert status["containerStatuses"] == [{"name": "a", "ready": False, "started": False, "restartCount": 0}]
    assert status["initContainerStatuses"] == [{"name": "b", "ready": True}]
    assert status["phase"] == "Running"
