"""What a kubelet says of a pod, and how faults are read."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.errors import SandboxError
from sandbox.pods.faults import NONE, Fault, Faults
from sandbox.pods.status import Health, patch, said

READY = Health(ready=True, started=True, restarts=0)
STARTING = Health(ready=False, started=False, restarts=0)


def pod(ready: str = "False", containers: str = "False", *, started: bool = False) -> dict[str, Any]:
    entry = {
        "name": "inference",
        "image": "i",
        "ready": containers == "True",
        "started": started,
        "restartCount": 0,
        "state": {"running": {"startedAt": "then"}},
    }
    conditions = [
        {"type": "Initialized", "status": "True"},
        {"type": "Ready", "status": ready, "lastTransitionTime": "then"},
        {"type": "ContainersReady", "status": containers, "lastTransitionTime": "then"},
    ]
    return {
        "metadata": {"name": "p", "uid": "u"},
        "status": {"conditions": conditions, "containerStatuses": [entry]},
    }


def test_a_pod_becomes_ready():
    assert said(pod()) == STARTING
    written = patch(pod(), READY, "now")
    assert written["metadata"] == {"uid": "u"}
    assert [(c["type"], c["status"], c["lastTransitionTime"]) for c in written["status"]["conditions"]] == [
        ("Ready", "True", "now"),
        ("ContainersReady", "True", "now"),
    ]
    entry = written["status"]["containerStatuses"][0]
    assert (entry["ready"], entry["started"], entry["image"]) == (True, True, "i")
    assert entry["state"] == {"running": {"startedAt": "then"}}


def test_a_pod_that_others_marked_unready_is_written_anew():
    assert said(pod("False", "True", started=True)) is None
    assert said(pod("True", "True", started=True)) == READY


def test_a_restart_is_counted_and_says_why_it_is_unready():
    written = patch(pod("True", "True", started=True), Health(ready=False, started=False, restarts=1), "now")
    entry = written["status"]["containerStatuses"][0]
    assert (entry["restartCount"], entry["state"]) == (1, {"running": {"startedAt": "now"}})
    assert written["status"]["conditions"][0]["reason"] == "ContainersNotReady"
    assert written["status"]["conditions"][0]["message"] == "containers with unready status: [inference]"


def test_faults_by_name_and_for_all():
    faults = Faults.parse('{"pods": {"a": {"dead": true}, "*": {"error_rate": 0.5}}}')
    assert faults.of("a") == Fault(dead=True)
    assert faults.of("b") == Fault(error_rate=0.5)
    assert Faults.parse('{"pods": {}}').of("b") == NONE


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pods": {"a": {"slow": 1}}}', '{"pods": {"a": 1}}'])
def test_what_is_no_faults_is_refused(text: str):
    with pytest.raises(SandboxError, match="no faults of pods"):
        Faults.parse(text)
