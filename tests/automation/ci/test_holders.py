"""The list of what holds data, against the stacks as they are and the policy that protects data."""

from __future__ import annotations

from automation.ci.data import HOLDERS
from policy.promises.rules import data_protected
from tests.unit.conventions.source import ROOT


def test_whatever_the_policy_protects_is_called_out_too() -> None:
    protected = data_protected._HOLDERS  # pyright: ignore[reportPrivateUsage]
    assert set(protected) <= set(HOLDERS)


def test_the_stacks_own_holders_are_all_of_them_known_by_type() -> None:
    lines = (ROOT / "tests/program/golden/us-east.txt").read_text().splitlines()
    types = {line.partition("::")[0].rpartition("$")[2] for line in lines}
    assert types & set(HOLDERS) == {
        "aws:s3/bucket:Bucket",
        "aws:kms/key:Key",
        "aws:eks/cluster:Cluster",
        "aws:cloudwatch/logGroup:LogGroup",
        "gcp:storage/bucket:Bucket",
        "kubernetes:core/v1:Namespace",
        "kubernetes:core/v1:PersistentVolume",
        "kubernetes:core/v1:PersistentVolumeClaim",
        "kubernetes:velero.io/v1:BackupStorageLocation",
    }
