"""The tarball of a backup."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

import pytest

from sandbox.backups.archive import Item, packed, unpacked

AT = 1_767_268_800.0
CLAIM: dict[str, Any] = {"kind": "PersistentVolumeClaim", "metadata": {"name": "data", "namespace": "mlflow"}}
VOLUME: dict[str, Any] = {"kind": "PersistentVolume", "metadata": {"name": "pv-1"}}
ROLE: dict[str, Any] = {"kind": "Role", "metadata": {"name": "reader", "namespace": "mlflow"}}
ITEMS = (
    Item(resource="persistentvolumeclaims", version="v1", document=CLAIM),
    Item(resource="persistentvolumes", version="v1", document=VOLUME),
    Item(resource="roles.rbac.authorization.k8s.io", version="v1", document=ROLE),
)


def test_every_object_is_where_a_restore_looks_for_it() -> None:
    with tarfile.open(None, "r:gz", io.BytesIO(packed(ITEMS, AT))) as tar:
        assert set(tar.getnames()) == {
            "metadata/version",
            "resources/persistentvolumeclaims/namespaces/mlflow/data.json",
            "resources/persistentvolumeclaims/v1-preferredversion/namespaces/mlflow/data.json",
            "resources/persistentvolumes/cluster/pv-1.json",
            "resources/persistentvolumes/v1-preferredversion/cluster/pv-1.json",
            "resources/roles.rbac.authorization.k8s.io/namespaces/mlflow/reader.json",
            "resources/roles.rbac.authorization.k8s.io/v1-preferredversion/namespaces/mlflow/reader.json",
        }
        version = tar.extractfile("metadata/version")
        assert version is not None
        assert version.read() == b"1.1.0\n"
        for name in tar.getnames():
            if name.endswith("data.json"):
                claim = tar.extractfile(name)
                assert claim is not None
                assert json.load(claim) == CLAIM


def test_what_is_packed_comes_out_again() -> None:
    assert unpacked(packed(ITEMS, AT)) == {
        "resources/persistentvolumeclaims/namespaces/mlflow/data.json": CLAIM,
        "resources/persistentvolumes/cluster/pv-1.json": VOLUME,
        "resources/roles.rbac.authorization.k8s.io/namespaces/mlflow/reader.json": ROLE,
    }
    assert unpacked(packed((), AT)) == {}


def test_the_same_objects_at_the_same_time_are_the_same_bytes() -> None:
    assert packed(ITEMS, AT) == packed(ITEMS, AT)


@pytest.mark.parametrize("left", [0, 10, 200])
def test_a_tarball_that_was_cut_short_is_not_whole(left: int) -> None:
    with pytest.raises(ValueError, match="not whole"):
        unpacked(packed(ITEMS, AT)[:left])


def test_something_else_is_no_tarball() -> None:
    with pytest.raises(ValueError, match="not whole"):
        unpacked(b"not a tarball at all")
    target = io.BytesIO()
    tarfile.open(None, "w:gz", target).close()
    with pytest.raises(ValueError, match="names no version"):
        unpacked(target.getvalue())
