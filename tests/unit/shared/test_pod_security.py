from __future__ import annotations

from components.shared.pod_security import restricted_container, restricted_pod


def test_a_pod_is_never_root_and_its_volumes_are_its_own_when_it_says_so() -> None:
    plain = {
        "runAsNonRoot": True,
        "runAsUser": 65532,
        "runAsGroup": 65532,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert restricted_pod(65532) == plain
    assert restricted_pod(65532, own_volumes=True) == {**plain, "fsGroup": 65532}


def test_a_container_gains_nothing_and_writes_nowhere_else() -> None:
    assert restricted_container() == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
